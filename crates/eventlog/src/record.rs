//! The record: what is stored, hashed and exported, byte for byte the same in every engine.

use crate::{ActorEnvelope, Position, StreamName, StreamVersion};
use chrono::{DateTime, Utc};
use uuid::Uuid;

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
