//! What every engine does alike.

use crate::given::{Engine, at, batch, clock, envelope, event, everything, name, one, part, until_head};
use eventlog::{
    AppendError, Appended, EventLog, Expected, Position, Record, StreamAppend, StreamVersion, record,
};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// One test for each behaviour and engine.
macro_rules! on_every_engine {
    ($($behaviour:ident)*) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(crate::given::Engine::Memory).await;
            })*
        }
        mod on_sled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(crate::given::Engine::sled()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(crate::given::Engine::postgres()).await;
            })*
        }
    };
}

on_every_engine! {
    sixteen_writers_make_one_gapless_order_while_a_reader_follows
    a_batch_over_streams_is_all_or_nothing
    a_guard_refuses_and_writes_nothing
    a_conflict_tells_where_the_stream_is
    no_stream_and_version_zero_mean_the_same
    a_repeated_command_answers_with_its_first_positions
    a_command_sent_sixteen_times_at_once_is_appended_once
    a_command_id_with_another_fingerprint_is_refused
    a_repeated_command_is_known_after_reopening
    a_command_is_found_by_id_and_stream
    everything_given_comes_back_in_the_record
    streams_are_read_in_order_and_in_pages
    the_log_is_read_in_pages
    the_hash_chain_verifies
    time_never_goes_back
    the_head_is_watched
    a_closed_log_finishes_and_refuses
    reopening_keeps_every_byte
}

