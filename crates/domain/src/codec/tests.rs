//! What was written once is read for ever. `golden/` holds one payload for every (type, schema) that was
//! ever written, `golden/LOCK` the digest of each, so that none is edited or lost.

use super::CodecError;
use crate::{
    decider::StoredEvent,
    developer,
    samples::{StoredSample, stored_events},
    testing::updates_expectations,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Once,
};

const ADD: &str = "`UPDATE_EXPECT=1 cargo test -p domain golden` adds what is new, and changes nothing";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn file_name(stored_type: &str, schema: u16) -> String {
    format!("{stored_type}.v{schema}.json")
}

/// Golden file → payload, with what is new added first when that is asked for.
fn goldens() -> BTreeMap<String, Vec<u8>> {
    static ADDED: Once = Once::new();
    if updates_expectations() {
        ADDED.call_once(add_missing);
    }
    stored_goldens()
}

/// Golden file → payload, without the line's end.
fn stored_goldens() -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder()).expect("golden/ can be read");
    let paths = entries.map(|entry| entry.expect("an entry of golden/").path());
    let json = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| {
        let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
        let text = fs::read(&path).expect("a golden can be read");
        (name, text.strip_suffix(b"\n").expect("a golden is one line").to_vec())
    })
    .collect()
}

/// Golden file → digest at the time it was added.
fn lock() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("LOCK")).unwrap_or_default();
    let pairs = text.lines().map(|line| line.split_once("  ").expect("digest, two blanks, file"));
    pairs.map(|(digest, name)| (name.to_owned(), digest.to_owned())).collect()
}

fn digest(payload: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(payload))
}

/// Writes goldens of events that have none yet, and locks them.
fn add_missing() {
    for StoredSample { stored_type, schema, payload, .. } in stored_events() {
        let path = folder().join(file_name(stored_type, schema));
        if !path.exists() {
            fs::write(path, [payload.as_slice(), b"\n"].concat()).expect("a golden can be written");
        }
    }
    let mut lock = lock();
    for (name, payload) in stored_goldens() {
        lock.entry(name).or_insert_with(|| digest(&payload));
    }
    let lines: Vec<String> = lock.iter().map(|(name, digest)| format!("{digest}  {name}")).collect();
    fs::write(folder().join("LOCK"), lines.join("\n") + "\n").expect("the lock can be written");
}

#[test]
fn goldens_are_added_and_never_edited_or_removed() {
    let (goldens, lock) = (goldens(), lock());
    for (name, locked) in &lock {
        let golden = goldens.get(name).unwrap_or_else(|| panic!("{name} was shipped and must stay"));
        assert_eq!(
            &digest(golden),
            locked,
            "{name} was shipped: a changed shape is a new schema with an upcaster"
        );
    }
    for name in goldens.keys() {
        assert!(lock.contains_key(name), "{name} is not in golden/LOCK; {ADD}");
    }
}

#[test]
fn every_event_has_a_golden_of_the_schema_written_today() {
    let goldens = goldens();
    let samples = stored_events();
    for StoredSample { stored_type, schema, .. } in &samples {
        assert!(goldens.contains_key(&file_name(stored_type, *schema)), "{stored_type} has no golden; {ADD}");
    }
    let tried: BTreeSet<_> = samples.iter().map(|sample| (sample.stored_type, sample.schema)).collect();
    let written: BTreeSet<_> = written_today().into_iter().collect();
    assert_eq!(tried, written, "each event of each stream is sampled");
}

/// Every (type, schema) of every stream.
fn written_today() -> Vec<(&'static str, u16)> {
    [
        developer::Event::stored_types(),
        crate::devgroup::Event::stored_types(),
        crate::integration::Event::stored_types(),
        crate::staff::Event::stored_types(),
        crate::prodaccount::Event::stored_types(),
        crate::prodgroup::Event::stored_types(),
        crate::gateway::Event::stored_types(),
        crate::allowance::Event::stored_types(),
        crate::roster::Event::stored_types(),
        crate::usagewatch::Event::stored_types(),
        crate::claim::Event::stored_types(),
        crate::mail::Event::stored_types(),
    ]
    .concat()
}

#[test]
fn every_golden_is_read_by_todays_program_and_todays_are_written_again_byte_for_byte() {
    let samples = stored_events();
    for (name, golden) in goldens() {
        let (stored_type, schema) = type_and_schema(&name);
        let sample = samples.iter().find(|sample| sample.stored_type == stored_type);
        let StoredSample { schema: today, again, .. } =
            sample.unwrap_or_else(|| panic!("{name} is of no event"));
        let written = again(stored_type, schema, &golden).unwrap_or_else(|error| panic!("{name}: {error}"));
        if schema == *today {
            assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&golden), "{name}");
        }
    }
}

/// What a golden's name says it holds.
fn type_and_schema(name: &str) -> (&str, u16) {
    let stem = name.strip_suffix(".json").expect("a golden is JSON");
    let (stored_type, schema) = stem.rsplit_once(".v").expect("type, .v, schema");
    (stored_type, schema.parse().expect("a number"))
}

#[test]
fn every_type_is_named_by_its_category_and_a_fact_in_snake_case() {
    for (stored_type, schema) in written_today() {
        let (category, fact) = stored_type.split_once('.').expect("category, dot, fact");
        assert!(category.bytes().all(|b| b.is_ascii_lowercase()), "{stored_type}");
        assert!(fact.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{stored_type}");
        assert!(schema > 0, "{stored_type}");
    }
}

#[test]
fn every_sealed_field_names_its_subject_in_the_envelope() {
    let mut sealed_fields = 0;
    for StoredSample { stored_type, payload, subjects, .. } in stored_events() {
        let payload: Value = serde_json::from_slice(&payload).expect("a payload is JSON");
        let listed: BTreeSet<String> = subjects.iter().map(ToString::to_string).collect();
        let sealed = sealed_subjects(&payload);
        assert!(
            sealed.iter().all(|subject| listed.contains(subject)),
            "{stored_type}: {sealed:?} in {listed:?}"
        );
        sealed_fields += sealed.len();
    }
    assert!(sealed_fields > 0, "samples have sealed fields");
}

/// Subjects of the objects that have the shape of a sealed field.
fn sealed_subjects(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let is_sealed = fields.contains_key("nonce") && fields.contains_key("ciphertext");
            let own = fields.get("subject").and_then(Value::as_str).filter(|_| is_sealed).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(sealed_subjects)).collect()
        }
        Value::Array(items) => items.iter().flat_map(sealed_subjects).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn an_unknown_type_or_schema_is_named() {
    for (stored_type, schema) in [("developer.renamed", 1), ("developer.registered", 2), ("staff.left", 1)] {
        let error =
            developer::Event::decode(stored_type, schema, b"{}").expect_err("not an event of developers");
        assert_eq!(error.to_string(), format!("unknown event type {stored_type} schema {schema}"));
    }
}

#[test]
fn a_payload_that_does_not_fit_is_never_quoted() {
    let payloads = [
        &br#"{"group":"alice@secret.example","role":"owner"}"#[..],
        br#"{"group":17,"role":"alice@secret.example"}"#,
        br#""alice@secret.example""#,
        b"alice@secret.example",
        b"",
        b"\xff\xfe",
    ];
    for payload in payloads {
        let error =
            developer::Event::decode("developer.group_joined", 1, payload).expect_err("not a payload");
        let told = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(told.contains("developer.group_joined") && told.contains('1'), "{told}");
        assert!(!told.contains("alice") && !told.contains("secret"), "{told}");
        assert!(matches!(error, CodecError::Payload { .. }));
    }
}
