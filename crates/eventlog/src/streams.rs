//! Where each stream ends: the derived index that expectations are checked against.

use crate::{Position, StreamName, StreamVersion};
use hashbrown::{HashTable, hash_table::Entry as TableEntry};
use sha2::{Digest, Sha256};

/// Most streams a log takes. An entry has 32 bytes and a byte of control in a table that is between 7/16 and
/// 7/8 full, so a stream costs 38 to 75 bytes of memory and a full index 277 MB; while the table grows, its
/// old half stands beside the new one.
pub const STREAMS_MAX: usize = 7_340_032;

/// First 128 bits of SHA-256 of the name. Two of 2^23 names share them with a chance below 2^-82, so equality
/// of keys is taken for equality of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StreamKey(u128);

impl StreamKey {
    pub(crate) fn of(stream: &StreamName) -> Self {
        Self::of_bytes(stream.as_str().as_bytes())
    }

    pub(crate) fn of_bytes(name: &[u8]) -> Self {
        let digest = Sha256::digest(name);
        let (first, _) = digest.split_at(16);
        Self(first.iter().fold(0, |key, byte| key << 8 | u128::from(*byte)))
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The key is uniform already: half of it serves as the table's hash.
    fn spread(self) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
        let half = self.0 as u64;
        half
    }
}

/// End of a stream; zeros when it holds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StreamHead {
    pub(crate) position: Position,
    pub(crate) version: StreamVersion,
}

struct Entry {
    key: StreamKey,
    position: u64,
    /// A stream holds at most [`STREAM_LENGTH_MAX`](crate::STREAM_LENGTH_MAX) events.
    version: u32,
}

impl Entry {
    fn head(&self) -> StreamHead {
        StreamHead { position: Position(self.position), version: StreamVersion(u64::from(self.version)) }
    }
}

/// All streams' ends.
#[derive(Default)]
pub(crate) struct Streams {
    table: HashTable<Entry>,
}

impl Streams {
    pub(crate) fn count(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn head(&self, key: StreamKey) -> StreamHead {
        self.get(key).unwrap_or_default()
    }

    pub(crate) fn get(&self, key: StreamKey) -> Option<StreamHead> {
        self.table.find(key.spread(), |entry| entry.key == key).map(Entry::head)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (StreamKey, StreamHead)> {
        self.table.iter().map(|entry| (entry.key, entry.head()))
    }

    pub(crate) fn set(&mut self, key: StreamKey, head: StreamHead) {
        let position = head.position.0;
        let version = u32::try_from(head.version.0).unwrap_or(u32::MAX);
        match self.table.entry(key.spread(), |entry| entry.key == key, |entry| entry.key.spread()) {
            TableEntry::Occupied(mut entry) => {
                let entry = entry.get_mut();
                (entry.position, entry.version) = (position, version);
            }
            TableEntry::Vacant(vacant) => {
                vacant.insert(Entry { key, position, version });
            }
        }
    }
}
