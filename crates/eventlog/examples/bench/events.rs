//! The events that are appended: 400 bytes of JSON, as a registration's facts are.

use chrono::DateTime;
use eventlog::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, Hooks, NewEvent, Now, SledOptions,
    StreamAppend, StreamName, StreamVersion,
};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const PAYLOAD_BYTES: usize = 400;

pub(crate) fn now() -> Now {
    Arc::new(|| DateTime::from_timestamp_millis(1_700_000_000_000).unwrap_or_default())
}

pub(crate) async fn open(dir: &Path, hooks: Hooks) -> EventLog {
    let options = SledOptions { dir: dir.to_owned(), free_space_floor_bytes: 0 };
    EventLog::open_sled_with(options, now(), hooks).await.unwrap()
}

pub(crate) fn payload(number: u64) -> Vec<u8> {
    let mut json = format!("{{\"number\":{number:>20},\"text\":\"").into_bytes();
    json.resize(PAYLOAD_BYTES - 2, b'x');
    json.extend_from_slice(b"\"}");
    json
}

/// `count` events for one stream.
pub(crate) fn batch(command: u128, stream: &StreamName, version: u64, count: u64) -> AppendBatch {
    let envelope = Envelope {
        command_id: Uuid::from_u128(command),
        fingerprint: None,
        causation_id: None,
        actor: ActorEnvelope {
            kind: "developer".to_owned(),
            id: "018f3a52-7c1e-4b1e-9a53-3f6f0d1c2b4a".to_owned(),
            authority: "owner".to_owned(),
            session: String::new(),
        },
        on_behalf_of: None,
        reason: None,
        request_id: Some(Uuid::from_u128(command)),
        policy_version: 1,
        privileged: false,
    };
    let event = |n| NewEvent {
        event_type: "integration.facts_declared".to_owned(),
        schema: 1,
        payload: payload(version + n),
        subjects: vec![],
    };
    let expected = Expected::Exact(StreamVersion(version));
    let events = (0..count).map(event).collect();
    AppendBatch { envelope, streams: vec![StreamAppend { stream: stream.clone(), expected, events }] }
}

pub(crate) fn stream(number: u64) -> StreamName {
    StreamName::parse(&format!("integration-{}", Uuid::from_u128(u128::from(number)))).unwrap()
}

/// Fills a log with `events` events, ten to a stream, as quickly as it takes them.
pub(crate) async fn fill(dir: &Path, events: u64) {
    const EVENTS_PER_STREAM: u64 = 10;
    const WRITERS: usize = 64;
    let log = open(dir, Hooks::default()).await;
    let streams = events / EVENTS_PER_STREAM;
    let writers: Vec<_> = (0..WRITERS as u64)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in (writer..streams).step_by(WRITERS) {
                    let batch = batch(u128::from(number), &stream(number), 0, EVENTS_PER_STREAM);
                    log.append(batch).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    log.close().await;
}