async fn sixteen_writers_make_one_gapless_order_while_a_reader_follows(engine: Engine) {
    const WRITERS: u128 = 16;
    const APPENDS: u128 = 30;
    let log = engine.open().await;
    let reader = tokio::spawn(follow(log.clone(), Position(2 * (WRITERS * APPENDS) as u64)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for n in 0..APPENDS {
                    append_to_own_and_shared(&log, writer, n).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let seen = reader.await.unwrap();
    let all = everything(&log).await;
    assert_eq!(seen, all);
    assert_whole(&log, &all);
    log.close().await;
}

/// One event to a stream of the writer's own and one to a stream that all writers share.
pub(crate) async fn append_to_own_and_shared(log: &EventLog, writer: u128, n: u128) {
    let (own, shared) = (format!("own-{writer}"), name("shared-1"));
    loop {
        let version = log.stream_version(&shared).await.unwrap().0;
        let streams = vec![part(&own, n as u64, 1), part("shared-1", version, 1)];
        match log.append(batch(writer << 32 | n, streams)).await {
            Ok(appended) => return assert!(!appended.replayed),
            Err(AppendError::Conflict { stream, .. }) => assert_eq!(stream, shared),
            Err(error) => panic!("{error}"),
        }
    }
}

pub(crate) async fn follow(log: EventLog, last: Position) -> Vec<Record> {
    let mut seen: Vec<Record> = Vec::new();
    while (seen.len() as u64) < last.0 {
        until_head(&log, Position(seen.len() as u64 + 1)).await;
        let page = log.read_all(Position(seen.len() as u64), 50).await.unwrap();
        for record in page {
            assert_eq!(record.position.0, seen.len() as u64 + 1);
            seen.push(record);
        }
    }
    seen
}

/// Positions, versions, chain, batches and event ids hold together.
pub(crate) fn assert_whole(log: &EventLog, all: &[Record]) {
    let mut streams: HashMap<&str, (StreamVersion, Position)> = HashMap::new();
    let mut events = HashSet::new();
    let mut previous_hash = record::genesis_hash(log.head().log_id);
    for (n, record) in all.iter().enumerate() {
        assert_eq!(record.position.0, n as u64 + 1);
        assert_eq!(record.previous_hash, previous_hash);
        assert!(record::hash_holds(&record.encode()));
        let (version, previous) = streams.entry(record.stream.as_str()).or_default();
        assert_eq!((record.version.0, record.previous_in_stream), (version.0 + 1, *previous));
        (*version, *previous) = (record.version, record.position);
        assert!(events.insert(record.event_id));
        assert!(record.batch_index < record.batch_length);
        if record.batch_index > 0 {
            assert_eq!(all[n - 1].command_id, record.command_id);
            assert_eq!(all[n - 1].batch_index + 1, record.batch_index);
        }
        previous_hash = record.hash;
    }
    assert_eq!(log.head().hash, previous_hash);
    assert_eq!(log.head().position.0, all.len() as u64);
}

async fn a_batch_over_streams_is_all_or_nothing(engine: Engine) {
    let log = engine.open().await;
    log.append(one(1, "b-1", 0)).await.unwrap();
    let refused = log.append(batch(2, vec![part("a-1", 0, 2), part("b-1", 0, 1), part("c-1", 0, 1)])).await;
    assert!(matches!(refused, Err(AppendError::Conflict { .. })));
    assert_eq!(log.head().position, Position(1));
    for untouched in ["a-1", "c-1"] {
        assert_eq!(log.stream_version(&name(untouched)).await.unwrap(), StreamVersion(0));
    }
    let taken = log.append(batch(3, vec![part("a-1", 0, 2), part("b-1", 1, 1), part("c-1", 0, 1)])).await;
    let versions = vec![
        (name("a-1"), StreamVersion(2)),
        (name("b-1"), StreamVersion(2)),
        (name("c-1"), StreamVersion(1)),
    ];
    let expected = Appended { first: Position(2), last: Position(5), versions, replayed: false };
    assert_eq!(taken.unwrap(), expected);
    assert_whole(&log, &everything(&log).await);
}

async fn a_guard_refuses_and_writes_nothing(engine: Engine) {
    let log = engine.open().await;
    log.append(one(1, "guarded-1", 0)).await.unwrap();
    let stale = log.append(batch(2, vec![part("a-1", 0, 1), part("guarded-1", 0, 0)])).await;
    assert!(matches!(stale, Err(AppendError::Conflict { .. })));
    assert_eq!(log.stream_version(&name("a-1")).await.unwrap(), StreamVersion(0));
    let held = log.append(batch(3, vec![part("a-1", 0, 1), part("guarded-1", 1, 0)])).await.unwrap();
    assert_eq!(held.versions, vec![(name("a-1"), StreamVersion(1))]);
    assert_eq!(log.stream_version(&name("guarded-1")).await.unwrap(), StreamVersion(1));
}

async fn a_conflict_tells_where_the_stream_is(engine: Engine) {
    let log = engine.open().await;
    log.append(batch(1, vec![part("a-1", 0, 3)])).await.unwrap();
    match log.append(one(2, "a-1", 2)).await {
        Err(AppendError::Conflict { stream, expected, actual }) => {
            assert_eq!((stream, expected, actual), (name("a-1"), StreamVersion(2), StreamVersion(3)));
        }
        other => panic!("{other:?}"),
    }
    let ahead = log.append(one(3, "a-1", 4)).await;
    assert!(matches!(ahead, Err(AppendError::Conflict { .. })));
}

async fn no_stream_and_version_zero_mean_the_same(engine: Engine) {
    let log = engine.open().await;
    let zero = StreamAppend {
        stream: name("a-1"),
        expected: Expected::Exact(StreamVersion(0)),
        events: vec![event("{}")],
    };
    log.append(batch(1, vec![zero])).await.unwrap();
    let again = log.append(one(2, "a-1", 0)).await;
    assert!(matches!(again, Err(AppendError::Conflict { .. })));
}

async fn a_repeated_command_answers_with_its_first_positions(engine: Engine) {
    let log = engine.open().await;
    let command = batch(1, vec![part("a-1", 0, 2), part("b-1", 0, 1)]);
    let first = log.append(command.clone()).await.unwrap();
    log.append(one(2, "a-1", 2)).await.unwrap();
    let again = log.append(command).await.unwrap();
    assert_eq!(again, Appended { replayed: true, ..first });
    assert_eq!(log.head().position, Position(4));
}

async fn a_command_sent_sixteen_times_at_once_is_appended_once(engine: Engine) {
    let log = engine.open().await;
    let sent: Vec<_> = (0..16)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.append(one(1, "a-1", 0)).await.unwrap() })
        })
        .collect();
    let mut appended = 0;
    for answer in sent {
        let answer = answer.await.unwrap();
        assert_eq!((answer.first, answer.last), (Position(1), Position(1)));
        appended += usize::from(!answer.replayed);
    }
    assert_eq!(appended, 1);
    assert_eq!(log.head().position, Position(1));
}

async fn a_command_id_with_another_fingerprint_is_refused(engine: Engine) {
    let log = engine.open().await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    for version in [0, 1] {
        let mut other = one(1, "a-1", version);
        other.envelope.fingerprint = Some([8; 32]);
        assert!(matches!(log.append(other).await, Err(AppendError::CommandReused)));
    }
    assert_eq!(log.head().position, Position(1));
}

