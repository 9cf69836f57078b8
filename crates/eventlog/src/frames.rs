//! Records packed into values of a key-value store, and unpacked again.
//!
//! A frame is a length (4 bytes, big-endian), the CRC-32 of the record (4 bytes) and the record. A chunk holds
//! whole frames up to [`CHUNK_BYTES_MAX`] under its first position (8 bytes, big-endian). A frame too long for
//! that stands alone and goes on in further chunks, whose keys carry a part number (2 bytes) behind the
//! position. So the chunk of a position is the last one at or before it.

use crate::{Position, ReadError};
use std::iter;

/// Small enough that pages of the store stay far below the size at which it moves them into files of their own.
pub(crate) const CHUNK_BYTES_MAX: usize = 4096;
const PREFIX_BYTES: usize = 8;
/// No record is longer: payload, envelope at its limits and subjects fit twice.
const RECORD_BYTES_MAX: usize = 64 * 1024;

/// One value of the store.
pub(crate) struct Chunk<'a> {
    pub(crate) key: ChunkKey,
    pub(crate) bytes: &'a [u8],
}

/// Position of the chunk's first record, and which part of it when it is a long one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkKey {
    pub(crate) first: Position,
    pub(crate) part: u16,
}

impl ChunkKey {
    pub(crate) fn of(first: Position) -> Self {
        Self { first, part: 0 }
    }

    /// Sorts as positions do, further parts behind the first.
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut bytes = self.first.0.to_be_bytes().to_vec();
        if self.part > 0 {
            bytes.extend_from_slice(&self.part.to_be_bytes());
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (first, part) = bytes.split_first_chunk::<8>()?;
        let part = match part {
            [] => 0,
            part => u16::from_be_bytes(part.try_into().ok()?),
        };
        Some(Self { first: Position(u64::from_be_bytes(*first)), part })
    }
}

/// The first place where stored bytes are not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) position: Position,
    pub(crate) what: String,
}

impl Fault {
    pub(crate) fn new(position: Position, what: impl Into<String>) -> Self {
        Self { position, what: what.into() }
    }
}

/// Looks at the record of a position.
pub(crate) type See<'a> = dyn FnMut(Position, &[u8]) -> Result<(), ReadError> + 'a;

impl From<Fault> for ReadError {
    fn from(Fault { position, what }: Fault) -> Self {
        Self::Corrupt { position, what }
    }
}

/// Records that follow each other, framed on the way in.
#[derive(Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Frames {
    /// Adds the record that `write` appends.
    pub(crate) fn add<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let start = self.bytes.len() + PREFIX_BYTES;
        self.bytes.resize(start, 0);
        let written = write(&mut self.bytes);
        let record = &self.bytes[start..];
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        let crc = crc32fast::hash(record);
        self.bytes[start - PREFIX_BYTES..start - 4].copy_from_slice(&length.to_be_bytes());
        self.bytes[start - 4..start].copy_from_slice(&crc.to_be_bytes());
        self.ends.push(self.bytes.len());
        written
    }

    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Size of all frames.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let starts = iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start + PREFIX_BYTES..*end])
    }

    /// The chunks to store when the first record has this position.
    pub(crate) fn chunks(&self, first: Position) -> Vec<Chunk<'_>> {
        let mut chunks = Vec::with_capacity(self.bytes.len() / CHUNK_BYTES_MAX * 2 + 1);
        let (mut start, mut key) = (0, ChunkKey::of(first));
        let mut last_end = 0;
        for (position, end) in (first.0..).map(Position).zip(self.ends.iter().copied()) {
            if end - start > CHUNK_BYTES_MAX && last_end > start {
                chunks.push(Chunk { key, bytes: &self.bytes[start..last_end] });
                (start, key) = (last_end, ChunkKey::of(position));
            }
            if end - start > CHUNK_BYTES_MAX {
                let parts = (0..).zip(self.bytes[start..end].chunks(CHUNK_BYTES_MAX));
                chunks.extend(parts.map(|(part, bytes)| Chunk { key: ChunkKey { part, ..key }, bytes }));
                (start, key) = (end, ChunkKey::of(Position(position.0 + 1)));
            }
            last_end = end;
        }
        if last_end > start {
            chunks.push(Chunk { key, bytes: &self.bytes[start..last_end] });
        }
        chunks
    }
}

/// How many bytes the first `count` frames of a chunk take, when they are whole.
pub(crate) fn bytes_of_frames(mut chunk: &[u8], count: u64) -> Option<usize> {
    let before = chunk.len();
    for _ in 0..count {
        let (length, _, rest) = split_prefix(chunk)?;
        chunk = rest.get(length..)?;
    }
    Some(before - chunk.len())
}

