//! Reading records by position, by stream and by command, the same for every engine.

use crate::codec::{Body, Stamp};
use crate::frames::See;
use crate::record::RecordError;
use crate::streams::{StreamHead, StreamKey};
use crate::{Appended, CommandRecord, Head, Position, ReadError, Record, StreamName, StreamVersion};
use std::collections::VecDeque;
use uuid::Uuid;

/// Durable records by position.
pub(crate) trait Stored: Send + Sync {
    /// Shows the records in `first..=last` in order.
    fn each(&self, first: Position, last: Position, see: &mut See<'_>) -> Result<(), ReadError>;
}

/// What an engine with an index in memory offers to read with.
pub(crate) trait Records: Stored {
    fn head(&self) -> Head;

    /// Where a stream ends.
    fn stream_head(&self, key: StreamKey) -> StreamHead;

    /// First position of a command, when it is among the recent ones.
    fn recent_command(&self, command_id: Uuid) -> Option<Position>;
}

/// The bytes of one durable record.
fn record(records: &dyn Stored, position: Position) -> Result<Vec<u8>, ReadError> {
    let mut found = Vec::new();
    records.each(position, position, &mut |_, bytes| {
        found = bytes.to_vec();
        Ok(())
    })?;
    Ok(found)
}

fn corrupt(position: Position, error: &RecordError) -> ReadError {
    ReadError::Corrupt { position, what: error.to_string() }
}

/// At most `limit` records after a position, none beyond `head`.
pub(crate) fn after(
    records: &dyn Records,
    after: Position,
    limit: u32,
    head: Position,
) -> Result<Vec<Record>, ReadError> {
    let last = head.min(Position(after.0.saturating_add(u64::from(limit))));
    let mut found = Vec::new();
    if after < last {
        records.each(Position(after.0 + 1), last, &mut |position, bytes| {
            found.push(Record::decode(bytes).map_err(|error| corrupt(position, &error))?);
            Ok(())
        })?;
    }
    Ok(found)
}

/// The oldest `limit` records of a stream after a version, and where the later ones stand, newest first. The
/// stream is walked back from its end once, so the cost is that of all records after the version.
pub(crate) fn stream(
    records: &dyn Records,
    name: &StreamName,
    head: StreamHead,
    after: StreamVersion,
    limit: u32,
) -> Result<(Vec<Record>, Vec<Position>), ReadError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut kept: VecDeque<(Position, Vec<u8>)> = VecDeque::new();
    let mut later = Vec::new();
    let mut walk = Walk::back(records, name, head);
    while walk.at.version > after {
        let position = walk.at.position;
        kept.push_front((position, walk.step()?));
        if kept.len() > limit {
            later.extend(kept.pop_back().map(|(position, _)| position));
        }
    }
    let mut found = Vec::with_capacity(kept.len());
    for (position, bytes) in kept {
        found.push(Record::decode(&bytes).map_err(|error| corrupt(position, &error))?);
    }
    Ok((found, later))
}

/// The records at these positions.
pub(crate) fn at(records: &dyn Records, positions: &[Position]) -> Result<Vec<Record>, ReadError> {
    let decoded = |position: &Position| {
        Record::decode(&record(records, *position)?).map_err(|error| corrupt(*position, &error))
    };
    positions.iter().map(decoded).collect()
}

/// The place of a command in a stream, looked for from the end back to a version.
pub(crate) fn command_in_stream(
    records: &dyn Records,
    command_id: Uuid,
    name: &StreamName,
    head: StreamHead,
    after: StreamVersion,
) -> Result<Option<CommandRecord>, ReadError> {
    let mut walk = Walk::back(records, name, head);
    while walk.at.version > after {
        let position = walk.at.position;
        let bytes = walk.step()?;
        let body = Body::decode(&bytes).map_err(|error| corrupt(position, &error))?;
        if body.command_id == command_id {
            let first = Position(position.0.saturating_sub(u64::from(body.batch_index)));
            return command_at(records, first).map(Some);
        }
    }
    Ok(None)
}

/// The command whose batch begins at a position.
pub(crate) fn command_at(records: &dyn Stored, first: Position) -> Result<CommandRecord, ReadError> {
    let bytes = record(records, first)?;
    let body = Body::decode(&bytes).map_err(|error| corrupt(first, &error))?;
    let last = Position(first.0 + u64::from(body.batch_length.max(1)) - 1);
    let mut versions: Vec<(StreamName, StreamVersion)> = Vec::new();
    records.each(first, last, &mut |position, bytes| {
        let record = Record::decode(bytes).map_err(|error| corrupt(position, &error))?;
        match versions.last_mut() {
            Some((stream, version)) if *stream == record.stream => *version = record.version,
            _ => versions.push((record.stream, record.version)),
        }
        Ok(())
    })?;
    let appended = Appended { first, last, versions, replayed: true };
    Ok(CommandRecord { appended, fingerprint: body.fingerprint })
}

/// A stream from its end to its beginning.
struct Walk<'a> {
    records: &'a dyn Records,
    name: &'a StreamName,
    at: StreamHead,
}

impl<'a> Walk<'a> {
    fn back(records: &'a dyn Records, name: &'a StreamName, head: StreamHead) -> Self {
        Self { records, name, at: head }
    }

    /// The record the walk stands at; moves to the one before.
    fn step(&mut self) -> Result<Vec<u8>, ReadError> {
        let StreamHead { position, version } = self.at;
        let bytes = record(self.records, position)?;
        let body = Body::decode(&bytes).map_err(|error| corrupt(position, &error))?;
        let stamp = Stamp::decode(&bytes).map_err(|error| corrupt(position, &error))?;
        let fits = body.stream == self.name.as_str()
            && (stamp.position, stamp.version) == (position, version)
            && stamp.previous_in_stream < position;
        if !fits {
            return Err(ReadError::Corrupt { position, what: "the stream's chain is broken".to_owned() });
        }
        self.at = StreamHead { position: stamp.previous_in_stream, version: StreamVersion(version.0 - 1) };
        Ok(bytes)
    }
}
