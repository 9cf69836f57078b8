//! The log in memory: the contract without a disk, for tests of what stands on the log.

use crate::batch::Prepared;
use crate::frames::{Frames, See};
use crate::reader::{Records, Stored};
use crate::sequencer::{Group, Index, Sequenced};
use crate::streams::{StreamHead, StreamKey};
use crate::{AppendError, Head, Now, Position, ReadError};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;
use uuid::Uuid;

/// The engine behind [`EventLog::memory`](crate::EventLog::memory).
pub struct MemoryLog {
    now: Now,
    published: watch::Sender<Position>,
    state: RwLock<State>,
    /// Records shown since the beginning: what reading costs.
    #[cfg(test)]
    pub(crate) shown: std::sync::atomic::AtomicU64,
}

struct State {
    index: Index,
    records: Vec<Box<[u8]>>,
    closed: bool,
}

impl MemoryLog {
    pub(crate) fn new(log_id: Uuid, now: Now) -> Self {
        let state = State { index: Index::empty(log_id), records: Vec::new(), closed: false };
        Self {
            now,
            published: watch::Sender::new(Position(0)),
            state: RwLock::new(state),
            #[cfg(test)]
            shown: std::sync::atomic::AtomicU64::default(),
        }
    }

    pub(crate) fn append(&self, batch: &Prepared) -> Result<Sequenced, AppendError> {
        let mut state = self.state_mut();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let mut group = Group::after(&state.index, (self.now)().timestamp_millis(), Frames::default());
        let sequenced = group.add(&state.index, batch)?;
        state.records.extend(group.frames().records().map(Box::from));
        drop(state.index.apply(group));
        self.published.send_replace(state.index.head.position);
        Ok(sequenced)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.published.subscribe()
    }

    pub(crate) fn is_writable(&self) -> bool {
        !self.state().closed
    }

    pub(crate) fn close(&self) {
        self.state_mut().closed = true;
    }

    /// A panic while the lock is held leaves whole groups only: they are applied after they are complete.
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records for MemoryLog {
    fn head(&self) -> Head {
        self.state().index.head
    }

    fn stream_head(&self, key: StreamKey) -> StreamHead {
        self.state().index.streams.head(key)
    }

    fn recent_command(&self, command_id: Uuid) -> Option<Position> {
        self.state().index.recent.first_position(command_id)
    }
}

impl Stored for MemoryLog {
    fn each(&self, first: Position, last: Position, see: &mut See<'_>) -> Result<(), ReadError> {
        let state = self.state();
        for position in first.0..=last.0 {
            let place = position.checked_sub(1).and_then(|place| usize::try_from(place).ok());
            let Some(bytes) = place.and_then(|place| state.records.get(place)) else {
                let what = "there is no such record".to_owned();
                return Err(ReadError::Corrupt { position: Position(position), what });
            };
            #[cfg(test)]
            self.shown.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            see(Position(position), bytes)?;
        }
        Ok(())
    }
}
