//! The public items in rustdoc's JSON, one line each.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::camino::Utf8Path;
use public_api::Builder;
use serde_json::Value;

/// The version of the JSON that is read here: that of Rust 1.95. It changes every few releases.
const FORMAT: u64 = 57;

/// Traits that `derive` and the compiler implement beside the one that was meant; nobody can name them.
const INTERNAL: [&str; 2] = ["core::clone::TrivialClone", "core::marker::StructuralPartialEq"];

/// What no type should lose unnoticed, though nobody writes it.
const AUTO: [&str; 3] = [
    "!core::marker::Send for ",
    "!core::marker::Sync for ",
    "!core::marker::Unpin for ",
];

/// Around the answer of a function that `#[async_trait]` wrote.
const FUTURE: (&str, &str) = (
    "core::pin::Pin<alloc::boxed::Box<(dyn core::future::future::Future<Output = ",
    "> + core::marker::Send + 'async_trait)>>",
);

/// Ends the line of a trait's function that has a body: an implementor need not write it.
pub(super) const PROVIDED: &str = " { … }";

/// Ends the line of a struct with private fields: nobody else can build it.
pub(super) const SEALED: &str = " { .. }";

/// The lines, in the order in which the items belong together: no blanket implementations, no functions of derived
/// implementations, and of `Send` and its like only where they do not hold.
pub(super) fn of(path: &Utf8Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
    let json: Value = serde_json::from_str(&text).with_context(|| format!("reading {path}"))?;
    let format = json.get("format_version").and_then(Value::as_u64);
    ensure!(
        format == Some(FORMAT),
        "rustdoc of this toolchain writes its JSON in version {}, and {FORMAT} is read: take the toolchain of the manifest's \
         rust-version, as in `RUSTUP_TOOLCHAIN=1.95 cargo xtask public-api`",
        format.unwrap_or_default()
    );
    let (provided, sealed) = (provided(&json), sealed(&json));
    let all = lines(path, Builder::omit_blanket_impls)?;
    let written: BTreeSet<String> = lines(path, |builder, yes| {
        let builder = builder.omit_blanket_impls(yes).omit_auto_trait_impls(yes);
        builder.omit_auto_derived_impls(yes)
    })?
    .into_iter()
    .collect();
    let without_auto: BTreeSet<String> = lines(path, |builder, yes| {
        builder.omit_blanket_impls(yes).omit_auto_trait_impls(yes)
    })?
    .into_iter()
    .collect();
    let is_told = |line: &String| {
        if written.contains(line) {
            return true;
        }
        let derived = line.starts_with("impl") && without_auto.contains(line);
        let internal = INTERNAL.iter().any(|name| line.contains(&format!("{name} for ")));
        let lost = line.starts_with("impl") && AUTO.iter().any(|name| line.contains(name));
        (derived && !internal) || lost
    };
    Ok(all
        .into_iter()
        .filter(is_told)
        .map(|line| {
            let end = match &line {
                line if is_provided(line, &provided) => PROVIDED,
                line if is_sealed(line, &sealed) => SEALED,
                _ => "",
            };
            as_written(&line).unwrap_or(line) + end
        })
        .collect())
}

fn lines(path: &Utf8Path, omit: impl Fn(Builder, bool) -> Builder) -> Result<Vec<String>> {
    let api = omit(Builder::from_rustdoc_json(path), true).build();
    let api = api.with_context(|| format!("reading {path}"))?;
    Ok(api.items().map(ToString::to_string).collect())
}

/// `Trait::function` for each function of a trait that has a body.
fn provided(json: &Value) -> BTreeSet<String> {
    let Some(index) = json.get("index").and_then(Value::as_object) else {
        return BTreeSet::new();
    };
    let mut found = BTreeSet::new();
    for item in index.values() {
        let (Some(name), Some(items)) = (item["name"].as_str(), item["inner"]["trait"]["items"].as_array()) else {
            continue;
        };
        for id in items.iter().filter_map(Value::as_u64) {
            let function = &index[&id.to_string()];
            if function["inner"]["function"]["has_body"] == Value::Bool(true) {
                found.extend(function["name"].as_str().map(|function| format!("{name}::{function}")));
            }
        }
    }
    found
}

/// The name of each struct with fields that are not shown.
fn sealed(json: &Value) -> BTreeSet<String> {
    let items = json.get("index").and_then(Value::as_object).into_iter().flatten();
    items
        .filter(|(_, item)| item["inner"]["struct"]["kind"]["plain"]["has_stripped_fields"] == Value::Bool(true))
        .filter_map(|(_, item)| item["name"].as_str().map(str::to_owned))
        .collect()
}

fn is_sealed(line: &str, sealed: &BTreeSet<String>) -> bool {
    let path = line.rsplit_once("pub struct ").map(|(_, path)| path);
    let name = path.and_then(|path| path.split('<').next()?.rsplit("::").next());
    name.is_some_and(|name| sealed.contains(name))
}

/// A function under `#[async_trait]` as it stands in the code, which is a third as long.
pub(super) fn as_written(line: &str) -> Option<String> {
    let (head, rest) = line.split_once(FUTURE.0)?;
    let (answer, bounds) = rest.split_once(FUTURE.1)?;
    let (path, generics) = head.strip_prefix("pub fn ")?.split_once('<')?;
    let (_, arguments) = generics.split_once("'async_trait>")?;
    let bounds = bounds.strip_prefix(" where ").unwrap_or_default();
    let bounds: Vec<&str> = bounds
        .split(", ")
        .filter(|bound| !bound.is_empty() && !bound.contains("'async_trait"))
        .collect();
    let bounds = if bounds.is_empty() {
        String::new()
    } else {
        format!(" where {}", bounds.join(", "))
    };
    let arguments = without_lifetimes(arguments);
    Some(format!("#[async_trait] pub async fn {path}{arguments}{answer}{bounds}"))
}

/// The text without the lifetimes that the macro numbers: `&'life0 self` is `&self`.
fn without_lifetimes(text: &str) -> String {
    let mut pieces = text.split("&'life");
    let mut left = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, named) = piece.split_once(' ').unwrap_or_default();
        left.push('&');
        left.push_str(named);
    }
    left
}

fn is_provided(line: &str, provided: &BTreeSet<String>) -> bool {
    let Some(path) = line
        .strip_prefix("pub fn ")
        .and_then(|rest| rest.split(['(', '<']).next())
    else {
        return false;
    };
    let mut parts = path.rsplit("::");
    let (Some(function), Some(parent)) = (parts.next(), parts.next()) else {
        return false;
    };
    provided.contains(&format!("{parent}::{function}"))
}