async fn a_repeated_command_is_known_after_reopening(engine: Engine) {
    let log = engine.open().await;
    let first = log.append(one(1, "a-1", 0)).await.unwrap();
    log.append(one(2, "a-1", 1)).await.unwrap();
    let log = engine.reopen(log).await;
    let again = log.append(one(1, "a-1", 0)).await.unwrap();
    assert_eq!(again, Appended { replayed: true, ..first });
    let mut other = one(1, "a-1", 0);
    other.envelope.fingerprint = None;
    assert!(matches!(log.append(other).await, Err(AppendError::CommandReused)));
}

async fn a_command_is_found_by_id_and_stream(engine: Engine) {
    let log = engine.open().await;
    let first = log.append(batch(1, vec![part("a-1", 0, 2), part("b-1", 0, 1)])).await.unwrap();
    for stream in ["a-1", "b-1"] {
        let found = log.find_command(Uuid::from_u128(1), &name(stream)).await.unwrap().unwrap();
        assert_eq!(found.appended, Appended { replayed: true, ..first.clone() });
        assert_eq!(found.fingerprint, Some([7; 32]));
    }
    assert_eq!(log.find_command(Uuid::from_u128(2), &name("a-1")).await.unwrap(), None);
}

async fn everything_given_comes_back_in_the_record(engine: Engine) {
    let log = engine.open_at(Arc::new(|| at(1_700_000_000_123))).await;
    let payload = (0..=255).cycle().take(eventlog::PAYLOAD_BYTES_MAX).collect::<Vec<u8>>();
    let append = StreamAppend {
        stream: name("a-b-c"),
        expected: Expected::NoStream,
        events: vec![event("{}"), event(payload.clone())],
    };
    log.append(batch(7, vec![append])).await.unwrap();
    let found = log.read_stream(&name("a-b-c"), StreamVersion(1), 10).await.unwrap().remove(0);
    let given = envelope(7);
    let expected = Record {
        format: record::FORMAT,
        min_reader: record::READER,
        log_id: log.head().log_id,
        position: Position(2),
        stream: name("a-b-c"),
        version: StreamVersion(2),
        previous_in_stream: Position(1),
        event_id: Uuid::new_v5(&Uuid::from_u128(7), b"1"),
        command_id: given.command_id,
        fingerprint: given.fingerprint,
        causation_id: given.causation_id,
        batch_index: 1,
        batch_length: 2,
        event_type: "devgroup.created".to_owned(),
        schema: 1,
        recorded_at: at(1_700_000_000_123),
        actor: given.actor,
        on_behalf_of: given.on_behalf_of,
        reason: given.reason,
        request_id: given.request_id,
        policy_version: given.policy_version,
        subjects: vec![Uuid::from_u128(5)],
        payload,
        previous_hash: found.previous_hash,
        hash: log.head().hash,
    };
    assert_eq!(found, expected);
}

async fn streams_are_read_in_order_and_in_pages(engine: Engine) {
    let log = engine.open().await;
    for n in 0..50 {
        log.append(batch(n, vec![part("a-1", n as u64, 1), part(&format!("b-{n}"), 0, 1)])).await.unwrap();
    }
    let whole = log.read_stream(&name("a-1"), StreamVersion(0), 1_000).await.unwrap();
    let versions: Vec<u64> = whole.iter().map(|record| record.version.0).collect();
    assert_eq!(versions, (1..=50).collect::<Vec<u64>>());
    assert!(whole.iter().all(|record| record.stream == name("a-1")));
    let page = log.read_stream(&name("a-1"), StreamVersion(20), 7).await.unwrap();
    assert_eq!(page, whole[20..27]);
    assert_eq!(log.read_stream(&name("a-1"), StreamVersion(50), 7).await.unwrap(), []);
    assert_eq!(log.read_stream(&name("a-1"), StreamVersion(0), 0).await.unwrap(), []);
    assert_eq!(log.read_stream(&name("a-10"), StreamVersion(0), 7).await.unwrap(), []);
    for (after, size) in [(0, 7), (0, 10), (20, 7), (49, 7), (50, 7), (0, 50), (0, 0), (0, 1_000)] {
        let mut pages = log.stream_pages(&name("a-1"), StreamVersion(after), size).await.unwrap();
        let mut read = Vec::new();
        loop {
            let page = pages.next().await.unwrap();
            assert!(page.len() <= size.max(1) as usize);
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, whole[after as usize..], "after {after} in pages of {size}");
        assert_eq!(pages.next().await.unwrap(), []);
    }
}

