//! Every limit of the contract, at its last allowed value and behind it.

use crate::given::{Engine, batch, event, name, one, part};
use eventlog::{
    AppendBatch, AppendError, EVENTS_PER_APPEND_MAX, EventLog, Expected, InvalidBatch, PAYLOAD_BYTES_MAX,
    RECENT_COMMANDS_MAX, STREAM_LENGTH_MAX, STREAM_LENGTH_RESERVED, STREAMS_PER_APPEND_MAX, StreamAppend,
    StreamName, StreamVersion, batch::ENVELOPE_TEXT_BYTES_MAX, batch::SUBJECTS_PER_EVENT_MAX,
};
use uuid::Uuid;

async fn refusal(log: &EventLog, batch: AppendBatch) -> InvalidBatch {
    match log.append(batch).await {
        Err(AppendError::Invalid(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_has_between_one_and_64_events_for_at_most_64_streams() {
    let log = Engine::Memory.open().await;
    assert_eq!(refusal(&log, batch(1, vec![])).await, InvalidBatch::Empty);
    assert_eq!(refusal(&log, batch(1, vec![part("a-1", 0, 0)])).await, InvalidBatch::Empty);
    let many = |count: usize| batch(1, vec![part("a-1", 0, count / 2), part("b-1", 0, count - count / 2)]);
    assert_eq!(refusal(&log, many(EVENTS_PER_APPEND_MAX + 1)).await, InvalidBatch::TooManyEvents);
    log.append(many(EVENTS_PER_APPEND_MAX)).await.unwrap();
    let wide = |count: usize| batch(2, (0..count).map(|n| part(&format!("w-{n}"), 0, 1)).collect());
    assert_eq!(refusal(&log, wide(STREAMS_PER_APPEND_MAX + 1)).await, InvalidBatch::TooManyStreams);
    log.append(wide(STREAMS_PER_APPEND_MAX)).await.unwrap();
    let twice = batch(3, vec![part("t-1", 0, 1), part("t-1", 1, 1)]);
    assert_eq!(refusal(&log, twice).await, InvalidBatch::StreamTwice);
}

#[tokio::test]
async fn an_event_has_a_type_at_most_16_kib_and_few_subjects() {
    let log = Engine::Memory.open().await;
    let with = |change: &dyn Fn(&mut eventlog::NewEvent)| {
        let mut event = event("{}");
        change(&mut event);
        let append = StreamAppend { stream: name("a-1"), expected: Expected::NoStream, events: vec![event] };
        batch(1, vec![append])
    };
    let payload = with(&|event| event.payload = vec![b' '; PAYLOAD_BYTES_MAX + 1]);
    assert_eq!(refusal(&log, payload).await, InvalidBatch::PayloadTooLarge);
    for event_type in ["", "with blank", &"x".repeat(101), "groß"] {
        let typed = with(&|event| event.event_type = event_type.to_owned());
        assert_eq!(refusal(&log, typed).await, InvalidBatch::Field("event type"));
    }
    let subjects = with(&|event| event.subjects = vec![Uuid::nil(); SUBJECTS_PER_EVENT_MAX + 1]);
    assert_eq!(refusal(&log, subjects).await, InvalidBatch::Field("subjects"));
    let largest = with(&|event| {
        event.payload = vec![b' '; PAYLOAD_BYTES_MAX];
        event.event_type = "x".repeat(100);
        event.subjects = vec![Uuid::nil(); SUBJECTS_PER_EVENT_MAX];
    });
    log.append(largest).await.unwrap();
}

#[tokio::test]
async fn texts_of_the_envelope_are_short_and_visible() {
    let log = Engine::Memory.open().await;
    let too_long = "x".repeat(ENVELOPE_TEXT_BYTES_MAX + 1);
    for text in [too_long.as_str(), "two words", "Zoë"] {
        let mut kind = one(1, "a-1", 0);
        kind.envelope.actor.kind = text.to_owned();
        assert_eq!(refusal(&log, kind).await, InvalidBatch::Field("actor kind"));
        let mut session = one(1, "a-1", 0);
        session.envelope.actor.session = text.to_owned();
        assert_eq!(refusal(&log, session).await, InvalidBatch::Field("actor session"));
        let mut reason = one(1, "a-1", 0);
        reason.envelope.reason = Some(text.to_owned());
        assert_eq!(refusal(&log, reason).await, InvalidBatch::Field("reason"));
        let mut behalf = one(1, "a-1", 0);
        behalf.envelope.on_behalf_of = Some(text.to_owned());
        assert_eq!(refusal(&log, behalf).await, InvalidBatch::Field("on_behalf_of"));
    }
    let mut longest = one(1, "a-1", 0);
    longest.envelope.on_behalf_of = Some("x".repeat(ENVELOPE_TEXT_BYTES_MAX));
    log.append(longest).await.unwrap();
}

#[test]
fn a_stream_name_has_a_category_and_an_id_in_200_visible_bytes() {
    for text in ["", "a", "-1", "a-", "a b-1", "ä-1", &format!("a-{}", "x".repeat(199))] {
        assert!(StreamName::parse(text).is_err(), "{text}");
    }
    let longest = StreamName::parse(&format!("a-{}", "x".repeat(198))).unwrap();
    assert_eq!(longest.category(), "a");
    assert_eq!(name("claim.email-0-1").id(), "0-1");
}

#[tokio::test]
async fn the_last_thousand_versions_of_a_stream_are_reserved() {
    let log = Engine::Memory.open().await;
    let open_to_all = STREAM_LENGTH_MAX - STREAM_LENGTH_RESERVED;
    let mut command = 0;
    let mut version = fill(&log, &mut command, 0, open_to_all, false).await;
    let refused = log.append(one(u128::MAX, "a-1", version)).await;
    assert!(matches!(refused, Err(AppendError::StreamFull { stream }) if stream == name("a-1")));
    let guard = batch(u128::MAX - 1, vec![part("b-1", 0, 1), part("a-1", version, 0)]);
    log.append(guard).await.unwrap();
    version = fill(&log, &mut command, version, STREAM_LENGTH_MAX, true).await;
    let mut last = one(u128::MAX, "a-1", version);
    last.envelope.privileged = true;
    assert!(matches!(log.append(last).await, Err(AppendError::StreamFull { .. })));
    assert_eq!(log.stream_version(&name("a-1")).await.unwrap(), StreamVersion(STREAM_LENGTH_MAX));
}

async fn fill(log: &EventLog, command: &mut u128, from: u64, to: u64, privileged: bool) -> u64 {
    let mut version = from;
    while version < to {
        let count = (to - version).min(EVENTS_PER_APPEND_MAX as u64);
        *command += 1;
        let mut next = batch(*command, vec![part("a-1", version, count as usize)]);
        next.envelope.privileged = privileged;
        log.append(next).await.unwrap();
        version += count;
    }
    version
}

#[tokio::test]
async fn a_command_older_than_the_recent_ones_is_found_in_its_stream() {
    let log = Engine::Memory.open().await;
    let old = batch(1, vec![part("guard-1", 0, 0), part("a-1", 0, 2), part("b-1", 0, 1)]);
    let first = log.append(old.clone()).await.unwrap();
    for n in 0..RECENT_COMMANDS_MAX as u64 {
        log.append(one(u128::from(n) + 2, &format!("c-{}", n % 8), n / 8)).await.unwrap();
    }
    log.append(one(u128::MAX, "a-1", 2)).await.unwrap();
    let again = log.append(old.clone()).await.unwrap();
    assert_eq!((again.first, again.last, again.replayed), (first.first, first.last, true));
    let mut other = old;
    other.envelope.fingerprint = None;
    assert!(matches!(log.append(other).await, Err(AppendError::CommandReused)));
    let found = log.find_command(Uuid::from_u128(1), &name("b-1")).await.unwrap().unwrap();
    assert_eq!(found.appended.first, first.first);
}
