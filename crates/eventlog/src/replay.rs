//! Following stored records in order: finds the first that does not belong, and rebuilds the index on the way.

use crate::codec::{Body, Outline, Stamp};
use crate::frames::Fault;
use crate::sequencer::Index;
use crate::streams::{STREAMS_MAX, StreamHead, StreamKey};
use crate::{Position, StreamVersion, record};
use uuid::Uuid;

/// How closely records are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scrutiny {
    /// Behind this position each record is read in full and its own hash computed anew; before it the chain of
    /// stored hashes is followed only (the checksum of the frame is checked always).
    pub(crate) hashes_after: Position,
    /// Behind this position commands are remembered.
    pub(crate) commands_after: Position,
    /// What a record must hash to, as noted outside the store.
    pub(crate) known: Option<(Position, [u8; 32])>,
}

impl Scrutiny {
    /// Every hash, no commands.
    pub(crate) fn full() -> Self {
        Self { hashes_after: Position(0), commands_after: Position(u64::MAX), known: None }
    }
}

/// The index as of the last whole batch, and the records of the batch behind it.
pub(crate) struct Replay {
    index: Index,
    scrutiny: Scrutiny,
    batch: Vec<(StreamKey, StreamHead)>,
    command_id: Uuid,
    batch_length: u16,
    hash: [u8; 32],
    recorded_at_ms: i64,
}

impl Replay {
    pub(crate) fn new(log_id: Uuid, scrutiny: Scrutiny) -> Self {
        let index = Index::empty(log_id);
        let (hash, recorded_at_ms) = (index.head.hash, index.recorded_at_ms);
        let command_id = Uuid::nil();
        Self { index, scrutiny, batch: Vec::new(), command_id, batch_length: 0, hash, recorded_at_ms }
    }

    /// Where the next record belongs.
    pub(crate) fn next(&self) -> Position {
        Position(self.index.head.position.0 + self.batch.len() as u64 + 1)
    }

    /// The last record of the last whole batch.
    pub(crate) fn whole(&self) -> Position {
        self.index.head.position
    }

    pub(crate) fn into_index(self) -> Index {
        self.index
    }

    /// Takes the next record, or says why it is not the next record.
    pub(crate) fn see(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let position = self.next();
        self.follow(position, bytes).map_err(|what| Fault::new(position, what))
    }

    fn follow(&mut self, position: Position, bytes: &[u8]) -> Result<(), String> {
        let body = Outline::decode(bytes).map_err(|error| error.to_string())?;
        let stamp = Stamp::decode(bytes).map_err(|error| error.to_string())?;
        if stamp.position != position {
            return Err(format!("the record says position {}", stamp.position.0));
        }
        if body.log_id != self.index.head.log_id {
            return Err("the record belongs to another log".to_owned());
        }
        if stamp.previous_hash != self.hash {
            return Err("the hash chain is broken".to_owned());
        }
        if position > self.scrutiny.hashes_after {
            scrutinize(bytes)?;
        }
        if self.scrutiny.known.is_some_and(|(at, hash)| at == position && hash != stamp.hash) {
            return Err("the record is not the one noted in the head file".to_owned());
        }
        if stamp.recorded_at_ms < self.recorded_at_ms {
            return Err("the record is older than the one before".to_owned());
        }
        self.follow_batch(&body)?;
        let head = self.follow_stream(&body, &stamp)?;
        self.batch.push(head);
        self.hash = stamp.hash;
        self.recorded_at_ms = stamp.recorded_at_ms;
        if self.batch.len() == usize::from(self.batch_length) {
            self.complete_batch(position)?;
        }
        Ok(())
    }

    fn follow_batch(&mut self, body: &Outline<'_>) -> Result<(), String> {
        if self.batch.is_empty() {
            (self.command_id, self.batch_length) = (body.command_id, body.batch_length);
        }
        let fits = usize::from(body.batch_index) == self.batch.len()
            && body.batch_index < body.batch_length
            && (body.batch_length, body.command_id) == (self.batch_length, self.command_id);
        if fits { Ok(()) } else { Err("the record does not continue its batch".to_owned()) }
    }

