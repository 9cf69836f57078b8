//! Checking, exporting and importing a log.

use crate::given::{batch, clock, event, everything, name, one, open_with, part};
use eventlog::{
    EventLog, Expected, Hooks, ImportError, OpenError, StreamAppend, Transferred, check, export, import,
};
use std::path::Path;
use tempfile::TempDir;

/// A log with every kind of field: texts, bytes that are no text, long records, batches over streams.
async fn varied(dir: &Path) -> EventLog {
    let log = open_with(dir, Hooks::default()).await;
    for n in 0..12 {
        log.append(batch(n, vec![part("a-1", 2 * n as u64, 2), part(&format!("b-{n}"), 0, 1)]))
            .await
            .unwrap();
    }
    let payloads = ["\"quoted\" \\ \u{7}\u{1f600}".as_bytes().to_vec(), vec![0xff; 9_000], Vec::new()];
    let events = payloads.into_iter().map(event).collect();
    let append = StreamAppend { stream: name("c-1"), expected: Expected::NoStream, events };
    log.append(batch(50, vec![append])).await.unwrap();
    let mut bare = one(51, "c-1", 3);
    bare.envelope.fingerprint = None;
    bare.envelope.causation_id = None;
    bare.envelope.request_id = None;
    bare.envelope.reason = None;
    bare.envelope.on_behalf_of = Some(String::new());
    log.append(bare).await.unwrap();
    log
}

async fn exported() -> (TempDir, Transferred, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let log = varied(dir.path()).await;
    let mut out = Vec::new();
    let transferred = export(&log, &mut out).await.unwrap();
    log.close().await;
    let lines = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
    (dir, transferred, lines)
}

fn import_lines(lines: &[String], dir: &Path) -> Result<Transferred, ImportError> {
    import(format!("{}\n", lines.join("\n")).as_bytes(), dir, &clock())
}

#[tokio::test]
async fn a_log_comes_back_from_its_export_byte_for_byte() {
    let (dir, transferred, lines) = exported().await;
    let copy = tempfile::tempdir().unwrap();
    assert_eq!(lines.len() as u64, transferred.events + 2);
    assert_eq!(import_lines(&lines, copy.path()).unwrap(), transferred);
    let (original, imported) = (check(dir.path(), &clock()).unwrap(), check(copy.path(), &clock()).unwrap());
    assert_eq!(imported, original);
    assert_eq!(imported.digest, transferred.digest);
    assert_eq!((imported.events, imported.streams, imported.first_bad), (40, 14, None));
    let (log, copied) =
        (open_with(dir.path(), Hooks::default()).await, open_with(copy.path(), Hooks::default()).await);
    assert_eq!(copied.head(), log.head());
    assert_eq!(everything(&copied).await, everything(&log).await);
    let mut again = Vec::new();
    export(&copied, &mut again).await.unwrap();
    assert_eq!(String::from_utf8(again).unwrap().lines().collect::<Vec<_>>(), lines);
}

#[tokio::test]
async fn an_empty_log_is_exported_and_imported() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = open_with(dir.path(), Hooks::default()).await;
    let mut out = Vec::new();
    let transferred = export(&log, &mut out).await.unwrap();
    assert_eq!(import(&out[..], copy.path(), &clock()).unwrap(), transferred);
    assert_eq!(open_with(copy.path(), Hooks::default()).await.head(), log.head());
}

type Change = fn(&mut Vec<String>);

#[tokio::test]
async fn a_changed_export_is_refused_with_its_line_and_leaves_no_log() {
    let (_dir, _, lines) = exported().await;
    let cases: [(Change, u64); 12] = [
        (|lines| drop(lines.remove(5)), 6),
        (|lines| lines.insert(5, lines[5].clone()), 7),
        (|lines| lines.swap(7, 8), 8),
        (|lines| lines[9] = lines[9].replace("\"schema\":1", "\"schema\":2"), 10),
        (|lines| lines[9] = lines[9].replace("\\\"n\\\":", "\\\"m\\\":"), 10),
        (|lines| lines[9] = lines[9].replace("owner", "approver"), 10),
        (|lines| lines[3] = "{}".to_owned(), 4),
        (|lines| drop(lines.pop()), 42),
        (|lines| drop(lines.remove(lines.len() - 2)), 41),
        (|lines| lines.push(lines[1].clone()), 43),
        (|lines| lines[41] = lines[41].replace("\"digest\":\"", "\"digest\":\"0"), 42),
        (|lines| lines[0] = lines[0].replace("export/1", "export/2"), 1),
    ];
    for (number, (change, line)) in cases.into_iter().enumerate() {
        let copy = tempfile::tempdir().unwrap();
        let mut changed = lines.clone();
        change(&mut changed);
        assert_ne!(changed, lines, "change {number}");
        match import_lines(&changed, copy.path()) {
            Err(ImportError::Line { line: at, .. }) => assert_eq!(at, line, "change {number}"),
            other => panic!("change {number}: {other:?}"),
        }
        let checked = check(copy.path(), &clock());
        assert!(matches!(checked.err(), Some(OpenError::Io { .. })), "change {number}");
    }
}

#[tokio::test]
async fn an_export_cut_within_a_line_is_refused() {
    let (_dir, _, lines) = exported().await;
    let whole = lines.join("\n");
    for cut in [10, whole.len() / 2, whole.len() - 1, whole.len()] {
        let copy = tempfile::tempdir().unwrap();
        let imported = import(&whole.as_bytes()[..cut], copy.path(), &clock());
        assert!(matches!(imported, Err(ImportError::Line { .. })), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_log_is_not_imported_over_another() {
    let (dir, _, lines) = exported().await;
    assert!(matches!(import_lines(&lines, dir.path()), Err(ImportError::Exists)));
}

#[tokio::test]
async fn a_log_in_use_is_not_checked_but_tells_its_head() {
    let dir = tempfile::tempdir().unwrap();
    let log = varied(dir.path()).await;
    assert!(matches!(check(dir.path(), &clock()).err(), Some(OpenError::InUse { .. })));
    let noted = eventlog::head(dir.path()).unwrap();
    assert_eq!(noted, log.head());
}

#[tokio::test]
async fn checking_a_directory_without_a_log_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(check(&dir.path().join("none"), &clock()).err(), Some(OpenError::Io { .. })));
    assert!(eventlog::head(dir.path()).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
