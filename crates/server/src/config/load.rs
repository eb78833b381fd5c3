use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
};

use ::config::{Config as Merged, ConfigError, File, FileFormat, Value, ValueKind};
use serde_json::Value as Json;

use super::{
    Config, Problems,
    known::{PREFIX, almost_variable, flatten, is_open, key_of_variable, known, nearest, variable},
};
use crate::text;

/// The file that is read when it exists and no other is named.
const DEFAULT_FILE: &str = "informer-oauth.toml";

/// A value given by a flag.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// The key it sets.
    pub(crate) key: &'static str,
    /// What the flag is called, with its dashes.
    pub(crate) name: &'static str,
    /// What it was given.
    pub(crate) value: String,
}

/// Where values come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// The folder in which the default file is looked for.
    pub(crate) folder: PathBuf,
    /// The environment; only variables with the prefix count.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Flags.
    pub(crate) flags: Vec<Flag>,
}

/// Where one value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// The file.
    File(PathBuf),
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "env {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A configuration that is fit to use.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The values.
    pub(crate) config: Config,
    /// Where each known key's value came from.
    pub(crate) origins: BTreeMap<String, Origin>,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// Environment variables that are ignored and were probably meant as settings.
    pub(crate) warnings: Vec<String>,
}

/// Reads every source, refuses keys that do not exist, merges, and validates.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, Problems> {
    let known = known();
    let mut origins: BTreeMap<String, Origin> = known.keys().map(|key| (key.clone(), Origin::Default)).collect();
    let mut problems = Problems::default();
    let mut builder = Merged::builder();
    let mut warnings = Vec::new();

    let file = sources.file.clone().or_else(|| {
        let default = sources.folder.join(DEFAULT_FILE);
        default.is_file().then_some(default)
    });
    if let Some(path) = &file {
        let source = read_file(path)?;
        for key in flatten(&source).keys() {
            let key = leaf(key, &known);
            if is_open(key) {
                origins.insert(key.to_owned(), Origin::Default);
            }
            match origins.get_mut(key) {
                Some(origin) => *origin = Origin::File(path.clone()),
                None => problems.add_sentence(format!("{}: {}", path.display(), unknown(key, &known, str::to_owned))),
            }
        }
        builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
    }
    for (name, value) in &sources.environment {
        let name = name.to_string_lossy();
        let Some(rest) = name.strip_prefix(PREFIX) else {
            if let Some(meant) = almost_variable(&name, known.keys()) {
                warnings.push(format!("{name} is ignored; did you mean {meant}?"));
            }
            continue;
        };
        let key = key_of_variable(rest);
        if is_open(&key) {
            origins.entry(key.clone()).or_insert(Origin::Default);
        }
        let (key, value) = match key.strip_suffix("_file") {
            Some(short) if !known.contains_key(&key) && known.contains_key(short) => match read_value(Path::new(value))
            {
                Ok(text) => (short.to_owned(), text),
                Err(error) => {
                    problems.add_sentence(format!("{name}: {}: {error}", Path::new(value).display()));
                    continue;
                }
            },
            _ => (key, value.to_string_lossy().into_owned()),
        };
        let Some(origin) = origins.get_mut(&key) else {
            problems.add_sentence(format!("{name}: {}", unknown(&key, &known, variable)));
            continue;
        };
        if let Origin::Environment(other) = origin {
            problems.add_sentence(format!("{name}: is set, and so is {other}: use one of them"));
            continue;
        }
        *origin = Origin::Environment(name.clone().into_owned());
        let value = read_text(&name, &value, known.get(&key));
        builder = builder.set_override(&key, value).map_err(|error| say(&error))?;
    }
    for flag in &sources.flags {
        origins.insert(flag.key.to_owned(), Origin::Flag(flag.name));
        let value = read_text(flag.name, &flag.value, known.get(flag.key));
        builder = builder.set_override(flag.key, value).map_err(|error| say(&error))?;
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let config: Config = builder
        .build()
        .and_then(Merged::try_deserialize)
        .map_err(|error| say(&error))?;
    let problems = config.validate();
    if problems.is_empty() {
        Ok(Loaded {
            config,
            origins,
            file,
            warnings,
        })
    } else {
        Err(problems)
    }
}

fn say(error: &ConfigError) -> Problems {
    Problems::one(error.to_string())
}

/// Reads a file for its keys. What is wrong with it is said without quoting it: the line may hold a secret.
fn read_file(path: &Path) -> Result<Json, Problems> {
    let failed = |message: &dyn fmt::Display| Problems::one(format!("{}: {message}", path.display()));
    let text = text::read(path).map_err(|error| failed(&error))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        failed(&format_args!("line {line}: {}", error.message()))
    })
}

/// A value that stands in a file of its own, as platforms mount secrets: neither the environment nor what describes it then
/// has it. The end of its last line is not part of it.
fn read_value(path: &Path) -> io::Result<String> {
    let mut text = text::read(path)?;
    if text.ends_with('\n') {
        text.pop();
    }
    if text.ends_with('\r') {
        text.pop();
    }
    Ok(text)
}

/// Below a list there are no keys of ours: its place says where the list ends.
fn leaf<'k>(key: &'k str, known: &BTreeMap<String, Json>) -> &'k str {
    known
        .keys()
        .find(|known| {
            key.strip_prefix(known.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
        })
        .map_or(key, |known| &key[..known.len()])
}

fn unknown(key: &str, known: &BTreeMap<String, Json>, spell: impl Fn(&str) -> String) -> String {
    if known
        .keys()
        .any(|known| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
    {
        return format!("{} is a section, not a setting", spell(key));
    }
    match nearest(key, known.keys()) {
        Some(nearest) => format!("there is no setting {}; did you mean {}?", spell(key), spell(nearest)),
        None => format!("there is no setting {}", spell(key)),
    }
}

/// A text from the environment or a flag. Where a list is wanted, it is JSON or separated by commas; an empty text is
/// an empty list. Everything else is left to the type that is wanted, so that a password of digits stays one.
fn read_text(origin: &str, text: &str, default: Option<&Json>) -> Value {
    let origin = origin.to_owned();
    let new = |kind: ValueKind| Value::new(Some(&origin), kind);
    if !matches!(default, Some(Json::Array(_))) {
        return new(ValueKind::String(text.to_owned()));
    }
    if let Ok(Json::Array(items)) = serde_json::from_str(text) {
        return new(ValueKind::Array(
            items.into_iter().map(|item| from_json(&origin, item)).collect(),
        ));
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    new(ValueKind::Array(
        items.map(|item| new(ValueKind::String(item.to_owned()))).collect(),
    ))
}

fn from_json(origin: &String, json: Json) -> Value {
    let kind = match json {
        Json::Null => ValueKind::Nil,
        Json::Bool(value) => ValueKind::Boolean(value),
        Json::Number(value) => match value.as_i64() {
            Some(value) => ValueKind::I64(value),
            None => ValueKind::Float(value.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(value) => ValueKind::String(value),
        Json::Array(items) => ValueKind::Array(items.into_iter().map(|item| from_json(origin, item)).collect()),
        Json::Object(fields) => ValueKind::Table(
            fields
                .into_iter()
                .map(|(name, value)| (name, from_json(origin, value)))
                .collect(),
        ),
    };
    Value::new(Some(origin), kind)
}
