//! The log as its users hold it: one face over the engines.

use crate::batch::Prepared;
use crate::indexed::Indexed;
use crate::pages::StreamPages;
use crate::postgres::{PostgresLog, PostgresOptions};
use crate::sequencer::Sequenced;
use crate::sled_log::SledLog;
use crate::{
    AppendBatch, AppendError, Appended, CommandRecord, Head, MemoryLog, Now, OpenError, Position, ReadError,
    Record, StreamName, StreamVersion,
};
use std::{io, path::PathBuf, sync::Arc};
use tokio::{sync::watch, task};
use uuid::Uuid;

/// The log. Cheap to clone.
#[derive(Clone)]
pub enum EventLog {
    /// In memory, for tests of what stands on the log.
    Memory(Arc<MemoryLog>),
    /// On sled, one node.
    Sled(Arc<SledLog>),
    /// On PostgreSQL, any number of nodes.
    Postgres(Arc<PostgresLog>),
}

/// How to open a sled log.
#[derive(Debug, Clone)]
pub struct SledOptions {
    /// Data directory; created when absent.
    pub dir: PathBuf,
    /// Below this many free bytes on the device appends are refused.
    pub free_space_floor_bytes: u64,
}

/// Takes the reason why writing has ended.
pub type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;
/// Runs before an access to the disk and may fail in its place.
pub type Probe = Arc<dyn Fn() -> io::Result<()> + Send + Sync>;

/// What the embedding program hangs into the sled engine.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Called once, with the reason, when a failed write or barrier has ended writing for good: whether the
    /// last appends are durable is unknown, and only a new process can find out. A server exits here.
    pub on_fatal: Option<OnFatal>,
    /// Runs before each write to the store; its error is taken for the write's (tests).
    pub before_write: Option<Probe>,
    /// Runs before each sync of a file; its error is taken for the sync's (tests; a slow device in benches).
    pub before_sync: Option<Probe>,
}

