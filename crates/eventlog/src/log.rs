//! The log as its users hold it: one face over the engines.

use crate::batch::Prepared;
use crate::pages::StreamPages;
use crate::reader::{self, Records};
use crate::sequencer::Sequenced;
use crate::sled_log::SledLog;
use crate::streams::StreamKey;
use crate::{
    AppendBatch, AppendError, Appended, CommandRecord, Head, MemoryLog, Now, OpenError, Position, ReadError,
    Record, StreamName, StreamVersion,
};
use std::{io, path::PathBuf, sync::Arc};
use tokio::{sync::watch, task};
use uuid::Uuid;

/// Up to so many records are read on the calling thread: they cost microseconds each and are in memory
/// mostly, while moving to another thread costs more than a few of them. Longer reads go to a blocking thread.
const INLINE_RECORDS_MAX: u64 = 32;

/// The log. Cheap to clone.
#[derive(Clone)]
pub enum EventLog {
    /// In memory, for tests of what stands on the log.
    Memory(Arc<MemoryLog>),
    /// On sled, one node.
    Sled(Arc<SledLog>),
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

    /// Appends all or nothing; durable when Ok. A command appended before answers with its first positions.
    ///
    /// The batch is taken when the future is first polled, and completes even when the future is dropped.
    pub async fn append(&self, batch: AppendBatch) -> Result<Appended, AppendError> {
        let batch = Prepared::new(self.head().log_id, batch)?;
        let (batch, outcome) = match self {
            Self::Memory(log) => {
                let outcome = log.append(&batch);
                (batch, outcome)
            }
            Self::Sled(log) => log.append(batch).await?,
        };
        match outcome {
            Ok(Sequenced::Appended(appended)) => Ok(appended),
            Ok(Sequenced::Replayed { first }) => {
                let before = self.reading(0, move |records| reader::command_at(records, first)).await;
                replay(before, batch.fingerprint)
            }
            Err(conflict @ AppendError::Conflict { .. }) => self.replay_or(conflict, batch).await,
            Err(error) => Err(error),
        }
    }

    /// A batch whose stream went on since may have been appended long ago: then its command stands in every
    /// stream it wrote, behind the version expected.
    async fn replay_or(&self, conflict: AppendError, batch: Prepared) -> Result<Appended, AppendError> {
        let Some(stream) = batch.streams.into_iter().find(|stream| !stream.events.is_empty()) else {
            return Err(conflict);
        };
        let head = self.records().stream_head(stream.key);
        let after = stream.expected.version();
        let find = move |records: &dyn Records| {
            reader::command_in_stream(records, batch.command_id, &stream.name, head, after)
        };
        match self.reading(head.version.0.saturating_sub(after.0), find).await {
            Ok(None) => Err(conflict),
            Ok(Some(before)) => replay(Ok(before), batch.fingerprint),
            Err(error) => replay(Err(error), batch.fingerprint),
        }
    }

    /// Records of a stream after a version, oldest first, at most `limit`. Costs one read for each record
    /// after the version.
    pub async fn read_stream(
        &self,
        stream: &StreamName,
        after: StreamVersion,
        limit: u32,
    ) -> Result<Vec<Record>, ReadError> {
        let head = self.records().stream_head(StreamKey::of(stream));
        let name = stream.clone();
        let read = move |records: &dyn Records| reader::stream(records, &name, head, after, limit);
        Ok(self.reading(head.version.0.saturating_sub(after.0), read).await?.0)
    }

    /// The records of a stream after a version in pages of at most `size`, at least one. However many pages
    /// there are, the stream is walked once, and no record is read more than twice.
    pub async fn stream_pages(
        &self,
        stream: &StreamName,
        after: StreamVersion,
        size: u32,
    ) -> Result<StreamPages, ReadError> {
        let head = self.records().stream_head(StreamKey::of(stream));
        let (name, size) = (stream.clone(), size.max(1));
        let read = move |records: &dyn Records| reader::stream(records, &name, head, after, size);
        let (first, later) = self.reading(head.version.0.saturating_sub(after.0), read).await?;
        Ok(StreamPages { log: self.clone(), first: Some(first), later, size })
    }

    /// The records at these positions.
    pub(crate) async fn read_at(&self, positions: Vec<Position>) -> Result<Vec<Record>, ReadError> {
        let count = positions.len() as u64;
        self.reading(count, move |records| reader::at(records, &positions)).await
    }

    /// Records after a position in commit order, at most `limit`; fewer than `limit` means: up to the head
    /// as it was when the read began.
    pub async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<Record>, ReadError> {
        let head = self.head().position;
        let count = head.0.saturating_sub(after.0).min(u64::from(limit));
        self.reading(count, move |records| reader::after(records, after, limit, head)).await
    }

    /// Current version of a stream; 0 when there is none.
    #[expect(clippy::unused_async, reason = "an engine that shares its log would have to ask for it")]
    pub async fn stream_version(&self, stream: &StreamName) -> Result<StreamVersion, ReadError> {
        Ok(self.records().stream_head(StreamKey::of(stream)).version)
    }

    /// What became of a command: looked for among the last [`RECENT_COMMANDS_MAX`](crate::RECENT_COMMANDS_MAX),
    /// then in the stream.
    pub async fn find_command(
        &self,
        command_id: Uuid,
        stream: &StreamName,
    ) -> Result<Option<CommandRecord>, ReadError> {
        let records = self.records();
        if let Some(first) = records.recent_command(command_id) {
            return self.reading(0, move |records| reader::command_at(records, first).map(Some)).await;
        }
        let head = records.stream_head(StreamKey::of(stream));
        let name = stream.clone();
        let find = move |records: &dyn Records| {
            reader::command_in_stream(records, command_id, &name, head, StreamVersion(0))
        };
        self.reading(head.version.0, find).await
    }

    /// The end of the log: durable and published.
    pub fn head(&self) -> Head {
        self.records().head()
    }

    /// The head as it moves: a hint, poll as well.
    pub fn watch(&self) -> watch::Receiver<Position> {
        match self {
            Self::Memory(log) => log.watch(),
            Self::Sled(log) => log.watch(),
        }
    }

    /// Whether appends are possible at this moment (for readiness).
    pub fn is_writable(&self) -> bool {
        match self {
            Self::Memory(log) => log.is_writable(),
            Self::Sled(log) => log.is_writable(),
        }
    }

    /// Finishes what is queued and closes; later appends answer [`AppendError::Closed`]. The sled engine then
    /// lets go of its directory and takes no more reads.
    pub async fn close(&self) {
        match self {
            Self::Memory(log) => log.close(),
            Self::Sled(log) => log.close().await,
        }
    }

    fn records(&self) -> &dyn Records {
        match self {
            Self::Memory(log) => &**log,
            Self::Sled(log) => &**log,
        }
    }

    /// Runs a read of about `count` records where it belongs.
    async fn reading<T: Send + 'static>(
        &self,
        count: u64,
        read: impl FnOnce(&dyn Records) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        match self {
            Self::Sled(log) if count > INLINE_RECORDS_MAX => {
                let log = Arc::clone(log);
                match task::spawn_blocking(move || read(&*log)).await {
                    Ok(done) => done,
                    Err(error) => Err(ReadError::Store(Box::new(error))),
                }
            }
            _ => read(self.records()),
        }
    }
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
