//! What a long log takes: bytes on disk beside the bytes of its records, and memory while it is written and opened.
//! A round is a thousand events.

use crate::Plan;
use crate::child::{now, options};
use crate::report::Report;
use eventlog::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, NewEvent, Position, StreamAppend, StreamName,
    StreamVersion,
};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use uuid::Uuid;

/// The word by which this program knows that it is to write or open a log, and measure itself.
pub(crate) const CHILD: &str = "grow-child";
const WRITERS: u64 = 64;
const EVENTS_PER_ROUND: u64 = 1_000;
const PAYLOAD_BYTES: usize = 300;
/// Events of a stream.
const STREAM_LENGTH: u64 = 20;
/// Bytes on disk for each byte of a record, the file that holds two segments at least apart.
const SPACE_RATIO_MAX: u64 = 3;
const SPACE_FREE_BYTES: u64 = 4 * 1024 * 1024;
const MEMORY_KIB_MAX: u64 = 512 * 1024;

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = Report::default();
    let folder = tempfile::tempdir().unwrap();
    let events = (plan.rounds * EVENTS_PER_ROUND).next_multiple_of(WRITERS);
    for step in ["write", "open"] {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new(program);
        command.args([CHILD, step, &events.to_string()]).arg(folder.path()).env_clear().stdin(Stdio::null());
        let output = command.stderr(Stdio::inherit()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [found, record_bytes, memory_kib] = numbers[..] else {
            report.fail(format!("{step}: it said {said:?}"));
            return report;
        };
        if found != events {
            report.lost += events.saturating_sub(found);
            report.fail(format!("{step}: {found} events of {events}"));
        }
        let disk_bytes = bytes_below(folder.path());
        if disk_bytes > SPACE_FREE_BYTES + record_bytes * SPACE_RATIO_MAX {
            report.fail(format!("{step}: {disk_bytes} bytes on disk for {record_bytes} of records"));
        }
        if memory_kib > MEMORY_KIB_MAX {
            report.fail(format!("{step}: {memory_kib} KiB of memory"));
        }
        report.note(format!(
            "{step}: {events} events, {} MiB of records, {} MiB on disk, {} MiB of memory",
            record_bytes >> 20,
            disk_bytes >> 20,
            memory_kib >> 10
        ));
    }
    report.acknowledged = events;
    report
}

/// Says how many events there are, how many bytes their records have, and how much memory was taken in KiB.
pub(crate) fn child(words: &[String]) {
    let [step, events, folder] = words else { panic!("{words:?}") };
    let events: u64 = events.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let log = EventLog::open_sled(options(Path::new(folder)), now()).await.unwrap();
        if step == "write" {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| tokio::spawn(write(log.clone(), writer, events / WRITERS)))
                .collect();
            for writer in writers {
                writer.await.unwrap();
            }
        }
        let (mut count, mut bytes) = (0, 0);
        loop {
            let page = log.read_all(Position(count), 1_000).await.unwrap();
            if page.is_empty() {
                break;
            }
            count += page.len() as u64;
            bytes += page.iter().map(|record| record.encode().len() as u64).sum::<u64>();
        }
        log.close().await;
        println!("{count} {bytes} {}", memory_kib());
    });
}

async fn write(log: EventLog, writer: u64, events: u64) {
    for n in 0..events {
        let envelope = Envelope {
            command_id: Uuid::from_u128(u128::from(writer) << 64 | u128::from(n)),
            fingerprint: None,
            causation_id: None,
            actor: ActorEnvelope::default(),
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            privileged: false,
        };
        let event = NewEvent {
            event_type: "a.happened".to_owned(),
            schema: 1,
            payload: n.to_le_bytes().repeat(PAYLOAD_BYTES / 8),
            subjects: vec![],
        };
        let stream = StreamName::parse(&format!("a-{writer}-{}", n / STREAM_LENGTH)).unwrap();
        let expected = Expected::Exact(StreamVersion(n % STREAM_LENGTH));
        let streams = vec![StreamAppend { stream, expected, events: vec![event] }];
        log.append(AppendBatch { envelope, streams }).await.unwrap();
    }
}

/// The most this process has ever held.
fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { bytes_below(&path) } else { path.metadata().unwrap().len() }).sum()
}
