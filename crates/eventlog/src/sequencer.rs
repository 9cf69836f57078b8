//! Where order is made: expectations, idempotency, stamping and chaining, the same for every engine. Purely in
//! memory; an engine only stores the bytes of a [`Group`] and then applies it to its [`Index`].

use crate::batch::{Prepared, PreparedStream};
use crate::codec::Stamp;
use crate::commands::RecentCommands;
use crate::frames::Frames;
use crate::streams::{STREAMS_MAX, StreamHead, Streams};
use crate::{
    AppendError, Appended, Head, Position, STREAM_LENGTH_MAX, STREAM_LENGTH_RESERVED, STREAM_LENGTH_WARN,
    STREAMS_PER_APPEND_MAX, StreamVersion, record,
};
use std::collections::HashMap;
use uuid::Uuid;

/// What an engine knows of its durable records.
pub(crate) struct Index {
    pub(crate) head: Head,
    pub(crate) recorded_at_ms: i64,
    pub(crate) streams: Streams,
    pub(crate) streams_max: usize,
    pub(crate) recent: RecentCommands,
}

/// What became of a batch in its turn.
#[derive(Debug)]
pub(crate) enum Sequenced {
    /// Its records are in the group.
    Appended(Appended),
    /// The command's records begin at this position, in the log or in the group.
    Replayed { first: Position },
}

impl Index {
    pub(crate) fn empty(log_id: Uuid) -> Self {
        let head = Head { log_id, position: Position(0), hash: record::genesis_hash(log_id) };
        Self {
            head,
            recorded_at_ms: i64::MIN,
            streams: Streams::default(),
            streams_max: STREAMS_MAX,
            recent: RecentCommands::default(),
        }
    }

    /// Takes over a group whose records are durable; gives back its buffer, empty.
    pub(crate) fn apply(&mut self, mut group: Group) -> Frames {
        self.head.position = group.position;
        self.head.hash = group.hash;
        self.recorded_at_ms = group.recorded_at_ms;
        for (key, head) in group.streams.entries() {
            self.streams.set(key, head);
        }
        for (command_id, first) in group.commands {
            self.recent.remember(command_id, first);
        }
        group.frames.clear();
        group.frames
    }
}

/// Batches on their way to one write and one barrier. Dropped without a trace when the write fails.
pub(crate) struct Group {
    position: Position,
    hash: [u8; 32],
    recorded_at_ms: i64,
    streams: Streams,
    streams_new: usize,
    commands: HashMap<Uuid, Position>,
    frames: Frames,
}

impl Group {
    /// A group that follows the index; its time is the clock's, but never before the last record's. `frames`
    /// is an empty buffer.
    pub(crate) fn after(index: &Index, now_ms: i64, frames: Frames) -> Self {
        Self {
            position: index.head.position,
            hash: index.head.hash,
            recorded_at_ms: now_ms.max(index.recorded_at_ms),
            streams: Streams::default(),
            streams_new: 0,
            commands: HashMap::new(),
            frames,
        }
    }

    /// Decides one batch: all of its records join the group, or none.
    pub(crate) fn add(&mut self, index: &Index, batch: &Prepared) -> Result<Sequenced, AppendError> {
        let pending = self.commands.get(&batch.command_id).copied();
        if let Some(first) = pending.or_else(|| index.recent.first_position(batch.command_id)) {
            return Ok(Sequenced::Replayed { first });
        }
        let heads = self.expected_heads(index, batch)?;
        let first = Position(self.position.0 + 1);
        let mut versions = Vec::new();
        for (stream, head) in batch.streams.iter().zip(heads) {
            if !stream.events.is_empty() {
                versions.push((stream.name.clone(), self.stamp(stream, head)));
            }
        }
        self.commands.insert(batch.command_id, first);
        Ok(Sequenced::Appended(Appended { first, last: self.position, versions, replayed: false }))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.count() == 0
    }

    /// The records in order.
    pub(crate) fn frames(&self) -> &Frames {
        &self.frames
    }

    pub(crate) fn first_position(&self) -> Position {
        Position(self.position.0 + 1 - self.frames.count() as u64)
    }

    pub(crate) fn last_position(&self) -> Position {
        self.position
    }

