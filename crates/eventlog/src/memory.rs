//! The log in memory: the contract without a disk, for tests of what stands on the log.

use crate::batch::Prepared;
use crate::reader::Records;
use crate::sequencer::{Group, Index, Sequenced};
use crate::{AppendError, Head, Now, Position, ReadError};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;
use uuid::Uuid;

/// The engine behind [`EventLog::memory`](crate::EventLog::memory).
pub struct MemoryLog {
    now: Now,
    published: watch::Sender<Position>,
    state: RwLock<State>,
}

struct State {
    index: Index,
    records: Vec<Box<[u8]>>,
    closed: bool,
}

impl MemoryLog {
    pub(crate) fn new(log_id: Uuid, now: Now) -> Self {
        let state = State { index: Index::empty(log_id), records: Vec::new(), closed: false };
        Self { now, published: watch::Sender::new(Position(0)), state: RwLock::new(state) }
    }

    pub(crate) fn append(&self, batch: &Prepared) -> Result<Sequenced, AppendError> {
        let mut state = self.state_mut();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let mut group = Group::after(&state.index, (self.now)().timestamp_millis());
        let sequenced = group.add(&state.index, batch)?;
        state.records.extend(group.records().map(Box::from));
        state.index.apply(group);
        self.published.send_replace(state.index.head.position);
        Ok(sequenced)
    }

    pub(crate) fn with_index<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.state().index)
    }

    pub(crate) fn head(&self) -> Head {
        self.state().index.head
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
    fn record(&self, position: Position) -> Result<Vec<u8>, ReadError> {
        let mut found = Vec::new();
        self.each(position, position, &mut |bytes| {
            found = bytes.to_vec();
            Ok(())
        })?;
        Ok(found)
    }

    fn each(
        &self,
        first: Position,
        last: Position,
        see: &mut dyn FnMut(&[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let state = self.state();
        for position in first.0..=last.0 {
            let place = position.checked_sub(1).and_then(|place| usize::try_from(place).ok());
            let Some(bytes) = place.and_then(|place| state.records.get(place)) else {
                let what = "there is no such record".to_owned();
                return Err(ReadError::Corrupt { position: Position(position), what });
            };
            see(bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        ActorEnvelope, AppendBatch, AppendError, Envelope, EventLog, Expected, NewEvent, Position,
        StreamAppend, StreamName, StreamVersion, record,
    };
    use chrono::DateTime;
    use std::sync::Arc;
    use uuid::Uuid;

    fn batch(command: u128, stream: &str, expected: Expected) -> AppendBatch {
        let envelope = Envelope {
            command_id: Uuid::from_u128(command),
            fingerprint: Some([7; 32]),
            causation_id: None,
            actor: ActorEnvelope::default(),
            on_behalf_of: None,
            reason: Some("asked".to_owned()),
            request_id: Some(Uuid::from_u128(9)),
            policy_version: 1,
            privileged: false,
        };
        let event = NewEvent {
            event_type: "devgroup.created".to_owned(),
            schema: 1,
            payload: b"{}".to_vec(),
            subjects: vec![Uuid::from_u128(5)],
        };
        let stream = StreamName::parse(stream).unwrap();
        AppendBatch { envelope, streams: vec![StreamAppend { stream, expected, events: vec![event] }] }
    }

    #[tokio::test]
    async fn what_is_appended_is_read_again_and_chained() {
        let log = EventLog::memory(Arc::new(|| DateTime::from_timestamp_millis(1_000).unwrap()));
        log.append(batch(1, "devgroup-1", Expected::NoStream)).await.unwrap();
        let second = batch(2, "devgroup-1", Expected::Exact(StreamVersion(1)));
        let appended = log.append(second.clone()).await.unwrap();
        assert_eq!(appended.last, Position(2));
        assert!(log.append(second).await.unwrap().replayed);
        let stale = log.append(batch(3, "devgroup-1", Expected::NoStream)).await;
        assert!(matches!(stale, Err(AppendError::Conflict { .. })));
        let all = log.read_all(Position(0), 10).await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].previous_hash, all[0].hash);
        assert_eq!(all[0].previous_hash, record::genesis_hash(log.head().log_id));
        assert!(all.iter().all(|record| record::hash_holds(&record.encode())));
        let stream = StreamName::parse("devgroup-1").unwrap();
        assert_eq!(log.read_stream(&stream, StreamVersion(0), 10).await.unwrap(), all);
    }
}