impl EventLog {
    /// An empty log in memory. Its id is random.
    pub fn memory(now: Now) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a log makes its own id, once, at creation")]
        let log_id = Uuid::new_v4();
        Self::Memory(Arc::new(MemoryLog::new(log_id, now)))
    }

    /// Opens the log in a directory, or creates it there. Scans the whole log once, on a blocking thread:
    /// about a second for two million events.
    pub async fn open_sled(options: SledOptions, now: Now) -> Result<Self, OpenError> {
        Self::open_sled_with(options, now, Hooks::default()).await
    }

    /// As [`open_sled`](Self::open_sled), with hooks.
    pub async fn open_sled_with(options: SledOptions, now: Now, hooks: Hooks) -> Result<Self, OpenError> {
        let opening = task::spawn_blocking(move || SledLog::open(&options, now, hooks));
        match opening.await {
            Ok(opened) => opened.map(|log| Self::Sled(Arc::new(log))),
            Err(error) => Err(OpenError::Damaged { position: None, what: error.to_string() }),
        }
    }

    /// Opens the log in a database, or makes it there.
    pub async fn open_postgres(options: PostgresOptions, now: Now) -> Result<Self, OpenError> {
        PostgresLog::open(options, now).await.map(|log| Self::Postgres(Arc::new(log)))
    }

    /// Appends all or nothing; durable when Ok. A command appended before answers with its first positions.
    ///
    /// The batch is taken when the future is first polled, and completes even when the future is dropped.
    pub async fn append(&self, batch: AppendBatch) -> Result<Appended, AppendError> {
        let batch = Prepared::new(self.head().log_id, batch)?;
        let (batch, outcome) = match self.engine() {
            Engine::Indexed(log) => log.append(batch).await?,
            Engine::Shared(log) => log.append(batch).await?,
        };
        match outcome? {
            Sequenced::Appended(appended) => Ok(appended),
            Sequenced::Replayed { first } => {
                let before = match self.engine() {
                    Engine::Indexed(log) => log.command_at(first).await,
                    Engine::Shared(log) => log.command_at(first).await,
                };
                replay(before, batch.fingerprint)
            }
        }
    }

    /// Records of a stream after a version, oldest first, at most `limit`. The engines of one node read every
    /// record after the version for it.
    pub async fn read_stream(
        &self,
        stream: &StreamName,
        after: StreamVersion,
        limit: u32,
    ) -> Result<Vec<Record>, ReadError> {
        match self.engine() {
            Engine::Indexed(log) => Ok(log.stream(stream, after, limit).await?.0),
            Engine::Shared(log) => log.stream_page(stream, after, limit).await,
        }
    }

    /// The records of a stream after a version in pages of at most `size`, at least one. However many pages
    /// there are, the stream is walked once, and no record is read more than twice.
    pub async fn stream_pages(
        &self,
        stream: &StreamName,
        after: StreamVersion,
        size: u32,
    ) -> Result<StreamPages, ReadError> {
        let size = size.max(1);
        let (first, later) = match self.engine() {
            Engine::Indexed(log) => log.stream(stream, after, size).await?,
            Engine::Shared(log) => log.stream(stream, after, size).await?,
        };
        Ok(StreamPages { log: self.clone(), first: Some(first), later, size })
    }

    /// The records at these positions, which ascend.
    pub(crate) async fn read_at(&self, positions: Vec<Position>) -> Result<Vec<Record>, ReadError> {
        match self.engine() {
            Engine::Indexed(log) => log.read_at(positions).await,
            Engine::Shared(log) => log.read_at(&positions).await,
        }
    }

    /// Records after a position in commit order, at most `limit`; fewer than `limit` means: up to the head
    /// as it was when the read began.
    pub async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<Record>, ReadError> {
        match self.engine() {
            Engine::Indexed(log) => log.read_all(after, limit).await,
            Engine::Shared(log) => log.read_all(after, limit).await,
        }
    }

    /// Current version of a stream; 0 when there is none.
    pub async fn stream_version(&self, stream: &StreamName) -> Result<StreamVersion, ReadError> {
        match self.engine() {
            Engine::Indexed(log) => Ok(log.stream_version(stream)),
            Engine::Shared(log) => log.stream_version(stream).await,
        }
    }

    /// What became of a command. The engines of one node look for it among the last
    /// [`RECENT_COMMANDS_MAX`](crate::RECENT_COMMANDS_MAX), then in the stream; a shared log knows every command.
    pub async fn find_command(
        &self,
        command_id: Uuid,
        stream: &StreamName,
    ) -> Result<Option<CommandRecord>, ReadError> {
        match self.engine() {
            Engine::Indexed(log) => log.find_command(command_id, stream).await,
            Engine::Shared(log) => log.find_command(command_id).await,
        }
    }

    /// The end of the log: durable and published. Of a shared log it is the end as this node knows it.
    pub fn head(&self) -> Head {
        match self.engine() {
            Engine::Indexed(log) => log.head(),
            Engine::Shared(log) => log.head(),
        }
    }

    /// The head as it moves: a hint, poll as well.
    pub fn watch(&self) -> watch::Receiver<Position> {
        match self.engine() {
            Engine::Indexed(log) => log.watch(),
            Engine::Shared(log) => log.watch(),
        }
    }

    /// Whether appends are possible at this moment (for readiness).
    pub fn is_writable(&self) -> bool {
        match self.engine() {
            Engine::Indexed(log) => log.is_writable(),
            Engine::Shared(log) => log.is_writable(),
        }
    }

    /// Finishes what is queued and closes; later appends answer [`AppendError::Closed`]. The sled engine then
    /// lets go of its directory, the PostgreSQL engine of its sessions, and neither takes more reads.
    pub async fn close(&self) {
        match self.engine() {
            Engine::Indexed(log) => log.close().await,
            Engine::Shared(log) => log.close().await,
        }
    }

    fn engine(&self) -> Engine<'_> {
        match self {
            Self::Memory(log) => Engine::Indexed(Indexed::Memory(log)),
            Self::Sled(log) => Engine::Indexed(Indexed::Sled(log)),
            Self::Postgres(log) => Engine::Shared(log),
        }
    }
}

/// How an engine is asked.
enum Engine<'a> {
    Indexed(Indexed<'a>),
    Shared(&'a PostgresLog),
}

/// The answer to a repeated command; when its records can't be read, the answer is not known.
fn replay(
    before: Result<CommandRecord, ReadError>,
    fingerprint: Option<[u8; 32]>,
) -> Result<Appended, AppendError> {
    match before {
        Ok(before) if before.fingerprint == fingerprint => Ok(before.appended),
        Ok(_) => Err(AppendError::CommandReused),
        Err(error) => {
            tracing::error!(%error, "a repeated command's records can't be read");
            Err(AppendError::Unknown)
        }
    }
}
