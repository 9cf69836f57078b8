//! What a stopped server leaves on disk, and what must hold of it.

use app::clock::Clock;
use eventlog::{EventLog, Position, SledOptions};
use std::{path::Path, time::Duration};
use tokio::sync::oneshot;

/// Fails when the log is broken, a mail was given up, or the read model differs from one built anew.
pub(crate) fn check(data_dir: &Path) {
    let report = eventlog::check(&data_dir.join("log"), &Clock::System.for_log()).expect("a log");
    assert_eq!(report.first_bad, None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        no_mail_was_lost(data_dir).await;
        read_model_equals_one_built_anew(data_dir).await;
    });
}

/// Fails when the read model that was kept differs from one built from the log.
pub async fn read_model_equals_one_built_anew(data_dir: &Path) {
    let log = open(data_dir).await;
    let kept = digest(&data_dir.join("readmodel"), &log).await;
    let anew = digest(&data_dir.join("readmodel-anew"), &log).await;
    assert_eq!(kept, anew, "the read model differs from one built anew");
    log.close().await;
}

async fn open(data_dir: &Path) -> EventLog {
    let options = SledOptions { dir: data_dir.join("log"), free_space_floor_bytes: 0 };
    EventLog::open_sled(options, Clock::System.for_log()).await.expect("the log opens")
}

async fn no_mail_was_lost(data_dir: &Path) {
    let log = open(data_dir).await;
    let mut after = Position(0);
    loop {
        let records = log.read_all(after, 500).await.expect("readable");
        let Some(last) = records.last() else { break };
        after = last.position;
        for record in records.iter().filter(|record| record.event_type == "mail.failed") {
            let payload = String::from_utf8_lossy(&record.payload).into_owned();
            assert!(payload.contains("obsolete"), "a mail was given up: {payload}");
        }
    }
    log.close().await;
}

async fn digest(folder: &Path, log: &EventLog) -> String {
    let (read, projector) = readmodel::open(folder, log.clone()).await.expect("it opens");
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(projector.run(async { stopped.await.unwrap_or_default() }));
    read.wait_for(log.head().position, Duration::from_mins(1)).await.expect("it catches up");
    let digest = read.digest().await.expect("a digest");
    stop.send(()).expect("the projector runs");
    running.await.expect("no panic").expect("no failure");
    digest
}
