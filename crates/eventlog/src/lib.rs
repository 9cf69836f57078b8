//! The append-only log: one total, gapless order of records in commit order, with optimistic concurrency
//! per stream, batches that are all or nothing across streams, idempotency by command id, and a hash chain.
//!
//! The log knows no domain type: stream names, event types and payloads are text and bytes to it.
//! ```
//! use eventlog::{AppendBatch, Envelope, EventLog, Expected, NewEvent, Position, StreamAppend, StreamName};
//! # use std::{error::Error, sync::Arc};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn Error>> {
//! let log = EventLog::memory(Arc::new(|| chrono::DateTime::UNIX_EPOCH));
//! let created = NewEvent {
//!     event_type: "devgroup.created".to_owned(),
//!     schema: 1,
//!     payload: b"{}".to_vec(),
//!     subjects: vec![],
//! };
//! let stream = StreamName::parse("devgroup-7")?;
//! let batch = AppendBatch {
//!     envelope: Envelope {
//!         command_id: uuid::Uuid::from_u128(1),
//!         fingerprint: None,
//!         causation_id: None,
//!         actor: Default::default(),
//!         on_behalf_of: None,
//!         reason: None,
//!         request_id: None,
//!         policy_version: 1,
//!         privileged: false,
//!     },
//!     streams: vec![StreamAppend { stream, expected: Expected::NoStream, events: vec![created] }],
//! };
//! assert_eq!(log.append(batch.clone()).await?.first, Position(1));
//! assert!(log.append(batch).await?.replayed, "the same command is appended once");
//! # Ok(())
//! # }
//! ```
//!
//! Three engines stand behind one contract, [`EventLog`]; `tests/log/conformance.rs` is the contract as tests.

pub mod batch;
mod check;
mod codec;
mod commands;
mod directory;
mod export;
mod frames;
mod head_file;
mod import;
mod indexed;
mod lock;
mod log;
mod memory;
mod pages;
mod postgres;
mod reader;
pub mod record;
mod replay;
mod sequencer;
mod sled;
mod sled_log;
mod streams;
mod writer;

use chrono::{DateTime, Utc};
use std::{fmt, sync::Arc};
use uuid::Uuid;

pub use check::{CheckReport, check, head};
pub use commands::RECENT_COMMANDS_MAX;
pub use directory::OpenError;
pub use export::{ExportError, Transferred, export};
pub use import::{ImportError, import};
pub use lock::Holder;
pub use log::{EventLog, Hooks, OnFatal, Probe, SledOptions};
pub use memory::MemoryLog;
pub use pages::StreamPages;
pub use postgres::{PostgresLog, PostgresOptions};
pub use record::Record;
pub use sled_log::SledLog;
pub use streams::STREAMS_MAX;

/// Where the log takes the time from; `recorded_at` is stamped with it and never decreases.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Largest payload of one event in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024;
/// Most events in one append.
pub const EVENTS_PER_APPEND_MAX: usize = 64;
/// Most streams in one append, guards included. A promotion guards its group, account, reviewer, every member
/// and every integration; checking a guard costs one look into memory.
pub const STREAMS_PER_APPEND_MAX: usize = 64;
/// From this length on a stream is worth a warning.
pub const STREAM_LENGTH_WARN: u64 = 2_000;
/// A stream of this length takes no more events.
pub const STREAM_LENGTH_MAX: u64 = 20_000;
/// The last versions of a stream are kept for appends marked privileged (staff and system), so that nobody
/// can block suspension or erasure by filling it.
pub const STREAM_LENGTH_RESERVED: u64 = 1_000;
/// Appends waiting for the writer; one more is refused.
pub const QUEUE_MAX: usize = 1_024;

/// A place in the total order, from 1 and without gaps; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

/// How many events a stream holds; the first event has version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct StreamVersion(pub u64);

/// `category-id`, split at the first hyphen; at most 200 bytes of visible ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(Arc<str>);

/// Why a text is no stream name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream name is category-id in at most 200 bytes of visible ASCII")]
pub struct InvalidStreamName;

