//! Layering: flag over environment over file over default, each value with its origin. Pure, except for
//! [`Sources::from_process`] and the reading of secret files.

use super::key::{self, KEYS, Key, Kind};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Every complaint about a configuration at once.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// Where values may come from.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    /// `(key, value)` as given on the command line.
    pub flags: Vec<(String, String)>,
    /// Variables that begin with `PORTAL_`.
    pub environment: Vec<(String, String)>,
    /// The configuration file: its path and content.
    pub file: Option<(PathBuf, String)>,
}

/// Which layer a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// This environment variable.
    Environment(String),
    /// This configuration file.
    File(PathBuf),
    /// The table of keys.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value of one of the kinds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text or choice.
    Text(String),
    /// List of texts.
    List(Vec<String>),
    /// Whole number.
    Integer(u64),
}

/// A value and where it comes from; no `Debug`, it may be a secret.
#[derive(Clone)]
pub struct Setting {
    /// Which key.
    pub key: &'static Key,
    /// Absent when nobody says anything and there is no default.
    pub value: Option<Value>,
    /// Which layer won.
    pub origin: Origin,
}

/// All settings, in the order of the table.
#[derive(Clone)]
pub struct Settings(pub Vec<Setting>);

/// A value as some layer gives it, before its kind is checked.
enum Raw {
    Text(String),
    List(Vec<String>),
    Integer(i64),
    Other,
}

/// What the layers say of each key, the strongest last.
type Given = BTreeMap<&'static str, (Raw, Origin)>;

impl Sources {
    /// The flags given, the process's environment, and the file named by `config` or `PORTAL_CONFIG`.
    pub fn from_process(config: Option<PathBuf>, flags: Vec<(String, String)>) -> Result<Self, ConfigError> {
        let mut environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with("PORTAL_"))
            .map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(ConfigError(vec![format!("{name} is not valid UTF-8")])),
            })
            .collect::<Result<_, _>>()?;
        environment.sort();
        let named = environment.iter().position(|(name, _)| name == "PORTAL_CONFIG");
        let named = named.map(|at| PathBuf::from(environment.remove(at).1));
        let file = match config.or(named) {
            None => None,
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Some((path, text)),
                Err(error) => {
                    return Err(ConfigError(vec![format!("cannot read {}: {error}", path.display())]));
                }
            },
        };
        Ok(Self { flags, environment, file })
    }
}

impl Settings {
    /// Lays the sources over each other. Unknown keys and values of the wrong kind are refused, all at once.
    pub fn resolve(sources: &Sources) -> Result<Self, ConfigError> {
        let mut complaints = Vec::new();
        let mut given = Given::new();
        if let Some((path, text)) = &sources.file {
            read_file_layer(path, text, &mut given, &mut complaints);
        }
        for (variable, value) in &sources.environment {
            read_variable(variable, value, &mut given, &mut complaints);
        }
        for (name, value) in &sources.flags {
            give(name, Raw::Text(value.clone()), Origin::Flag, &mut given, &mut complaints);
        }
        let settings = KEYS.iter().map(|key| settle(key, &mut given, &mut complaints)).collect();
        if complaints.is_empty() { Ok(Self(settings)) } else { Err(ConfigError(complaints)) }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|setting| setting.key.name == name)?.value.as_ref()
    }

    /// The text of a key, none when absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Integer(_) => None,
        }
    }

    /// The texts of a list key.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(Value::List(list)) => list.clone(),
            Some(Value::Text(_) | Value::Integer(_)) | None => Vec::new(),
        }
    }

    /// The number of an integer key; 0 when absent.
    pub fn integer(&self, name: &str) -> u64 {
        match self.value(name) {
            Some(Value::Integer(number)) => *number,
            Some(Value::Text(_) | Value::List(_)) | None => 0,
        }
    }
}

fn read_file_layer(path: &Path, text: &str, given: &mut Given, complaints: &mut Vec<String>) {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        // The parser's own message quotes the offending line, which may hold a secret.
        Err(error) => {
            let line =
                error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            complaints.push(format!("{} is not TOML: line {line}: {}", path.display(), error.message()));
            return;
        }
    };
    for (name, value) in table {
        match value {
            toml::Value::Table(section) => {
                for (leaf, value) in section {
                    read_entry(&format!("{name}.{leaf}"), value, path, given, complaints);
                }
            }
            value => read_entry(&name, value, path, given, complaints),
        }
    }
}

