//! Registration files: our own format (the body of `POST /v1/integrations`) and the layout of public
//! records (`vendor`, `product`, `kind`, `domains`, …). What a record says is what is sent, faults
//! included; fields that have no place in our body are left out and named.

use serde_json::{Map, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Largest file in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most records of one run.
const RECORDS_MAX: usize = 5_000;

/// A registration to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What to call it in the transcript.
    pub label: String,
    /// The vendor, where the record names one; ours belongs to the production account.
    pub vendor: Option<String>,
    /// Body to send.
    pub body: Value,
    /// Fields that have no place in our body.
    pub left_out: Vec<String>,
}

/// Why registrations can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A file or folder.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not JSON.
    #[error("{} is not JSON", path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// More than is taken.
    #[error("{} holds too much: at most {FILE_BYTES_MAX} bytes a file and {RECORDS_MAX} records", path.display())]
    TooMuch {
        /// Which.
        path: PathBuf,
    },
    /// Nothing to register.
    #[error("{} holds no registration", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// Reads a file with one registration or an array of them, or every `.json` file of a folder by name.
pub fn read(path: &Path) -> Result<Vec<Record>, ManifestError> {
    let unreadable = |source| ManifestError::Read { path: path.to_owned(), source };
    let mut files = vec![path.to_owned()];
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        files = fs::read_dir(path)
            .and_then(|entries| {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
            })
            .map_err(unreadable)?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
    }
    let mut records = Vec::new();
    for file in files {
        records.extend(read_file(&file)?);
        if records.len() > RECORDS_MAX {
            return Err(ManifestError::TooMuch { path: path.to_owned() });
        }
    }
    if records.is_empty() {
        return Err(ManifestError::Empty { path: path.to_owned() });
    }
    Ok(records)
}

fn read_file(path: &Path) -> Result<Vec<Record>, ManifestError> {
    let unreadable = |source| ManifestError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(ManifestError::TooMuch { path: path.to_owned() });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let json = |source| ManifestError::Json { path: path.to_owned(), source };
    parse(&bytes).map_err(json)
}

/// Reads one registration or an array of them.
pub fn parse(bytes: &[u8]) -> Result<Vec<Record>, serde_json::Error> {
    let values = match serde_json::from_slice(bytes)? {
        Value::Array(values) => values,
        one => vec![one],
    };
    Ok(values.into_iter().enumerate().map(|(place, value)| record(value, place)).collect())
}

fn record(value: Value, place: usize) -> Record {
    match value {
        Value::Object(fields) if fields.contains_key("kind") || fields.contains_key("product") => {
            public_record(fields, place)
        }
        body => {
            let label = body.get("name").and_then(Value::as_str).map(str::to_owned);
            Record { label: label.unwrap_or_else(|| nth(place)), vendor: None, body, left_out: Vec::new() }
        }
    }
}

fn nth(place: usize) -> String {
    format!("record {}", place + 1)
}

/// Field of a public record → field of our body.
const TOP: &[(&str, &str)] = &[
    ("kind", "kinds"),
    ("description", "description"),
    ("domains", "hosts"),
    ("support_url", "support_url"),
];
const LTI: &[&str] = &[
    "login_initiation_url",
    "redirect_uris",
    "jwks_uri",
    "target_link_uri",
    "signing_alg",
    "custom_parameters",
    "placements",
    "messages",
    "scopes",
    "claims",
    "icon_url",
    "user_fields",
    "grade_service",
    "membership_service",
];
const REST: &[&str] = &[
    "entitlements",
    "privileges",
    "suggested_user",
    "suggested_role",
    "three_legged_oauth",
    "end_user_access",
    "act_as_user",
];

fn public_record(mut fields: Map<String, Value>, place: usize) -> Record {
    let vendor = fields.remove("vendor").and_then(|vendor| vendor.as_str().map(str::to_owned));
    let name = fields.remove("product").or_else(|| fields.remove("application_name_example"));
    let label = name.as_ref().and_then(Value::as_str).map_or_else(|| nth(place), str::to_owned);
    let mut body = Map::new();
    body.extend(name.map(|name| ("name".to_owned(), name)));
    for (theirs, ours) in TOP {
        body.extend(fields.remove(*theirs).map(|value| ((*ours).to_owned(), value)));
    }
    for (part, names) in [("lti", LTI), ("rest", REST)] {
        let said: Map<_, _> =
            names.iter().filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?))).collect();
        if !said.is_empty() {
            body.insert(part.to_owned(), said.into());
        }
    }
    let left_out = fields.into_iter().map(|(name, _)| name).collect();
    Record { label, vendor, body: body.into(), left_out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn our_own_format_is_sent_as_it_stands_unknown_fields_included() {
        let ours = json!({ "name": "Sudoku", "kinds": ["rest"], "colour": "red" });
        let records = parse(ours.to_string().as_bytes()).unwrap();
        assert_eq!(records[0].body, ours);
        assert_eq!((records[0].label.as_str(), records[0].left_out.len()), ("Sudoku", 0));
    }

    #[test]
    fn a_public_record_keeps_its_faults_and_names_what_has_no_place() {
        let theirs = json!([{
            "id": "x", "vendor": "V", "product": "P", "kind": ["rest", "lti11"], "source": "a guide",
            "domains": ["https://a.example/"], "jwks_uri": "http://a.example/{tenant}/jwks",
            "three_legged_oauth": true, "domains_by_region": { "EU": [] }
        }]);
        let record = parse(theirs.to_string().as_bytes()).unwrap().remove(0);
        let body = json!({
            "name": "P", "kinds": ["rest", "lti11"], "hosts": ["https://a.example/"],
            "lti": { "jwks_uri": "http://a.example/{tenant}/jwks" }, "rest": { "three_legged_oauth": true }
        });
        assert_eq!(record.body, body);
        assert_eq!(record.vendor.as_deref(), Some("V"));
        assert_eq!(record.left_out, ["domains_by_region", "id", "source"]);
    }

    #[test]
    fn what_is_no_object_is_sent_too_for_the_portal_to_refuse() {
        let records = parse(b"[7, \"x\"]").unwrap();
        assert_eq!((records[0].body.clone(), records[1].label.as_str()), (json!(7), "record 2"));
    }

    #[test]
    fn a_folder_is_read_file_by_file_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("b.json"), r#"[{"name":"B"},{"name":"C"}]"#).unwrap();
        fs::write(folder.path().join("a.json"), r#"{"name":"A"}"#).unwrap();
        fs::write(folder.path().join("notes.txt"), "not a registration").unwrap();
        let labels: Vec<_> = read(folder.path()).unwrap().into_iter().map(|record| record.label).collect();
        assert_eq!(labels, ["A", "B", "C"]);
    }

    #[test]
    fn an_empty_folder_a_missing_file_and_broken_json_are_told_by_path() {
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("x.json");
        assert!(matches!(read(folder.path()), Err(ManifestError::Empty { .. })));
        assert!(matches!(read(&broken), Err(ManifestError::Read { .. })));
        fs::write(&broken, "{").unwrap();
        assert!(matches!(read(&broken), Err(ManifestError::Json { .. })));
    }
}
