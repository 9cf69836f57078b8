//! The configuration as people read it: with origins, and as a commented file.

use super::{
    key::{KEYS, Key, Kind},
    layers::{Setting, Settings, Value},
};

/// One line a key: `name = value  # origin`. Secrets are masked.
pub fn show(settings: &Settings) -> String {
    let line = |setting: &Setting| {
        let shown = match &setting.value {
            None => "(not set)".to_owned(),
            Some(_) if setting.key.secret => "(secret)".to_owned(),
            Some(value) => toml_form(value),
        };
        format!("{} = {shown}  # {}\n", setting.key.name, setting.origin)
    };
    settings.0.iter().map(line).collect::<Vec<_>>().concat()
}

/// A configuration file that explains every key. Values given are written, all others are left commented
/// out at their default.
pub fn commented_file(values: &[(&str, Value)]) -> String {
    let head = "# devportal configuration. A flag beats an environment variable (PORTAL_SECTION__KEY), which beats\n\
                # this file, which beats the default. Keys left commented out have the value shown.\n";
    let mut section = "";
    let entries = KEYS.iter().map(|key| {
        let gap = if key.section() == section { String::new() } else { format!("\n[{}]", key.section()) };
        section = key.section();
        let given = values.iter().find(|(name, _)| *name == key.name).map(|(_, value)| toml_form(value));
        let line = match given {
            Some(value) => format!("{} = {value}", key.leaf()),
            None => format!("#{} = {}", key.leaf(), default_form(key)),
        };
        format!("{gap}\n# {}{}\n{line}\n", key.doc, expectation(key))
    });
    head.to_owned() + &entries.collect::<Vec<_>>().concat()
}

fn expectation(key: &Key) -> String {
    let form = match key.kind {
        Kind::Text | Kind::List => String::new(),
        Kind::Integer { min, max } => format!(" ({min} to {max})"),
        Kind::Choice(words) => format!(" (one of {})", words.join(", ")),
    };
    let file = if key.secret {
        format!("; or {}_file with the path of a file that holds it", key.leaf())
    } else {
        String::new()
    };
    form + &file
}

fn default_form(key: &Key) -> String {
    match (key.kind, key.default) {
        (_, None) => "\"\"".to_owned(),
        (Kind::Integer { .. }, Some(text)) => text.to_owned(),
        (Kind::List, Some(text)) => toml_form(&Value::List(
            text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        )),
        (Kind::Text | Kind::Choice(_), Some(text)) => toml_form(&Value::Text(text.to_owned())),
    }
}

/// The keys as a table of the README.
#[cfg(test)]
pub(super) fn markdown_table() -> String {
    let row = |key: &Key| {
        let default = key.default.map_or_else(String::new, |_| format!("`{}`", default_form(key)));
        format!("| `{}` | {default} | {} |\n", key.name, key.doc)
    };
    let head = "| key | default | what it is |\n|---|---|---|\n";
    head.to_owned() + &KEYS.iter().map(row).collect::<Vec<_>>().concat()
}

fn toml_form(value: &Value) -> String {
    match value {
        Value::Text(text) => toml::Value::String(text.clone()).to_string(),
        Value::Integer(number) => number.to_string(),
        Value::List(list) => toml::Value::from(list.clone()).to_string(),
    }
}