impl StreamName {
    /// Checks the form.
    pub fn parse(text: &str) -> Result<Self, InvalidStreamName> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        match text.split_once('-') {
            Some((category, id))
                if visible && !category.is_empty() && !id.is_empty() && text.len() <= 200 =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(InvalidStreamName),
        }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first hyphen.
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or("", |(category, _)| category)
    }

    /// The part behind the first hyphen.
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a writer believes of a stream. There is deliberately no `Any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream holds nothing.
    NoStream,
    /// The stream holds exactly this many events.
    Exact(StreamVersion),
}

impl Expected {
    /// The version meant.
    pub fn version(self) -> StreamVersion {
        match self {
            Self::NoStream => StreamVersion(0),
            Self::Exact(version) => version,
        }
    }
}

/// An event to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// `<category>.<snake_past>`, at most 100 bytes of visible ASCII.
    pub event_type: String,
    /// Schema number of the payload.
    pub schema: u16,
    /// At most [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Vec<u8>,
    /// Whose keys seal fields in it.
    pub subjects: Vec<Uuid>,
}

/// Events for one stream; none makes the expectation a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamAppend {
    /// Which stream; once per batch.
    pub stream: StreamName,
    /// What the writer folded.
    pub expected: Expected,
    /// What to add.
    pub events: Vec<NewEvent>,
}

/// Who acts, as the envelope keeps it. Kinds are short words (`developer`, `staff`, `system`, …); ids and
/// sessions are ids, never names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActorEnvelope {
    /// Short word.
    pub kind: String,
    /// Id, empty when the kind has none.
    pub id: String,
    /// By which right (`owner`, `approver`, `operator`, …), empty when none applies.
    pub authority: String,
    /// Session id, empty outside sessions.
    pub session: String,
}

/// What is common to all events of one append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Idempotency: the same command appended again answers with the first positions.
    pub command_id: Uuid,
    /// Keyed hash of the request that gave the command; another one under the same command id is refused.
    pub fingerprint: Option<[u8; 32]>,
    /// The event that caused this command, when a worker acts.
    pub causation_id: Option<Uuid>,
    /// Who.
    pub actor: ActorEnvelope,
    /// For whom, when different.
    pub on_behalf_of: Option<String>,
    /// Reason code, when one was given.
    pub reason: Option<String>,
    /// Our id of the request.
    pub request_id: Option<Uuid>,
    /// Policy in force.
    pub policy_version: u32,
    /// Whether the reserved end of a stream may be used.
    pub privileged: bool,
}

/// One atomic append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendBatch {
    /// Common part.
    pub envelope: Envelope,
    /// At least one stream with events.
    pub streams: Vec<StreamAppend>,
}

/// Where the events of an append stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// First position of the batch.
    pub first: Position,
    /// Last position of the batch.
    pub last: Position,
    /// Version of each stream that received events, after the batch.
    pub versions: Vec<(StreamName, StreamVersion)>,
    /// The command had been appended before; nothing was written now.
    pub replayed: bool,
}

/// Why an append did not happen. In every case nothing of the batch is in the log, except
/// [`Unknown`](AppendError::Unknown) and [`InDoubt`](AppendError::InDoubt).
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A stream is not where the writer believed.
    #[error("stream is at version {actual:?}, not {expected:?}")]
    Conflict {
        /// Which; not part of the text, names may be keyed hashes but never need to be shown.
        stream: StreamName,
        /// As believed.
        expected: StreamVersion,
        /// As it is.
        actual: StreamVersion,
    },
    /// The command id was used for another request.
    #[error("the command id was used for another request")]
    CommandReused,
    /// The batch breaks a limit of the contract.
    #[error("{0}")]
    Invalid(#[from] InvalidBatch),
    /// The stream takes no more events.
    #[error("the stream is full")]
    StreamFull {
        /// Which.
        stream: StreamName,
    },
    /// The log holds [`STREAMS_MAX`] streams and takes no further one.
    #[error("the log takes no more streams")]
    StreamsFull,
    /// Too many appends wait.
    #[error("the writer's queue is full")]
    QueueFull,
    /// Free space is below the floor, or the device is full; reading goes on.
    #[error("the device is full")]
    DiskFull,
    /// The log is closing or a write failed; nothing more is written by this process.
    #[error("the log takes no more appends")]
    Closed,
    /// The barrier failed: whether the batch is durable can't be known. The process must end.
    #[error("whether the append is durable is unknown")]
    Unknown,
    /// The database of a shared log did not answer in time, or refused.
    #[error("the log's database took nothing")]
    Unavailable,
    /// The database of a shared log went away within the commit. The same command sent again finds out: it is
    /// appended once, and answers with its first positions if it was.
    #[error("whether the append is durable is not known yet")]
    InDoubt,
    /// The shared log is not the one this node has followed: a database that took over lacks commits, or an
    /// older state was brought back. This node appends and reads no more; a new process begins with what is there.
    #[error("the log is not the one followed up to position {}; this process must begin anew", .position.0)]
    OtherHistory {
        /// The last position that this node has seen.
        position: Position,
    },
}

/// A batch that no log would take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBatch {
    /// Nothing to write.
    #[error("a batch holds at least one event")]
    Empty,
    /// More than [`EVENTS_PER_APPEND_MAX`].
    #[error("a batch holds at most {EVENTS_PER_APPEND_MAX} events")]
    TooManyEvents,
    /// More than [`STREAMS_PER_APPEND_MAX`].
    #[error("a batch names at most {STREAMS_PER_APPEND_MAX} streams")]
    TooManyStreams,
    /// A stream is named twice.
    #[error("a batch names each stream once")]
    StreamTwice,
    /// A payload above [`PAYLOAD_BYTES_MAX`].
    #[error("a payload has at most {PAYLOAD_BYTES_MAX} bytes")]
    PayloadTooLarge,
    /// An event type or envelope field out of its limits.
    #[error("{0} is out of its limits")]
    Field(&'static str),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A stored record is damaged.
    #[error("the log is damaged at position {position:?}: {what}")]
    Corrupt {
        /// First bad position.
        position: Position,
        /// In what way.
        what: String,
    },
    /// The shared log is not the one this node has followed, see [`AppendError::OtherHistory`].
    #[error("the log is not the one followed up to position {}; this process must begin anew", .position.0)]
    OtherHistory {
        /// The last position that this node has seen.
        position: Position,
    },
    /// The store failed.
    #[error("the store failed while reading")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Identity and end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Made at creation; position tokens and read models are bound to it.
    pub log_id: Uuid,
    /// Last position.
    pub position: Position,
    /// Hash of the last record; of the log id when empty.
    pub hash: [u8; 32],
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// Where its events stand.
    pub appended: Appended,
    /// Fingerprint of the request that gave it.
    pub fingerprint: Option<[u8; 32]>,
}
