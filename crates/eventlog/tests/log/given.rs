//! Engines, clocks and batches for the tests.

use chrono::{DateTime, Utc};
use eventlog::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, Hooks, NewEvent, Now, Position,
    PostgresOptions, Record, SledOptions, StreamAppend, StreamName, StreamVersion,
};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, Weak};
use std::{fs, sync::Arc, time::Duration};
use tempfile::TempDir;
use test_database::postgres::Postgres;
use uuid::Uuid;

/// Where a suite's log lives.
pub(crate) enum Engine {
    Memory,
    Sled(TempDir),
    Postgres(Database),
}

/// A database of a test's own, in a server that the tests running at the same time share.
pub(crate) struct Database {
    server: Arc<Postgres>,
    name: String,
}

impl Database {
    pub(crate) fn new() -> Self {
        static SERVER: Mutex<(Weak<Postgres>, u32)> = Mutex::new((Weak::new(), 0));
        let mut shared = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let server = shared.0.upgrade().unwrap_or_else(|| Arc::new(Postgres::start()));
        shared.0 = Arc::downgrade(&server);
        shared.1 += 1;
        let name = format!("log_{}", shared.1);
        server.query(&format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresOptions { url: self.server.url_of(&self.name), on_fatal: None }
    }

    pub(crate) async fn open_at(&self, now: Now) -> EventLog {
        EventLog::open_postgres(self.options(), now).await.unwrap()
    }

    pub(crate) async fn open(&self) -> EventLog {
        self.open_at(clock()).await
    }

    /// Runs a statement in it and returns what it prints.
    pub(crate) fn query(&self, statement: &str) -> String {
        self.server.query_in(&self.name, statement)
    }
}

impl Engine {
    pub(crate) fn sled() -> Self {
        Self::Sled(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(Database::new())
    }

    pub(crate) async fn open(&self) -> EventLog {
        self.open_at(clock()).await
    }

    pub(crate) async fn open_at(&self, now: Now) -> EventLog {
        match self {
            Self::Memory => EventLog::memory(now),
            Self::Sled(dir) => EventLog::open_sled(options(dir.path()), now).await.unwrap(),
            Self::Postgres(database) => database.open_at(now).await,
        }
    }

    /// Closes and opens again, where the engine outlives its process.
    pub(crate) async fn reopen(&self, log: EventLog) -> EventLog {
        match self {
            Self::Memory => log,
            Self::Sled(_) | Self::Postgres(_) => {
                log.close().await;
                self.open().await
            }
        }
    }
}

pub(crate) fn options(dir: &Path) -> SledOptions {
    SledOptions { dir: dir.to_owned(), free_space_floor_bytes: 0 }
}

pub(crate) async fn open_with(dir: &Path, hooks: Hooks) -> EventLog {
    EventLog::open_sled_with(options(dir), clock(), hooks).await.unwrap()
}

/// Advances by a millisecond with every look.
pub(crate) fn clock() -> Now {
    let ms = AtomicI64::new(1_700_000_000_000);
    Arc::new(move || at(ms.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap()
}

pub(crate) fn name(text: &str) -> StreamName {
    StreamName::parse(text).unwrap()
}

pub(crate) fn event(payload: impl Into<Vec<u8>>) -> NewEvent {
    NewEvent {
        event_type: "devgroup.created".to_owned(),
        schema: 1,
        payload: payload.into(),
        subjects: vec![Uuid::from_u128(5)],
    }
}

pub(crate) fn envelope(command: u128) -> Envelope {
    Envelope {
        command_id: Uuid::from_u128(command),
        fingerprint: Some([7; 32]),
        causation_id: Some(Uuid::from_u128(11)),
        actor: ActorEnvelope {
            kind: "developer".to_owned(),
            id: "dev-1".to_owned(),
            authority: "owner".to_owned(),
            session: String::new(),
        },
        on_behalf_of: None,
        reason: Some("asked".to_owned()),
        request_id: Some(Uuid::from_u128(9)),
        policy_version: 3,
        privileged: false,
    }
}

/// A part of a batch: `count` small events for a stream believed at a version.
pub(crate) fn part(stream: &str, version: u64, count: usize) -> StreamAppend {
    let expected = match version {
        0 => Expected::NoStream,
        version => Expected::Exact(StreamVersion(version)),
    };
    let events = (0..count).map(|n| event(format!("{{\"n\":{n}}}"))).collect();
    StreamAppend { stream: name(stream), expected, events }
}

pub(crate) fn batch(command: u128, streams: Vec<StreamAppend>) -> AppendBatch {
    AppendBatch { envelope: envelope(command), streams }
}

/// One small event.
pub(crate) fn one(command: u128, stream: &str, version: u64) -> AppendBatch {
    batch(command, vec![part(stream, version, 1)])
}

/// The whole log, read in pages.
pub(crate) async fn everything(log: &EventLog) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map_or(Position(0), |record| record.position);
        let page = log.read_all(after, 100).await.unwrap();
        let is_last = page.len() < 100;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

/// Waits for a condition of the head, ten seconds at most.
pub(crate) async fn until_head(log: &EventLog, reached: Position) {
    let mut head = log.watch();
    let waiting = head.wait_for(|position| *position >= reached);
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Waits for a condition, thirty seconds at most.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while !holds() {
            look.tick().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "waited for: {what}");
}
