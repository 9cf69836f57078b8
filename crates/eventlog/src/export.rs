//! The log as lines of JSON: a header, one record a line, and a digest over all of them.
//!
//! Every field of a record is there, bytes as hexadecimal digits; the payload is a string when it is UTF-8 and
//! base64 otherwise. So the stored bytes, and with them the hashes, can be made again from a line.

use crate::record::{HASH_BYTES, hash_holds, hex};
use crate::{ActorEnvelope, EventLog, Position, ReadError, Record, StreamName, StreamVersion};
use chrono::{DateTime, Utc};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use uuid::Uuid;

pub(crate) const FORMAT: &str = "eventlog-export/1";
const PAGE: u32 = 500;

/// What was exported or imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// Which log.
    pub log_id: Uuid,
    /// How many records.
    pub events: u64,
    /// SHA-256 over the bytes of all records in order, as hexadecimal digits; the same as
    /// [`CheckReport::digest`](crate::CheckReport::digest).
    pub digest: String,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log could not be read.
    #[error("the log could not be read")]
    Read(#[from] ReadError),
    /// The output took no more.
    #[error("the export could not be written")]
    Write(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) log_id: Uuid,
    pub(crate) count: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    pub(crate) digest: String,
}

/// Writes all records up to the head as it is now.
pub async fn export(log: &EventLog, mut out: impl Write) -> Result<Transferred, ExportError> {
    let head = log.head();
    let header = Header { format: FORMAT.to_owned(), log_id: head.log_id, count: head.position.0 };
    put_line(&mut out, &header)?;
    let mut digest = Sha256::new();
    let mut after = Position(0);
    while after < head.position {
        let left = head.position.0 - after.0;
        for record in log.read_all(after, u32::try_from(left).unwrap_or(PAGE).min(PAGE)).await? {
            let bytes = record.encode();
            if !hash_holds(&bytes) {
                let what = "the record is not what its hash was made of".to_owned();
                return Err(ReadError::Corrupt { position: record.position, what }.into());
            }
            digest.update(&bytes);
            after = record.position;
            put_line(&mut out, &Line::from(record))?;
        }
    }
    let digest = hex(&digest.finalize());
    put_line(&mut out, &Trailer { digest: digest.clone() })?;
    out.flush()?;
    Ok(Transferred { log_id: head.log_id, events: head.position.0, digest })
}

fn put_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// A record as a line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    position: u64,
    stream: String,
    version: u64,
    previous_in_stream: u64,
    event_type: String,
    schema: u16,
    recorded_at: DateTime<Utc>,
    event_id: Uuid,
    command_id: Uuid,
    batch_index: u16,
    batch_length: u16,
    fingerprint: Option<String>,
    causation_id: Option<Uuid>,
    actor: Actor,
    on_behalf_of: Option<String>,
    reason: Option<String>,
    request_id: Option<Uuid>,
    policy_version: u32,
    subjects: Vec<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    format: u16,
    min_reader: u16,
    log_id: Uuid,
    previous_hash: String,
    hash: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Actor {
    kind: String,
    id: String,
    authority: String,
    session: String,
}

impl From<Record> for Line {
    fn from(record: Record) -> Self {
        let ActorEnvelope { kind, id, authority, session } = record.actor;
        let (payload, payload_base64) = match String::from_utf8(record.payload) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(BASE64.encode(error.as_bytes()))),
        };
        Self {
            position: record.position.0,
            stream: record.stream.as_str().to_owned(),
            version: record.version.0,
            previous_in_stream: record.previous_in_stream.0,
            event_type: record.event_type,
            schema: record.schema,
            recorded_at: record.recorded_at,
            event_id: record.event_id,
            command_id: record.command_id,
            batch_index: record.batch_index,
            batch_length: record.batch_length,
            fingerprint: record.fingerprint.map(|bytes| hex(&bytes)),
            causation_id: record.causation_id,
            actor: Actor { kind, id, authority, session },
            on_behalf_of: record.on_behalf_of,
            reason: record.reason,
            request_id: record.request_id,
            policy_version: record.policy_version,
            subjects: record.subjects,
            payload,
            payload_base64,
            format: record.format,
            min_reader: record.min_reader,
            log_id: record.log_id,
            previous_hash: hex(&record.previous_hash),
            hash: hex(&record.hash),
        }
    }
}

impl Line {
    /// The record again, or the field that is none.
    pub(crate) fn into_record(self) -> Result<Record, &'static str> {
        let Actor { kind, id, authority, session } = self.actor;
        let payload = match (self.payload, self.payload_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => BASE64.decode(text.as_bytes()).map_err(|_| "payload_base64")?,
            _ => return Err("payload"),
        };
        Ok(Record {
            format: self.format,
            min_reader: self.min_reader,
            log_id: self.log_id,
            position: Position(self.position),
            stream: StreamName::parse(&self.stream).map_err(|_| "stream")?,
            version: StreamVersion(self.version),
            previous_in_stream: Position(self.previous_in_stream),
            event_id: self.event_id,
            command_id: self.command_id,
            fingerprint: self.fingerprint.map(|text| unhex(&text).ok_or("fingerprint")).transpose()?,
            causation_id: self.causation_id,
            batch_index: self.batch_index,
            batch_length: self.batch_length,
            event_type: self.event_type,
            schema: self.schema,
            recorded_at: self.recorded_at,
            actor: ActorEnvelope { kind, id, authority, session },
            on_behalf_of: self.on_behalf_of,
            reason: self.reason,
            request_id: self.request_id,
            policy_version: self.policy_version,
            subjects: self.subjects,
            payload,
            previous_hash: unhex(&self.previous_hash).ok_or("previous_hash")?,
            hash: unhex(&self.hash).ok_or("hash")?,
        })
    }
}

fn unhex(text: &str) -> Option<[u8; HASH_BYTES]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
