//! Logs and exports written by earlier programs. The fixtures are never made anew: a later format adds its own.

use crate::given::{clock, copy_dir, everything, name, one, open_with};
use eventlog::{Hooks, Position, StreamVersion, check, export, import};
use std::fs;
use std::path::{Path, PathBuf};

const DIGEST: &str = "f080eadabe9cb4c242beb1069bc6f934f77685956cdfbafee8417ca3c2ba73fe";
const LOG_ID: &str = "45b7c772-336f-4c4a-935f-36cc6d51e0a4";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

#[tokio::test]
async fn a_directory_of_format_1_opens_with_every_byte_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    copy_dir(&fixture("format-1"), dir.path());
    let report = check(dir.path(), &clock()).unwrap();
    assert_eq!((report.digest.as_str(), report.events, report.first_bad), (DIGEST, 40, None));
    let log = open_with(dir.path(), Hooks::default()).await;
    assert_eq!(log.head().log_id.to_string(), LOG_ID);
    let all = everything(&log).await;
    assert_eq!(all[37].payload, vec![0xff; 9_000]);
    assert_eq!(all[0].event_type, "devgroup.created");
    assert_eq!(all[39].on_behalf_of.as_deref(), Some(""));
    assert_eq!(log.stream_version(&name("a-1")).await.unwrap(), StreamVersion(24));
    let mut out = Vec::new();
    export(&log, &mut out).await.unwrap();
    assert!(out == fs::read(fixture("format-1.jsonl")).unwrap(), "the export has changed");
    assert_eq!(log.append(one(99, "a-1", 24)).await.unwrap().first, Position(41));
}

#[tokio::test]
async fn an_export_of_format_1_is_imported_with_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let lines = fs::read(fixture("format-1.jsonl")).unwrap();
    let imported = import(&lines[..], dir.path(), &clock()).unwrap();
    assert_eq!((imported.digest.as_str(), imported.log_id.to_string().as_str()), (DIGEST, LOG_ID));
    assert_eq!(check(dir.path(), &clock()).unwrap().digest, DIGEST);
}
