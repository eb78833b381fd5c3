//! What one snapshot has and another has not, and what that is to those who use the crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::items::{PROVIDED, SEALED};

/// The words before an item's path.
const KEYWORDS: [&str; 13] = [
    "pub", "const", "async", "unsafe", "fn", "struct", "enum", "trait", "union", "type", "mod", "static", "use",
];

/// Every line of the difference, and the versions that the two snapshots are of.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// As in the snapshot that is kept.
    released: String,
    /// As in the manifest.
    current: String,
    removed: Vec<String>,
    added: Vec<Addition>,
}

#[derive(Debug)]
struct Addition {
    line: String,
    /// Why others' code may no longer compile.
    breaks: Option<&'static str>,
}

impl Difference {
    pub(super) fn between(kept: &str, found: &str) -> Self {
        let (released, old) = split(kept);
        let (current, new) = split(found);
        let has: BTreeSet<&str> = old.iter().copied().collect();
        let has_now: BTreeSet<&str> = new.iter().copied().collect();
        let items = Items::new(&old);
        let added = new.iter().filter(|line| !has.contains(*line));
        let removed = old.iter().filter(|line| !has_now.contains(*line));
        Self {
            released: released.to_owned(),
            current: current.to_owned(),
            removed: removed.map(|line| (*line).to_owned()).collect(),
            added: added
                .map(|line| Addition {
                    line: (*line).to_owned(),
                    breaks: items.broken_by(line),
                })
                .collect(),
        }
    }

    fn is_breaking(&self) -> bool {
        !self.removed.is_empty() || self.added.iter().any(|addition| addition.breaks.is_some())
    }

    /// What has to become of the version (Semantic Versioning as Cargo reads it: before 1.0 the second number).
    pub(super) fn advice(&self) -> String {
        let numbers = |version: &str| -> Vec<u64> { version.split('.').filter_map(|part| part.parse().ok()).collect() };
        let (released, current) = (numbers(&self.released), numbers(&self.current));
        let ([major, minor, patch], [..]) = (released.as_slice(), current.as_slice()) else {
            return format!("{} public items, none of them known before", self.added.len());
        };
        let (what, wanted) = match (self.is_breaking(), *major) {
            (true, 0) => ("a breaking change", [0, minor + 1, 0]),
            (true, major) => ("a breaking change", [major + 1, 0, 0]),
            (false, 0) => ("an addition", [0, *minor, patch + 1]),
            (false, major) => ("an addition", [major, minor + 1, 0]),
        };
        if self.removed.is_empty() && self.added.is_empty() {
            return format!("the version went from {} to {}", self.released, self.current);
        }
        if current.as_slice() >= wanted.as_slice() {
            return format!("{what}; the version has been raised to {}", self.current);
        }
        let wanted = wanted.map(|number| number.to_string()).join(".");
        format!(
            "{what}: raise the version to {wanted} if {} has been released",
            self.released
        )
    }
}

/// The version in the first line, and the items in the others.
fn split(snapshot: &str) -> (&str, Vec<&str>) {
    let mut lines = snapshot.lines();
    let version = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .map_or("", |(_, version)| version);
    (version, lines.filter(|line| !line.is_empty()).collect())
}

/// What adding to an item means depends on what it is.
struct Items<'a> {
    kinds: BTreeMap<&'a str, &'a str>,
    /// Structs that everybody can build, since they show a field.
    open: BTreeSet<&'a str>,
}

impl<'a> Items<'a> {
    fn new(lines: &[&'a str]) -> Self {
        let mut items = Self {
            kinds: BTreeMap::new(),
            open: BTreeSet::new(),
        };
        for line in lines {
            let Some((kind, path)) = item(line) else { continue };
            if !line.starts_with("#[non_exhaustive]") && !line.ends_with(SEALED) {
                items.kinds.insert(path, kind);
            }
            if let (Some((parent, _)), "pub") = (path.rsplit_once("::"), kind) {
                items.open.insert(parent);
            }
        }
        items
    }

    fn broken_by(&self, line: &str) -> Option<&'static str> {
        if line.starts_with("impl") {
            return line.contains('!').then_some("it was so before");
        }
        let (kind, path) = item(line)?;
        let (parent, _) = path.rsplit_once("::")?;
        match (self.kinds.get(parent).copied()?, kind) {
            ("enum", "pub") => Some("whoever matches on the enum must name it"),
            ("struct" | "union", "pub") if self.open.contains(parent) => Some("whoever builds the struct must give it"),
            ("trait", _) if !line.ends_with(PROVIDED) => Some("whoever implements the trait must write it"),
            _ => None,
        }
    }
}

/// The last keyword of a line and the path it is about; a field or variant has no keyword but `pub`.
fn item(line: &str) -> Option<(&str, &str)> {
    let mut rest = line;
    while let Some(attribute) = rest.strip_prefix("#[") {
        rest = attribute.split_once("] ")?.1;
    }
    let mut kind = None;
    while let Some((word, after)) = rest.split_once(' ')
        && KEYWORDS.contains(&word)
    {
        (kind, rest) = (Some(word), after);
    }
    // `::` is part of a path, `:` ends one.
    let end = rest
        .char_indices()
        .find(|(at, character)| match character {
            ':' => !rest[*at..].starts_with("::") && !rest[..*at].ends_with(':'),
            other => !other.is_alphanumeric() && *other != '_',
        })
        .map_or(rest.len(), |(at, _)| at);
    Some((kind?, rest.get(..end)?))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.removed {
            writeln!(f, "  - {line}\n      breaking: it is gone, or another")?;
        }
        for Addition { line, breaks } in &self.added {
            writeln!(f, "  + {line}")?;
            if let Some(reason) = breaks {
                writeln!(f, "      breaking: {reason}")?;
            }
        }
        write!(f, "  {}", self.advice())
    }
}
