//! What opening makes of stores that are not as they were left.

use super::*;
use crate::batch::Prepared;
use crate::frames::{Chunk, ChunkKey, Frames};
use crate::head_file::HeadFile;
use crate::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, NewEvent, Record, StreamAppend, StreamName,
    StreamVersion,
};
use chrono::DateTime;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn now() -> Now {
    Arc::new(|| DateTime::from_timestamp_millis(1_000).unwrap())
}

fn options(dir: &Path) -> SledOptions {
    SledOptions { dir: dir.to_owned(), free_space_floor_bytes: 0 }
}

/// Some events for one stream.
fn batch(command: u128, version: u64, payload_bytes: &[usize]) -> AppendBatch {
    let envelope = Envelope {
        command_id: Uuid::from_u128(command),
        fingerprint: None,
        causation_id: None,
        actor: ActorEnvelope::default(),
        on_behalf_of: None,
        reason: None,
        request_id: None,
        policy_version: 1,
        privileged: false,
    };
    let event = |size: &usize| NewEvent {
        event_type: "a.happened".to_owned(),
        schema: 1,
        payload: vec![b'x'; *size],
        subjects: vec![],
    };
    let stream = StreamName::parse("a-1").unwrap();
    let expected = Expected::Exact(StreamVersion(version));
    let events = payload_bytes.iter().map(event).collect();
    AppendBatch { envelope, streams: vec![StreamAppend { stream, expected, events }] }
}

/// A value of the store that a test may change.
struct OwnedChunk {
    key: ChunkKey,
    bytes: Vec<u8>,
}

/// A closed log of ten durable events.
async fn ten_events() -> (TempDir, Head) {
    let dir = tempfile::tempdir().unwrap();
    let log = EventLog::open_sled(options(dir.path()), now()).await.unwrap();
    for n in 0..10 {
        log.append(batch(u128::from(n), n, &[100])).await.unwrap();
    }
    let head = log.head();
    log.close().await;
    (dir, head)
}

/// The chunks that a group of these batches would be written as, behind the log in a directory.
fn chunks_behind(dir: &Path, head: Head, batches: &[AppendBatch]) -> Vec<OwnedChunk> {
    let index = with_store(dir, |store| {
        let noted = HeadRecord { position: head.position, hash: head.hash, is_end: false };
        recover(store, head.log_id, noted).unwrap()
    });
    let mut group = Group::after(&index, 1_000, Frames::default());
    for batch in batches {
        group.add(&index, &Prepared::new(head.log_id, batch.clone()).unwrap()).unwrap();
    }
    let chunks = group.frames().chunks(group.first_position());
    chunks.iter().map(|chunk| OwnedChunk { key: chunk.key, bytes: chunk.bytes.to_vec() }).collect()
}

fn with_store<T>(dir: &Path, work: impl FnOnce(&SledStore) -> T) -> T {
    let store = SledStore::open(&Store::in_dir(dir).sled(), &Hooks::default()).unwrap();
    let done = work(&store);
    store.close();
    done
}

fn write(dir: &Path, chunks: Vec<OwnedChunk>) {
    let chunks: Vec<_> = chunks.iter().map(|OwnedChunk { key, bytes }| Chunk { key: *key, bytes }).collect();
    with_store(dir, |store| store.write(&chunks).unwrap());
}

async fn reopened(dir: &Path) -> Result<EventLog, OpenError> {
    EventLog::open_sled(options(dir), now()).await
}

/// The log opens at a position and goes on from there.
async fn assert_goes_on_behind(dir: &Path, position: u64) {
    let log = reopened(dir).await.unwrap();
    assert_eq!(log.head().position, Position(position));
    let appended = log.append(batch(99, position, &[1, 5_000])).await.unwrap();
    assert_eq!(appended.first, Position(position + 1));
    let head = log.head();
    log.close().await;
    let log = reopened(dir).await.unwrap();
    assert_eq!(log.head(), head);
    let all: Vec<Record> = log.read_all(Position(0), 100).await.unwrap();
    assert_eq!(all.len() as u64, position + 2);
    log.close().await;
    let report = crate::check(dir, &now()).unwrap();
    assert_eq!((report.events, report.first_bad), (position + 2, None));
}

#[tokio::test]
async fn whole_batches_behind_the_noted_head_are_kept() {
    let (dir, head) = ten_events().await;
    let chunks = chunks_behind(dir.path(), head, &[batch(50, 10, &[1, 2, 3]), batch(51, 13, &[9_000])]);
    write(dir.path(), chunks);
    assert_goes_on_behind(dir.path(), 14).await;
}

#[tokio::test]
async fn a_torn_frame_takes_its_whole_batch_with_it() {
    for torn_bytes in [1, 40, 300, 700] {
        let (dir, head) = ten_events().await;
        let batches = [batch(50, 10, &[10, 10]), batch(51, 12, &[100, 100, 100])];
        let mut chunks = chunks_behind(dir.path(), head, &batches);
        let last = chunks.last_mut().unwrap();
        last.bytes.truncate(last.bytes.len() - torn_bytes);
        write(dir.path(), chunks);
        assert_goes_on_behind(dir.path(), 12).await;
    }
}

#[tokio::test]
async fn a_missing_end_of_a_batch_takes_the_batch_with_it() {
    let (dir, head) = ten_events().await;
    let batches = [batch(50, 10, &[10]), batch(51, 11, &[3_000, 3_000, 3_000])];
    let mut chunks = chunks_behind(dir.path(), head, &batches);
    chunks.pop();
    write(dir.path(), chunks);
    assert_goes_on_behind(dir.path(), 11).await;
}