fn split_prefix(bytes: &[u8]) -> Option<(usize, u32, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_be_bytes(*length)).ok()?, u32::from_be_bytes(*crc), rest))
}

/// Takes chunks in order of their keys and shows the records in them.
pub(crate) struct Unpacker {
    next: Position,
    long: Option<LongRecord>,
}

struct LongRecord {
    next_part: u16,
    frame: Vec<u8>,
}

impl Unpacker {
    /// Expects the chunk that begins at a position.
    pub(crate) fn from(first: Position) -> Self {
        Self { next: first, long: None }
    }

    /// The record that comes next.
    pub(crate) fn next(&self) -> Position {
        self.next
    }

    /// Whether a record has begun and not ended.
    pub(crate) fn is_within_record(&self) -> bool {
        self.long.is_some()
    }

    /// Shows each record that the chunk completes.
    pub(crate) fn feed(&mut self, key: ChunkKey, chunk: &[u8], see: &mut See<'_>) -> Result<(), ReadError> {
        let fault = |at, what: &str| Err(ReadError::from(Fault::new(at, what)));
        let expected_part = self.long.as_ref().map_or(0, |long| long.next_part);
        if (key.first, key.part) != (self.next, expected_part) {
            return fault(self.next, "the record is missing");
        }
        if let Some(mut long) = self.long.take() {
            long.next_part += 1;
            long.frame.extend_from_slice(chunk);
            return self.long_record(long, see);
        }
        let mut rest = chunk;
        while !rest.is_empty() {
            let Some((length, crc, behind)) = split_prefix(rest) else {
                return fault(self.next, "the frame is cut off");
            };
            if length > RECORD_BYTES_MAX {
                return fault(self.next, "the frame's length is impossible");
            }
            let Some((record, behind)) = behind.split_at_checked(length) else {
                if rest.len() < chunk.len() || chunk.len() < CHUNK_BYTES_MAX {
                    return fault(self.next, "the frame is cut off");
                }
                self.long = Some(LongRecord { next_part: 1, frame: chunk.to_vec() });
                return Ok(());
            };
            self.show(record, crc, see)?;
            rest = behind;
        }
        Ok(())
    }

    fn long_record(&mut self, long: LongRecord, see: &mut See<'_>) -> Result<(), ReadError> {
        match split_prefix(&long.frame) {
            Some((length, crc, record)) if record.len() == length => self.show(record, crc, see),
            Some((length, _, record)) if record.len() < length => {
                self.long = Some(long);
                Ok(())
            }
            _ => Err(ReadError::from(Fault::new(self.next, "the frame is longer than it says"))),
        }
    }

    fn show(&mut self, record: &[u8], crc: u32, see: &mut See<'_>) -> Result<(), ReadError> {
        if crc32fast::hash(record) != crc {
            return Err(ReadError::from(Fault::new(self.next, "the checksum does not fit")));
        }
        see(self.next, record)?;
        self.next.0 += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            sizes in prop::collection::vec(prop_oneof![0..200_usize, 3_900..4_300_usize, 0..20_000_usize], 0..40),
            first in 1..u64::from(u32::MAX),
        ) {
            let records: Vec<Vec<u8>> = (0_u8..).zip(&sizes).map(|(byte, size)| vec![byte; *size]).collect();
            let mut frames = Frames::default();
            for record in &records {
                frames.add(|out| out.extend_from_slice(record));
            }
            prop_assert_eq!(frames.records().collect::<Vec<_>>(), records.iter().collect::<Vec<_>>());
            let chunks = frames.chunks(Position(first));
            prop_assert!(chunks.iter().all(|chunk| chunk.bytes.len() <= CHUNK_BYTES_MAX));
            prop_assert!(chunks.is_sorted_by_key(|chunk| chunk.key.encode()));
            let (mut unpacker, mut seen) = (Unpacker::from(Position(first)), Vec::new());
            for chunk in &chunks {
                prop_assert_eq!(ChunkKey::decode(&chunk.key.encode()), Some(chunk.key));
                let see = &mut |position: Position, bytes: &[u8]| {
                    seen.push((position.0, bytes.to_vec()));
                    Ok(())
                };
                unpacker.feed(chunk.key, chunk.bytes, see).unwrap();
            }
            prop_assert_eq!(seen, (first..).zip(records).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_make_unpacking_panic(chunks in prop::collection::vec(any::<Vec<u8>>(), 0..5)) {
            let mut unpacker = Unpacker::from(Position(1));
            for chunk in chunks {
                let key = ChunkKey::of(unpacker.next());
                prop_assert!(bytes_of_frames(&chunk, 3).is_none_or(|count| count <= chunk.len()));
                if unpacker.feed(key, &chunk, &mut |_, _| Ok(())).is_err() {
                    break;
                }
            }
        }
    }
}
