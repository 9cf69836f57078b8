//! The engines that know in memory where each stream ends, and the reading that rests on it.

use crate::batch::Prepared;
use crate::reader::{self, Records};
use crate::sequencer::Sequenced;
use crate::sled_log::SledLog;
use crate::streams::StreamKey;
use crate::{
    AppendError, CommandRecord, Head, MemoryLog, Position, ReadError, Record, StreamName, StreamVersion,
};
use std::sync::Arc;
use tokio::{sync::watch, task};
use uuid::Uuid;

/// Up to so many records are read on the calling thread: they cost microseconds each and are in memory
/// mostly, while moving to another thread costs more than a few of them. Longer reads go to a blocking thread.
const INLINE_RECORDS_MAX: u64 = 32;

pub(crate) enum Indexed<'a> {
    Memory(&'a Arc<MemoryLog>),
    Sled(&'a Arc<SledLog>),
}

impl Indexed<'_> {
    /// Appends; a conflict of a command that stands behind the versions it expected is a replay.
    pub(crate) async fn append(
        &self,
        batch: Prepared,
    ) -> Result<(Prepared, Result<Sequenced, AppendError>), AppendError> {
        let (batch, outcome) = match self {
            Self::Memory(log) => {
                let outcome = log.append(&batch);
                (batch, outcome)
            }
            Self::Sled(log) => log.append(batch).await?,
        };
        match outcome {
            Err(conflict @ AppendError::Conflict { .. }) => {
                let outcome = self.replay_or(conflict, &batch).await;
                Ok((batch, outcome))
            }
            outcome => Ok((batch, outcome)),
        }
    }

    /// A batch whose stream went on since may have been appended long ago: then its command stands in every
    /// stream it wrote, behind the version expected.
    async fn replay_or(&self, conflict: AppendError, batch: &Prepared) -> Result<Sequenced, AppendError> {
        let Some(stream) = batch.streams.iter().find(|stream| !stream.events.is_empty()) else {
            return Err(conflict);
        };
        let head = self.records().stream_head(stream.key);
        let after = stream.expected.version();
        let (command_id, name) = (batch.command_id, stream.name.clone());
        let find =
            move |records: &dyn Records| reader::command_in_stream(records, command_id, &name, head, after);
        match self.reading(head.version.0.saturating_sub(after.0), find).await {
            Ok(None) => Err(conflict),
            Ok(Some(before)) => Ok(Sequenced::Replayed { first: before.appended.first }),
            Err(error) => {
                tracing::error!(%error, "a repeated command's records can't be read");
                Err(AppendError::Unknown)
            }
        }
    }

    /// The oldest `limit` records of a stream after a version, and where the later ones stand, newest first.
    pub(crate) async fn stream(
        &self,
        stream: &StreamName,
        after: StreamVersion,
        limit: u32,
    ) -> Result<(Vec<Record>, Vec<Position>), ReadError> {
        let head = self.records().stream_head(StreamKey::of(stream));
        let name = stream.clone();
        let read = move |records: &dyn Records| reader::stream(records, &name, head, after, limit);
        self.reading(head.version.0.saturating_sub(after.0), read).await
    }

    pub(crate) async fn read_at(&self, positions: Vec<Position>) -> Result<Vec<Record>, ReadError> {
        let count = positions.len() as u64;
        self.reading(count, move |records| reader::at(records, &positions)).await
    }

    pub(crate) async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<Record>, ReadError> {
        let head = self.head().position;
        let count = head.0.saturating_sub(after.0).min(u64::from(limit));
        self.reading(count, move |records| reader::after(records, after, limit, head)).await
    }

    pub(crate) fn stream_version(&self, stream: &StreamName) -> StreamVersion {
        self.records().stream_head(StreamKey::of(stream)).version
    }

    pub(crate) async fn find_command(
        &self,
        command_id: Uuid,
        stream: &StreamName,
    ) -> Result<Option<CommandRecord>, ReadError> {
        let records = self.records();
        if let Some(first) = records.recent_command(command_id) {
            return self.command_at(first).await.map(Some);
        }
        let head = records.stream_head(StreamKey::of(stream));
        let name = stream.clone();
        let find = move |records: &dyn Records| {
            reader::command_in_stream(records, command_id, &name, head, StreamVersion(0))
        };
        self.reading(head.version.0, find).await
    }

    pub(crate) async fn command_at(&self, first: Position) -> Result<CommandRecord, ReadError> {
        self.reading(0, move |records| reader::command_at(records, first)).await
    }

    pub(crate) fn head(&self) -> Head {
        self.records().head()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        match self {
            Self::Memory(log) => log.watch(),
            Self::Sled(log) => log.watch(),
        }
    }

    pub(crate) fn is_writable(&self) -> bool {
        match self {
            Self::Memory(log) => log.is_writable(),
            Self::Sled(log) => log.is_writable(),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(log) => log.close(),
            Self::Sled(log) => log.close().await,
        }
    }

    fn records(&self) -> &dyn Records {
        match self {
            Self::Memory(log) => &***log,
            Self::Sled(log) => &***log,
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
