//! The process that faults happen to: appends to the log through its public face and says on standard output what
//! became of each command. What a command holds follows from its number, so that whoever reads the log later can
//! tell whether it was altered.

use chrono::DateTime;
use eventlog::{
    ActorEnvelope, AppendBatch, AppendError, Envelope, EventLog, Expected, Hooks, NewEvent, Now, Position,
    SledOptions, StreamAppend, StreamName,
};
use portal_tests::Random;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How the child ends when its log can't be written any more; the program uses the same code.
pub(crate) const NOT_DURABLE: i32 = 70;
/// A full device is tried again for so long.
const FULL_PATIENCE: Duration = Duration::from_secs(20);
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// What a child is to do.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    pub(crate) dir: PathBuf,
    /// Part of every command's number: no two runs on a directory may share it.
    pub(crate) run: u64,
    pub(crate) writers: u64,
    pub(crate) appends: u64,
    /// Close the log in the end, rather than vanish.
    pub(crate) closes: bool,
    /// Repeat what a full device refused until it is taken.
    pub(crate) repeats: bool,
}

impl Orders {
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self { dir, run, writers, appends, closes, repeats } = self;
        let mut words = vec!["child".to_owned(), dir.display().to_string()];
        words.extend([*run, *writers, *appends].map(|number| number.to_string()));
        words.extend([*closes, *repeats].map(|yes| yes.to_string()));
        words
    }

    fn parse(words: &[String]) -> Option<Self> {
        let [dir, run, writers, appends, closes, repeats] = words else { return None };
        Some(Self {
            dir: PathBuf::from(dir),
            run: run.parse().ok()?,
            writers: writers.parse().ok()?,
            appends: appends.parse().ok()?,
            closes: closes.parse().ok()?,
            repeats: repeats.parse().ok()?,
        })
    }
}

/// Time stands still: nothing here depends on it.
pub(crate) fn now() -> Now {
    Arc::new(|| DateTime::from_timestamp_millis(1_700_000_000_000).unwrap())
}

pub(crate) fn options(dir: &Path) -> SledOptions {
    SledOptions { dir: dir.to_owned(), free_space_floor_bytes: 0 }
}

/// The events of a command: how many go to its first stream, and the payload of each.
pub(crate) fn events_of(command: u128) -> (usize, Vec<Vec<u8>>) {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are mixed")]
    let mut random = Random((command >> 64) as u64 ^ (command as u64).rotate_left(17));
    let first = 1 + random.below(4);
    let second = if random.below(4) == 0 { 1 + random.below(4) } else { 0 };
    let payloads = (0..first + second)
        .map(|_| {
            let bytes = if random.below(20) == 0 { 16_000 } else { 400 };
            (0..random.below(bytes)).map(|_| random.number().to_le_bytes()[0]).collect()
        })
        .collect();
    (usize::try_from(first).unwrap_or(1), payloads)
}

pub(crate) fn run(words: &[String]) {
    let orders = Orders::parse(words).unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(write_all(&orders));
}

async fn write_all(orders: &Orders) {
    let on_fatal = Arc::new(|reason: &str| {
        say(&format!("fatal {reason}"));
        process::exit(NOT_DURABLE);
    });
    let hooks = Hooks { on_fatal: Some(on_fatal), ..Hooks::default() };
    let opened = EventLog::open_sled_with(options(&orders.dir), now(), hooks).await;
    let log = opened.unwrap_or_else(|error| {
        eprintln!("{error:?}");
        process::exit(1)
    });
    say(&format!("opened {}", log.head().position.0));
    let writers: Vec<_> =
        (0..orders.writers).map(|writer| tokio::spawn(write(log.clone(), orders.clone(), writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    if orders.closes {
        log.close().await;
        say("closed");
    } else {
        // Nothing is put in order on the way out.
        process::abort();
    }
}

/// Appends to a stream of its own, and now and then to one that others write as well.
async fn write(log: EventLog, orders: Orders, writer: u64) {
    for n in 0..orders.appends {
        let command = u128::from(orders.run) << 64 | u128::from(writer) << 32 | u128::from(n);
        let begun = Instant::now();
        loop {
            let batch = batch_of(&log, command, writer, orders.writers).await;
            match log.append(batch).await {
                Ok(done) => break say(&format!("acknowledged {command} {} {}", done.first.0, done.last.0)),
                Err(AppendError::Conflict { .. }) => {}
                Err(AppendError::DiskFull) if orders.repeats && begun.elapsed() < FULL_PATIENCE => {
                    tokio::time::timeout(FULL_PAUSE, std::future::pending::<()>()).await.unwrap_err();
                }
                Err(AppendError::DiskFull) => break say(&format!("refused {command}")),
                // A failed barrier ends the process on the writer's thread.
                Err(AppendError::Unknown | AppendError::Closed) => return std::future::pending().await,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

async fn batch_of(log: &EventLog, command: u128, writer: u64, writers: u64) -> AppendBatch {
    let (first, payloads) = events_of(command);
    let own = format!("own-{}", command % 5 * u128::from(writers) + u128::from(writer));
    let shared = format!("shared-{}", command % 3);
    let (to_own, to_shared) = payloads.split_at(first);
    let mut streams = Vec::new();
    for (name, payloads) in [(own, to_own), (shared, to_shared)] {
        if !payloads.is_empty() {
            let stream = StreamName::parse(&name).unwrap();
            let version = log.stream_version(&stream).await.unwrap();
            let event = |payload: &Vec<u8>| NewEvent {
                event_type: "a.happened".to_owned(),
                schema: 1,
                payload: payload.clone(),
                subjects: vec![],
            };
            let events = payloads.iter().map(event).collect();
            streams.push(StreamAppend { stream, expected: Expected::Exact(version), events });
        }
    }
    AppendBatch { envelope: envelope(command), streams }
}

fn envelope(command: u128) -> Envelope {
    Envelope {
        command_id: Uuid::from_u128(command),
        fingerprint: None,
        causation_id: None,
        actor: ActorEnvelope::default(),
        on_behalf_of: None,
        reason: None,
        request_id: None,
        policy_version: 1,
        privileged: false,
    }
}

/// One write each, so that a line is whole or absent.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened may have gone; then nobody was told.
    if out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
        process::abort();
    }
}

/// Everything in a log, as a reader sees it.
pub(crate) async fn everything(log: &EventLog) -> Result<Vec<eventlog::Record>, eventlog::ReadError> {
    let mut all = Vec::new();
    loop {
        let page = log.read_all(Position(all.len() as u64), 1_000).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
