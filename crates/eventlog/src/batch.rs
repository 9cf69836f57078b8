//! A batch on its way in: its limits, and the records as far as they are known before the writer stamps them.

use crate::codec::Body;
use crate::record;
use crate::streams::StreamKey;
use crate::{
    AppendBatch, EVENTS_PER_APPEND_MAX, Envelope, Expected, InvalidBatch, NewEvent, PAYLOAD_BYTES_MAX,
    STREAMS_PER_APPEND_MAX, StreamAppend, StreamName,
};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

/// Most subjects of one event.
pub const SUBJECTS_PER_EVENT_MAX: usize = 64;
/// Longest event type in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 100;
/// Longest text of the envelope in bytes: actor kind and authority, ids, session, reason code.
pub const ENVELOPE_TEXT_BYTES_MAX: usize = 100;

/// A batch within its limits, encoded and hashed up to what only the writer knows.
pub(crate) struct Prepared {
    pub(crate) command_id: Uuid,
    pub(crate) fingerprint: Option<[u8; 32]>,
    pub(crate) privileged: bool,
    pub(crate) streams: Vec<PreparedStream>,
}

pub(crate) struct PreparedStream {
    pub(crate) name: StreamName,
    pub(crate) key: StreamKey,
    pub(crate) expected: Expected,
    pub(crate) events: Vec<PreparedEvent>,
}

pub(crate) struct PreparedEvent {
    pub(crate) body: Vec<u8>,
    pub(crate) body_hashed: Sha256,
}

impl Prepared {
    /// Checks every limit of the contract, then encodes. Runs in the caller's task, to keep the writer short.
    pub(crate) fn new(log_id: Uuid, batch: AppendBatch) -> Result<Self, InvalidBatch> {
        check(&batch)?;
        let AppendBatch { envelope, streams } = batch;
        let batch_length = streams.iter().map(|stream| stream.events.len()).sum();
        let mut encoder = Encoder { log_id, envelope: &envelope, batch_length, next: 0 };
        let streams = streams.into_iter().map(|stream| encoder.stream(stream)).collect();
        Ok(Self {
            command_id: envelope.command_id,
            fingerprint: envelope.fingerprint,
            privileged: envelope.privileged,
            streams,
        })
    }
}

struct Encoder<'a> {
    log_id: Uuid,
    envelope: &'a Envelope,
    batch_length: usize,
    next: usize,
}

impl Encoder<'_> {
    fn stream(&mut self, append: StreamAppend) -> PreparedStream {
        let events = append.events.iter().map(|event| self.event(&append.stream, event)).collect();
        let key = StreamKey::of(&append.stream);
        PreparedStream { name: append.stream, key, expected: append.expected, events }
    }

    fn event(&mut self, stream: &StreamName, event: &NewEvent) -> PreparedEvent {
        let envelope = self.envelope;
        let actor = &envelope.actor;
        let mut body = Vec::with_capacity(400 + event.payload.len());
        Body {
            format: record::FORMAT,
            min_reader: record::READER,
            log_id: self.log_id,
            event_id: event_id(envelope.command_id, self.next),
            command_id: envelope.command_id,
            batch_index: small(self.next),
            batch_length: small(self.batch_length),
            schema: event.schema,
            policy_version: envelope.policy_version,
            stream: stream.as_str(),
            event_type: &event.event_type,
            actor: [&actor.kind, &actor.id, &actor.authority, &actor.session],
            on_behalf_of: envelope.on_behalf_of.as_deref(),
            reason: envelope.reason.as_deref(),
            fingerprint: envelope.fingerprint,
            causation_id: envelope.causation_id,
            request_id: envelope.request_id,
            subjects: Cow::Borrowed(&event.subjects),
            payload: &event.payload,
        }
        .encode(&mut body);
        self.next += 1;
        PreparedEvent { body_hashed: Sha256::new_with_prefix(&body), body }
    }
}

/// The id of the n-th event (from 0) of a command: UUIDv5 of the number as decimal text.
pub fn event_id(command_id: Uuid, place: usize) -> Uuid {
    Uuid::new_v5(&command_id, place.to_string().as_bytes())
}

/// Counts within a batch, at most [`EVENTS_PER_APPEND_MAX`].
fn small(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn check(batch: &AppendBatch) -> Result<(), InvalidBatch> {
    let streams = &batch.streams;
    if streams.len() > STREAMS_PER_APPEND_MAX {
        return Err(InvalidBatch::TooManyStreams);
    }
    match streams.iter().map(|stream| stream.events.len()).sum() {
        0 => return Err(InvalidBatch::Empty),
        1..=EVENTS_PER_APPEND_MAX => {}
        _ => return Err(InvalidBatch::TooManyEvents),
    }
    let is_named_before = |(n, stream): (usize, &StreamAppend)| {
        streams.iter().take(n).any(|before| before.stream == stream.stream)
    };
    if streams.iter().enumerate().any(is_named_before) {
        return Err(InvalidBatch::StreamTwice);
    }
    check_envelope(&batch.envelope)?;
    streams.iter().flat_map(|stream| &stream.events).try_for_each(check_event)
}

fn check_envelope(envelope: &Envelope) -> Result<(), InvalidBatch> {
    let actor = &envelope.actor;
    let texts = [
        ("actor kind", Some(&actor.kind)),
        ("actor id", Some(&actor.id)),
        ("actor authority", Some(&actor.authority)),
        ("actor session", Some(&actor.session)),
        ("on_behalf_of", envelope.on_behalf_of.as_ref()),
        ("reason", envelope.reason.as_ref()),
    ];
    match texts.iter().find(|(_, text)| text.is_some_and(|text| !fits(text, ENVELOPE_TEXT_BYTES_MAX))) {
        Some((field, _)) => Err(InvalidBatch::Field(field)),
        None => Ok(()),
    }
}

fn check_event(event: &NewEvent) -> Result<(), InvalidBatch> {
    if event.event_type.is_empty() || !fits(&event.event_type, EVENT_TYPE_BYTES_MAX) {
        return Err(InvalidBatch::Field("event type"));
    }
    if event.subjects.len() > SUBJECTS_PER_EVENT_MAX {
        return Err(InvalidBatch::Field("subjects"));
    }
    if event.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(InvalidBatch::PayloadTooLarge);
    }
    Ok(())
}

fn fits(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && text.bytes().all(|byte| byte.is_ascii_graphic())
}