fn read_entry(name: &str, value: toml::Value, path: &Path, given: &mut Given, complaints: &mut Vec<String>) {
    let raw = match value {
        toml::Value::String(text) => Raw::Text(text),
        toml::Value::Integer(number) => Raw::Integer(number),
        toml::Value::Array(items) => items
            .into_iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map_or(Raw::Other, Raw::List),
        toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Table(_) => Raw::Other,
    };
    give(name, raw, Origin::File(path.to_owned()), given, complaints);
}

fn read_variable(variable: &str, value: &str, given: &mut Given, complaints: &mut Vec<String>) {
    let name = variable.trim_start_matches("PORTAL_").replace("__", ".").to_ascii_lowercase();
    let origin = Origin::Environment(variable.to_owned());
    give(&name, Raw::Text(value.to_owned()), origin, given, complaints);
}

/// Takes a value for a key, or for a secret key through the file that holds it (`…_file`).
fn give(name: &str, raw: Raw, origin: Origin, given: &mut Given, complaints: &mut Vec<String>) {
    let by_file = name.strip_suffix("_file").and_then(key::find).filter(|key| key.secret);
    let Some(key) = key::find(name).or(by_file) else {
        complaints.push(unknown(name, &origin));
        return;
    };
    let raw = match (by_file, raw) {
        (None, raw) => raw,
        (Some(_), Raw::Text(path)) => match std::fs::read_to_string(&path) {
            Ok(secret) => Raw::Text(secret.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                complaints.push(format!("cannot read {path}, the file of {}: {error}", key.name));
                return;
            }
        },
        (Some(_), _) => {
            complaints.push(format!("{name} ({origin}) must be the path of a file"));
            return;
        }
    };
    let layer = std::mem::discriminant(&origin);
    if let Some((_, former)) = given.insert(key.name, (raw, origin))
        && std::mem::discriminant(&former) == layer
        && key.secret
    {
        complaints.push(format!("{0} is given twice, as itself and as {0}_file; keep one", key.name));
    }
}

fn unknown(name: &str, origin: &Origin) -> String {
    let near = key::nearest(name, KEYS.iter().map(|key| key.name)).unwrap_or_default();
    match origin {
        Origin::Environment(variable) => {
            let near = key::find(near).map(Key::variable).unwrap_or_default();
            format!("unknown variable {variable}; the nearest known one is {near}")
        }
        Origin::Flag | Origin::File(_) | Origin::Default => {
            format!("unknown key {name} ({origin}); the nearest known one is {near}")
        }
    }
}

fn settle(key: &'static Key, given: &mut Given, complaints: &mut Vec<String>) -> Setting {
    let (raw, origin) = match given.remove(key.name) {
        Some((raw, origin)) => (Some(raw), origin),
        None => (key.default.map(|text| Raw::Text(text.to_owned())), Origin::Default),
    };
    let value = raw.and_then(|raw| match check(key.kind, raw) {
        Ok(value) => Some(value),
        Err(wanted) => {
            complaints.push(format!("{} ({origin}) must be {wanted}", key.name));
            None
        }
    });
    Setting { key, value, origin }
}

fn check(kind: Kind, raw: Raw) -> Result<Value, String> {
    match (kind, raw) {
        (Kind::Text, Raw::Text(text)) if !text.is_empty() && !text.contains(char::is_control) => {
            Ok(Value::Text(text))
        }
        (Kind::Text, _) => Err("a text that is not empty and has no control characters".to_owned()),
        (Kind::List, Raw::List(list)) => Ok(Value::List(list)),
        (Kind::List, Raw::Text(text)) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(Value::List(parts.map(str::to_owned).collect()))
        }
        (Kind::List, Raw::Integer(_) | Raw::Other) => Err("an array of texts".to_owned()),
        (Kind::Integer { min, max }, raw) => {
            let number = match raw {
                Raw::Integer(number) => u64::try_from(number).ok(),
                Raw::Text(text) => text.parse().ok(),
                Raw::List(_) | Raw::Other => None,
            };
            number
                .filter(|number| (min..=max).contains(number))
                .map(Value::Integer)
                .ok_or_else(|| format!("a whole number from {min} to {max}"))
        }
        (Kind::Choice(words), Raw::Text(text)) if words.contains(&text.as_str()) => Ok(Value::Text(text)),
        (Kind::Choice(words), Raw::Text(_) | Raw::List(_) | Raw::Integer(_) | Raw::Other) => {
            Err(format!("one of {}", words.join(", ")))
        }
    }
}