    /// Hash of the last record.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    pub(crate) fn recorded_at_ms(&self) -> i64 {
        self.recorded_at_ms
    }

    /// The head of each stream of the batch, once all are known to stand where the writer believed.
    fn expected_heads(
        &self,
        index: &Index,
        batch: &Prepared,
    ) -> Result<[StreamHead; STREAMS_PER_APPEND_MAX], AppendError> {
        let mut heads = [StreamHead::default(); STREAMS_PER_APPEND_MAX];
        for (stream, head) in batch.streams.iter().zip(&mut heads) {
            *head = self.streams.get(stream.key).unwrap_or_else(|| index.streams.head(stream.key));
            let expected = stream.expected.version();
            if head.version != expected {
                let (stream, actual) = (stream.name.clone(), head.version);
                return Err(AppendError::Conflict { stream, expected, actual });
            }
        }
        let length_max =
            if batch.privileged { STREAM_LENGTH_MAX } else { STREAM_LENGTH_MAX - STREAM_LENGTH_RESERVED };
        let mut streams_new = self.streams_new;
        for (stream, head) in batch.streams.iter().zip(&heads).filter(|(stream, _)| !stream.events.is_empty())
        {
            if head.version.0 + stream.events.len() as u64 > length_max {
                return Err(AppendError::StreamFull { stream: stream.name.clone() });
            }
            streams_new += usize::from(head.version.0 == 0);
        }
        if streams_new > 0 && index.streams.count() + streams_new > index.streams_max {
            return Err(AppendError::StreamsFull);
        }
        Ok(heads)
    }

    fn stamp(&mut self, stream: &PreparedStream, mut head: StreamHead) -> StreamVersion {
        let before = head.version;
        for event in &stream.events {
            self.position.0 += 1;
            let stamp = Stamp {
                position: self.position,
                version: StreamVersion(head.version.0 + 1),
                previous_in_stream: head.position,
                recorded_at_ms: self.recorded_at_ms,
                previous_hash: self.hash,
                hash: [0; 32],
            };
            head = StreamHead { position: stamp.position, version: stamp.version };
            self.hash = self.frames.add(|out| {
                out.extend_from_slice(&event.body);
                stamp.seal(&event.body_hashed, out)
            });
        }
        self.streams_new += usize::from(before.0 == 0);
        self.streams.set(stream.key, head);
        if before.0 < STREAM_LENGTH_WARN && head.version.0 >= STREAM_LENGTH_WARN {
            let (category, length) = (stream.name.category(), head.version.0);
            tracing::warn!(category, length, position = head.position.0, "a stream has grown long");
        }
        head.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorEnvelope, AppendBatch, Envelope, Expected, NewEvent, StreamAppend, StreamName};

    fn batch(command: u128, streams: &[&str]) -> Prepared {
        let envelope = Envelope {
            command_id: Uuid::from_u128(command),
            fingerprint: None,
            causation_id: None,
            actor: ActorEnvelope::default(),
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            privileged: false,
        };
        let event = NewEvent { event_type: "a.b".to_owned(), schema: 1, payload: vec![], subjects: vec![] };
        let append = |name: &&str| StreamAppend {
            stream: StreamName::parse(name).unwrap(),
            expected: Expected::NoStream,
            events: vec![event.clone()],
        };
        let streams = streams.iter().map(append).collect();
        Prepared::new(Uuid::nil(), AppendBatch { envelope, streams }).unwrap()
    }

    #[test]
    fn a_log_full_of_streams_takes_no_new_one_and_goes_on_with_the_others() {
        let mut index = Index { streams_max: 3, ..Index::empty(Uuid::nil()) };
        let mut group = Group::after(&index, 0, Frames::default());
        group.add(&index, &batch(1, &["a-1", "a-2"])).unwrap();
        assert!(matches!(group.add(&index, &batch(2, &["a-3", "a-4"])), Err(AppendError::StreamsFull)));
        group.add(&index, &batch(3, &["a-3"])).unwrap();
        assert!(matches!(group.add(&index, &batch(4, &["a-4"])), Err(AppendError::StreamsFull)));
        index.apply(group);
        let mut group = Group::after(&index, 0, Frames::default());
        assert!(matches!(group.add(&index, &batch(5, &["a-4"])), Err(AppendError::StreamsFull)));
        let mut known = batch(6, &["a-1"]);
        known.streams[0].expected = Expected::Exact(StreamVersion(1));
        group.add(&index, &known).unwrap();
    }

    #[test]
    fn a_dropped_group_leaves_no_trace() {
        let index = Index::empty(Uuid::nil());
        let mut group = Group::after(&index, 0, Frames::default());
        group.add(&index, &batch(1, &["a-1"])).unwrap();
        drop(group);
        let mut group = Group::after(&index, 0, Frames::default());
        let again = group.add(&index, &batch(1, &["a-1"])).unwrap();
        assert!(matches!(again, Sequenced::Appended(Appended { first: Position(1), .. })));
    }
}
