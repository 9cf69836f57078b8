//! The record: what is stored, hashed and exported, byte for byte the same in every engine.
//!
//! Layout of format 1. Integers are big-endian; a text is one byte of length and that many bytes of visible
//! ASCII; an optional field is a byte 0, or a byte 1 and the field.
//!
//! | bytes | field |
//! |---|---|
//! | 4 | magic `PREC` |
//! | 2 | format |
//! | 2 | min_reader |
//! | 16 | log_id |
//! | 16 | event_id |
//! | 16 | command_id |
//! | 2 | batch_index |
//! | 2 | batch_length |
//! | 2 | schema |
//! | 4 | policy_version |
//! | text | stream |
//! | text | event_type |
//! | 4 texts | actor: kind, id, authority, session |
//! | optional text | on_behalf_of |
//! | optional text | reason |
//! | optional 32 | fingerprint |
//! | optional 16 | causation_id |
//! | optional 16 | request_id |
//! | 1 + 16 each | subjects |
//! | 4 + length | payload |
//! | 8 | position |
//! | 8 | version |
//! | 8 | previous_in_stream |
//! | 8 | recorded_at, signed milliseconds since 1970-01-01T00:00:00Z |
//! | 32 | previous_hash |
//! | 32 | hash |
//!
//! What the writer stamps stands at the end, at fixed distances from it, so that everything before can be
//! encoded and hashed outside the writer. `hash` is SHA-256 over all bytes before it: an auditor needs
//! `head -c -32 RECORD | sha256sum`. The first record's `previous_hash` is SHA-256 over the 16 bytes of the
//! log id. A later format that old programs may read keeps this layout and adds its fields before `position`.

use crate::codec::{Body, Stamp};
use crate::{ActorEnvelope, Position, StreamName, StreamVersion};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

/// The layout this program writes.
pub const FORMAT: u16 = 1;
/// The newest `min_reader` this program understands.
pub const READER: u16 = 1;

pub(crate) const HASH_BYTES: usize = 32;

/// One event with its envelope, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Layout of the record.
    pub format: u16,
    /// Oldest program that may read it.
    pub min_reader: u16,
    /// Which log it belongs to.
    pub log_id: Uuid,
    /// Place in the total order.
    pub position: Position,
    /// Which stream.
    pub stream: StreamName,
    /// Place in the stream, from 1.
    pub version: StreamVersion,
    /// Position of the stream's record before; 0 for the first.
    pub previous_in_stream: Position,
    /// UUIDv5 of command id and place in the batch.
    pub event_id: Uuid,
    /// Which command.
    pub command_id: Uuid,
    /// Keyed hash of the request.
    pub fingerprint: Option<[u8; 32]>,
    /// The event that caused the command.
    pub causation_id: Option<Uuid>,
    /// Place in the batch, from 0.
    pub batch_index: u16,
    /// Events in the batch.
    pub batch_length: u16,
    /// Stored type.
    pub event_type: String,
    /// Schema of the payload.
    pub schema: u16,
    /// Stamped by the writer, milliseconds, never decreasing.
    pub recorded_at: DateTime<Utc>,
    /// Who.
    pub actor: ActorEnvelope,
    /// For whom.
    pub on_behalf_of: Option<String>,
    /// Reason code.
    pub reason: Option<String>,
    /// Request.
    pub request_id: Option<Uuid>,
    /// Policy in force.
    pub policy_version: u32,
    /// Whose keys seal fields.
    pub subjects: Vec<Uuid>,
    /// Bytes as given.
    pub payload: Vec<u8>,
    /// Hash of the record before; of the log id for the first.
    pub previous_hash: [u8; 32],
    /// SHA-256 over everything above as stored.
    pub hash: [u8; 32],
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes end before the field does.
    #[error("the record ends within {0}")]
    Short(&'static str),
    /// A field holds what it can't hold.
    #[error("the record's {0} is malformed")]
    Malformed(&'static str),
    /// Written for a later program.
    #[error("the record needs reader {min_reader}, this program is reader {READER}")]
    Newer {
        /// What the record asks for.
        min_reader: u16,
    },
}

/// What stands before the first record in the hash chain.
pub fn genesis_hash(log_id: Uuid) -> [u8; 32] {
    Sha256::digest(log_id.as_bytes()).into()
}

/// Whether a record's bytes are what its hash was made of.
pub fn hash_holds(bytes: &[u8]) -> bool {
    let Some((body, hash)) = bytes.split_last_chunk::<HASH_BYTES>() else { return false };
    Sha256::digest(body)[..] == hash[..]
}

/// Hexadecimal digits, as in exports and reports.
pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

impl Record {
    /// The stored bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 + self.payload.len());
        self.body().encode(&mut bytes);
        self.stamp().encode(&mut bytes);
        bytes
    }

    /// Reads stored bytes; does not check the hash, see [`hash_holds`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let stamp = Stamp::decode(bytes)?;
        let body = Body::decode(bytes)?;
        Ok(Self {
            format: body.format,
            min_reader: body.min_reader,
            log_id: body.log_id,
            position: stamp.position,
            stream: StreamName::parse(body.stream).map_err(|_| RecordError::Malformed("stream"))?,
            version: stamp.version,
            previous_in_stream: stamp.previous_in_stream,
            event_id: body.event_id,
            command_id: body.command_id,
            fingerprint: body.fingerprint,
            causation_id: body.causation_id,
            batch_index: body.batch_index,
            batch_length: body.batch_length,
            event_type: body.event_type.to_owned(),
            schema: body.schema,
            recorded_at: DateTime::from_timestamp_millis(stamp.recorded_at_ms)
                .ok_or(RecordError::Malformed("recorded_at"))?,
            actor: ActorEnvelope {
                kind: body.actor[0].to_owned(),
                id: body.actor[1].to_owned(),
                authority: body.actor[2].to_owned(),
                session: body.actor[3].to_owned(),
            },
            on_behalf_of: body.on_behalf_of.map(str::to_owned),
            reason: body.reason.map(str::to_owned),
            request_id: body.request_id,
            policy_version: body.policy_version,
            subjects: body.subjects.into_owned(),
            payload: body.payload.to_vec(),
            previous_hash: stamp.previous_hash,
            hash: stamp.hash,
        })
    }

    fn body(&self) -> Body<'_> {
        let actor = &self.actor;
        Body {
            format: self.format,
            min_reader: self.min_reader,
            log_id: self.log_id,
            event_id: self.event_id,
            command_id: self.command_id,
            batch_index: self.batch_index,
            batch_length: self.batch_length,
            schema: self.schema,
            policy_version: self.policy_version,
            stream: self.stream.as_str(),
            event_type: &self.event_type,
            actor: [&actor.kind, &actor.id, &actor.authority, &actor.session],
            on_behalf_of: self.on_behalf_of.as_deref(),
            reason: self.reason.as_deref(),
            fingerprint: self.fingerprint,
            causation_id: self.causation_id,
            request_id: self.request_id,
            subjects: Cow::Borrowed(&self.subjects),
            payload: &self.payload,
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            position: self.position,
            version: self.version,
            previous_in_stream: self.previous_in_stream,
            recorded_at_ms: self.recorded_at.timestamp_millis(),
            previous_hash: self.previous_hash,
            hash: self.hash,
        }
    }
}