#[tokio::test]
async fn a_long_record_without_its_end_is_cut() {
    for lost_parts in 1..4 {
        let (dir, head) = ten_events().await;
        let mut chunks = chunks_behind(dir.path(), head, &[batch(50, 10, &[10]), batch(51, 11, &[16_000])]);
        chunks.truncate(chunks.len() - lost_parts);
        write(dir.path(), chunks);
        assert_goes_on_behind(dir.path(), 11).await;
    }
}

#[tokio::test]
async fn a_flipped_bit_behind_the_noted_head_cuts_there() {
    let (dir, head) = ten_events().await;
    let batches = [batch(50, 10, &[10]), batch(51, 11, &[10]), batch(52, 12, &[10])];
    let mut chunks = chunks_behind(dir.path(), head, &batches);
    let middle = chunks[0].bytes.len() / 2;
    chunks[0].bytes[middle] ^= 1;
    write(dir.path(), chunks);
    assert_goes_on_behind(dir.path(), 11).await;
}

#[tokio::test]
async fn a_gap_behind_the_noted_head_cuts_there() {
    let (dir, head) = ten_events().await;
    let batches = [batch(50, 10, &[3_000]), batch(51, 11, &[3_000]), batch(52, 12, &[3_000])];
    let mut chunks = chunks_behind(dir.path(), head, &batches);
    chunks.remove(1);
    write(dir.path(), chunks);
    assert_goes_on_behind(dir.path(), 11).await;
}

#[tokio::test]
async fn damage_before_the_noted_head_is_refused_with_its_position() {
    let (dir, _) = ten_events().await;
    let chunk = OwnedChunk { key: ChunkKey::of(Position(4)), bytes: vec![0; 100] };
    write(dir.path(), vec![chunk]);
    match reopened(dir.path()).await.err() {
        Some(OpenError::Damaged { position, .. }) => assert_eq!(position, Some(Position(4))),
        other => panic!("{other:?}"),
    }
    let report = crate::check(dir.path(), &now()).unwrap();
    assert_eq!((report.events, report.first_bad.unwrap().0), (3, Position(4)));
}

#[tokio::test]
async fn a_log_shorter_than_noted_is_refused() {
    let (dir, head) = ten_events().await;
    with_store(dir.path(), |store| store.cut(Position(9)).unwrap());
    match reopened(dir.path()).await.err() {
        Some(OpenError::Shortened { head, log }) => assert_eq!((head, log), (Position(10), Position(9))),
        other => panic!("{other:?}"),
    }
    let report = crate::check(dir.path(), &now()).unwrap();
    assert_eq!((report.events, report.first_bad.unwrap().0), (9, Position(10)));
    assert_eq!(crate::head(dir.path()).unwrap(), head);
}

#[tokio::test]
async fn another_history_than_noted_is_refused() {
    let (dir, head) = ten_events().await;
    with_store(dir.path(), |store| store.cut(Position(9)).unwrap());
    let before = with_store(dir.path(), |store| {
        let mut hash = [0; 32];
        let see = &mut |_: Position, bytes: &[u8]| {
            hash = Record::decode(bytes).unwrap().hash;
            Ok(())
        };
        store.each(Position(9), Position(9), see).unwrap();
        Head { position: Position(9), hash, ..head }
    });
    write(dir.path(), chunks_behind(dir.path(), before, &[batch(77, 9, &[1])]));
    match reopened(dir.path()).await.err() {
        Some(OpenError::Damaged { position, .. }) => assert_eq!(position, Some(Position(10))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_refused_for_want_of_space_does_not_come_back() {
    let (dir, head) = ten_events().await;
    write(dir.path(), chunks_behind(dir.path(), head, &[batch(50, 10, &[10])]));
    let paths = Store::in_dir(dir.path());
    let mut head_file = HeadFile::open(&paths.head(), &Hooks::default()).unwrap();
    let end = HeadRecord { position: head.position, hash: head.hash, is_end: true };
    head_file.write_durable(end).unwrap();
    let report = crate::check(dir.path(), &now()).unwrap();
    assert_eq!((report.events, report.first_bad), (10, None));
    assert_goes_on_behind(dir.path(), 10).await;
}

#[tokio::test]
async fn a_write_that_met_a_full_device_leaves_nothing_even_when_the_process_ends() {
    let (dir, head) = ten_events().await;
    let before_write = Some(Arc::new(|| Err(io::Error::from(io::ErrorKind::StorageFull))) as crate::Probe);
    let hooks = Hooks { before_write, ..Hooks::default() };
    let log = EventLog::open_sled_with(options(dir.path()), now(), hooks).await.unwrap();
    assert!(matches!(log.append(batch(50, 10, &[10])).await, Err(AppendError::DiskFull)));
    log.close().await;
    write(dir.path(), chunks_behind(dir.path(), head, &[batch(50, 10, &[10])]));
    assert_goes_on_behind(dir.path(), 10).await;
}

#[tokio::test]
async fn a_torn_head_slot_leaves_the_other_and_both_torn_are_refused() {
    let (dir, head) = ten_events().await;
    let path = Store::in_dir(dir.path()).head();
    let whole = fs::read(&path).unwrap();
    for slot in [0, 4096] {
        let mut torn = whole.clone();
        torn[slot + 20] ^= 1;
        fs::write(&path, &torn).unwrap();
        let log = reopened(dir.path()).await.unwrap();
        assert_eq!(log.head(), head);
        log.close().await;
        torn[4096 - slot + 20] ^= 1;
        fs::write(&path, &torn).unwrap();
        assert!(matches!(reopened(dir.path()).await.err(), Some(OpenError::Damaged { .. })));
        fs::write(&path, &whole).unwrap();
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(reopened(dir.path()).await.err(), Some(OpenError::Damaged { .. })));
}