    fn follow_stream(&self, body: &Outline<'_>, stamp: &Stamp) -> Result<(StreamKey, StreamHead), String> {
        let key = StreamKey::of_bytes(body.stream);
        let within_batch = self.batch.iter().rev().find(|(other, _)| *other == key);
        let before = within_batch.map_or_else(|| self.index.streams.head(key), |(_, head)| *head);
        let version = StreamVersion(before.version.0 + 1);
        if (stamp.version, stamp.previous_in_stream) == (version, before.position) {
            Ok((key, StreamHead { position: stamp.position, version }))
        } else {
            Err("the record does not continue its stream".to_owned())
        }
    }

    fn complete_batch(&mut self, position: Position) -> Result<(), String> {
        for (key, head) in self.batch.drain(..) {
            self.index.streams.set(key, head);
        }
        if self.index.streams.count() > STREAMS_MAX {
            return Err(format!("the log has more than {STREAMS_MAX} streams"));
        }
        if position > self.scrutiny.commands_after {
            let first = Position(position.0 + 1 - u64::from(self.batch_length));
            self.index.recent.remember(self.command_id, first);
        }
        self.index.head.position = position;
        self.index.head.hash = self.hash;
        self.index.recorded_at_ms = self.recorded_at_ms;
        Ok(())
    }
}

fn scrutinize(bytes: &[u8]) -> Result<(), String> {
    Body::decode(bytes).map_err(|error| error.to_string())?;
    if record::hash_holds(bytes) {
        Ok(())
    } else {
        Err("the record is not what its hash was made of".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorEnvelope, Record, StreamName};
    use chrono::DateTime;
    use sha2::{Digest, Sha256};

    /// The record behind another, right in every respect.
    fn behind(before: Option<&Record>, log_id: Uuid) -> Record {
        let position = before.map_or(1, |before| before.position.0 + 1);
        let record = Record {
            format: record::FORMAT,
            min_reader: record::READER,
            log_id,
            position: Position(position),
            stream: StreamName::parse("a-1").unwrap(),
            version: StreamVersion(position),
            previous_in_stream: Position(position - 1),
            event_id: Uuid::nil(),
            command_id: Uuid::from_u128(u128::from(position)),
            fingerprint: None,
            causation_id: None,
            batch_index: 0,
            batch_length: 1,
            event_type: "a.happened".to_owned(),
            schema: 1,
            recorded_at: DateTime::from_timestamp_millis(5_000).unwrap(),
            actor: ActorEnvelope::default(),
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            subjects: vec![],
            payload: vec![],
            previous_hash: before.map_or(record::genesis_hash(log_id), |before| before.hash),
            hash: [0; 32],
        };
        hashed(record)
    }

    fn hashed(mut record: Record) -> Record {
        let bytes = record.encode();
        record.hash = Sha256::digest(&bytes[..bytes.len() - 32]).into();
        record
    }

    #[test]
    fn each_way_of_not_being_the_next_record_is_noticed() {
        type Change = fn(&mut Record);
        let cases: [(&str, Change); 10] = [
            ("says position", |record| record.position.0 += 1),
            ("another log", |record| record.log_id = Uuid::from_u128(2)),
            ("hash chain", |record| record.previous_hash[0] ^= 1),
            ("older", |record| record.recorded_at = DateTime::from_timestamp_millis(4_999).unwrap()),
            ("its batch", |record| record.batch_index = 1),
            ("its batch", |record| record.batch_length = 0),
            ("its stream", |record| record.version.0 += 1),
            ("its stream", |record| record.previous_in_stream.0 -= 1),
            ("its stream", |record| record.stream = StreamName::parse("a-2").unwrap()),
            ("reader", |record| record.min_reader = 2),
        ];
        let log_id = Uuid::from_u128(1);
        let first = behind(None, log_id);
        let second = behind(Some(&first), log_id);
        for (what, change) in cases {
            let mut replay = Replay::new(log_id, Scrutiny::full());
            replay.see(&first.encode()).unwrap();
            let mut changed = second.clone();
            change(&mut changed);
            let fault = replay.see(&hashed(changed).encode()).unwrap_err();
            assert!(fault.what.contains(what), "{} is not about {what}", fault.what);
            assert_eq!(fault.position, Position(2));
            replay.see(&second.encode()).unwrap();
            assert_eq!(replay.whole(), Position(2));
        }
        let mut replay = Replay::new(log_id, Scrutiny::full());
        let unhashed = Record { policy_version: 2, ..first };
        assert!(replay.see(&unhashed.encode()).unwrap_err().what.contains("its hash"));
    }
}