async fn the_log_is_read_in_pages(engine: Engine) {
    let log = engine.open().await;
    assert_eq!(log.read_all(Position(0), 10).await.unwrap(), []);
    for n in 0..25 {
        log.append(batch(n, vec![part(&format!("a-{n}"), 0, 3)])).await.unwrap();
    }
    let page = log.read_all(Position(10), 20).await.unwrap();
    let positions: Vec<u64> = page.iter().map(|record| record.position.0).collect();
    assert_eq!(positions, (11..=30).collect::<Vec<u64>>());
    assert_eq!(log.read_all(Position(70), 20).await.unwrap().len(), 5);
    assert_eq!(log.read_all(Position(75), 20).await.unwrap(), []);
    assert_eq!(log.read_all(Position(u64::MAX), 20).await.unwrap(), []);
    assert_eq!(log.read_all(Position(0), 0).await.unwrap(), []);
}

async fn the_hash_chain_verifies(engine: Engine) {
    let log = engine.open().await;
    for n in 0..20 {
        log.append(batch(n, vec![part("a-1", 2 * n as u64, 2)])).await.unwrap();
    }
    let all = everything(&log).await;
    assert_whole(&log, &all);
    let mut altered = all[7].clone();
    altered.policy_version += 1;
    assert!(!record::hash_holds(&altered.encode()));
}

async fn time_never_goes_back(engine: Engine) {
    let times = Mutex::new(vec![3_000, 9_000, 1_000, 2_000, 10_000].into_iter());
    let log = engine.open_at(Arc::new(move || at(times.lock().unwrap().next().unwrap_or(10_000)))).await;
    for n in 0..8 {
        log.append(one(n, "a-1", n as u64)).await.unwrap();
    }
    let all = everything(&log).await;
    assert!(all.is_sorted_by_key(|record| record.recorded_at));
    assert_eq!(all.last().unwrap().recorded_at, at(10_000));
    let log = engine.reopen(log).await;
    log.append(one(8, "a-1", 8)).await.unwrap();
    assert!(everything(&log).await.is_sorted_by_key(|record| record.recorded_at));
}

async fn the_head_is_watched(engine: Engine) {
    let log = engine.open().await;
    let mut head = log.watch();
    assert_eq!(*head.borrow_and_update(), Position(0));
    let waiting = tokio::spawn(async move {
        head.wait_for(|position| position.0 >= 3).await.map(|position| *position).unwrap()
    });
    log.append(batch(1, vec![part("a-1", 0, 3)])).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Position(3));
    assert_eq!(*log.watch().borrow(), log.head().position);
}

async fn a_closed_log_finishes_and_refuses(engine: Engine) {
    let log = engine.open().await;
    assert!(log.is_writable());
    let appends: Vec<_> = (0..20)
        .map(|n| {
            let log = log.clone();
            tokio::spawn(async move { log.append(one(n, &format!("a-{n}"), 0)).await })
        })
        .collect();
    until_head(&log, Position(1)).await;
    log.close().await;
    let mut taken = 0;
    for append in appends {
        match append.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => assert!(matches!(error, AppendError::Closed)),
        }
    }
    assert!(!log.is_writable());
    assert_eq!(log.head().position.0, taken);
    assert!(matches!(log.append(one(99, "b-1", 0)).await, Err(AppendError::Closed)));
    log.close().await;
}

async fn reopening_keeps_every_byte(engine: Engine) {
    let log = engine.open_at(clock()).await;
    for n in 0..40 {
        log.append(batch(n, vec![part(&format!("a-{}", n % 7), n as u64 / 7 * 3, 3)])).await.unwrap();
    }
    let (head, all) = (log.head(), everything(&log).await);
    let log = engine.reopen(log).await;
    assert_eq!(log.head(), head);
    assert_eq!(everything(&log).await, all);
    assert_eq!(*log.watch().borrow(), head.position);
    log.append(one(40, "a-0", 18)).await.unwrap();
    assert_whole(&log, &everything(&log).await);
}
