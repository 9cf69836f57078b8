//! What the sled engine promises beyond the contract: one process, durable directories, trouble with disks.

use crate::given::{batch, clock, copy_dir, event, everything, name, one, open_with, options, part};
use eventlog::{
    AppendError, EventLog, Expected, Hooks, OpenError, PAYLOAD_BYTES_MAX, Position, QUEUE_MAX, SledOptions,
    StreamAppend,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{fs, io};

fn sized(command: u128, stream: &str, sizes: impl Iterator<Item = usize>) -> eventlog::AppendBatch {
    let events = sizes.map(|size| event(vec![b'x'; size])).collect();
    batch(command, vec![StreamAppend { stream: name(stream), expected: Expected::NoStream, events }])
}

#[tokio::test]
async fn a_second_opener_is_told_within_a_second_who_holds_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    let started = Instant::now();
    match EventLog::open_sled(options(dir.path()), clock()).await {
        Err(OpenError::InUse { holder: Some(holder) }) => {
            assert_eq!(holder.pid, std::process::id());
            let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
            assert_eq!(holder.boot_id, boot_id.trim());
            assert_eq!(holder.since.timestamp(), 1_700_000_000);
        }
        other => panic!("{:?}", other.err()),
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    log.close().await;
    open_with(dir.path(), Hooks::default()).await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_an_error_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    for path in [file.clone(), file.join("below")] {
        let opened = EventLog::open_sled(options(&path), clock()).await;
        assert!(matches!(opened.err(), Some(OpenError::Io { .. })));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
}

#[tokio::test]
async fn what_a_kill_left_while_creating_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store.new/sled")).unwrap();
    fs::write(dir.path().join("store.new/identity"), "format").unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    assert!(!dir.path().join("store.new").exists());
}

#[tokio::test]
async fn an_unfinished_snapshot_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    log.close().await;
    let leftover = "snap.00000000FFFFFFFF.generating";
    fs::write(dir.path().join("store/sled").join(leftover), "half of a snapshot").unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    assert_eq!(log.head().position, Position(1));
    assert!(dir.path().join("store/aside").join(leftover).exists());
    assert!(!dir.path().join("store/sled").join(leftover).exists());
}

#[tokio::test]
async fn a_newer_format_is_refused_before_anything_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    open_with(dir.path(), Hooks::default()).await.close().await;
    let identity = dir.path().join("store/identity");
    let newer = fs::read_to_string(&identity).unwrap().replace("min_reader 1", "min_reader 2");
    fs::write(&identity, newer).unwrap();
    let before = listing(dir.path());
    let opened = EventLog::open_sled(options(dir.path()), clock()).await;
    assert!(matches!(opened.err(), Some(OpenError::NewerFormat { min_reader: 2 })));
    assert_eq!(listing(dir.path()), before);
}

/// Every file with its bytes.
fn listing(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_damaged_store_is_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    for n in 0..50 {
        log.append(one(n, "a-1", n as u64)).await.unwrap();
    }
    log.close().await;
    let db = dir.path().join("store/sled/db");
    let size = fs::metadata(&db).unwrap().len();
    fs::write(&db, vec![0; usize::try_from(size).unwrap()]).unwrap();
    let refused = EventLog::open_sled(options(dir.path()), clock()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Damaged { .. } | OpenError::Shortened { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_copied_directory_is_the_same_log() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = open_with(dir.path(), Hooks::default()).await;
    for n in 0..30 {
        log.append(one(n, "a-1", n as u64)).await.unwrap();
    }
    let (head, all) = (log.head(), everything(&log).await);
    log.close().await;
    copy_dir(dir.path(), copy.path());
    let log = open_with(copy.path(), Hooks::default()).await;
    assert_eq!(log.head(), head);
    assert_eq!(everything(&log).await, all);
}

#[tokio::test]
async fn no_payload_size_leads_to_a_blob_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    let mut command = 0;
    for from in (0..=PAYLOAD_BYTES_MAX).step_by(64) {
        command += 1;
        let sizes = (from..from + 64).map(|size| size.min(PAYLOAD_BYTES_MAX));
        log.append(sized(command, &format!("a-{command}"), sizes)).await.unwrap();
    }
    for size in [3_600, 3_700, 3_800, 4_096, 7_700, 8_192, PAYLOAD_BYTES_MAX] {
        command += 1;
        log.append(sized(command, &format!("a-{command}"), std::iter::repeat_n(size, 64))).await.unwrap();
    }
    assert_eq!(fs::read_dir(dir.path().join("store/sled/blobs")).unwrap().count(), 0);
    let head = log.head();
    log.close().await;
    let log = open_with(dir.path(), Hooks::default()).await;
    assert_eq!(log.head(), head);
    assert_eq!(fs::read_dir(dir.path().join("store/sled/blobs")).unwrap().count(), 0);
    let last = log.read_all(Position(head.position.0 - 64), 64).await.unwrap();
    assert!(last.iter().all(|record| record.payload.len() == PAYLOAD_BYTES_MAX));
}

#[tokio::test]
async fn below_the_free_space_floor_appends_are_refused_and_reads_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    log.close().await;
    let full = SledOptions { dir: dir.path().to_owned(), free_space_floor_bytes: u64::MAX };
    let log = EventLog::open_sled(full, clock()).await.unwrap();
    assert!(!log.is_writable());
    assert!(matches!(log.append(one(2, "a-1", 1)).await, Err(AppendError::DiskFull)));
    assert!(log.append(one(1, "a-1", 0)).await.unwrap().replayed);
    assert_eq!(everything(&log).await.len(), 1);
    log.close().await;
    let log = open_with(dir.path(), Hooks::default()).await;
    assert_eq!(log.append(one(2, "a-1", 1)).await.unwrap().first, Position(2));
}

/// Fails as long as it is told to.
fn failing(switch: &Arc<AtomicBool>, kind: io::ErrorKind) -> eventlog::Probe {
    let switch = Arc::clone(switch);
    Arc::new(move || if switch.load(Ordering::Relaxed) { Err(io::Error::from(kind)) } else { Ok(()) })
}

#[tokio::test]
async fn after_a_full_device_writing_goes_on_when_there_is_space_again() {
    let dir = tempfile::tempdir().unwrap();
    let is_full = Arc::new(AtomicBool::new(false));
    let before_write = Some(failing(&is_full, io::ErrorKind::StorageFull));
    let log = open_with(dir.path(), Hooks { before_write, ..Hooks::default() }).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    is_full.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        assert!(matches!(log.append(one(2, "a-1", 1)).await, Err(AppendError::DiskFull)));
        assert_eq!(everything(&log).await.len(), 1);
    }
    is_full.store(false, Ordering::Relaxed);
    assert!(log.is_writable());
    let appended = log.append(one(2, "a-1", 1)).await.unwrap();
    assert_eq!((appended.first, appended.replayed), (Position(2), false));
    let head = log.head();
    log.close().await;
    assert_eq!(open_with(dir.path(), Hooks::default()).await.head(), head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_within_a_refused_group_is_refused_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let (open_gate, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let before_write = Some(Arc::new(move || match counted.fetch_add(1, Ordering::AcqRel) {
        0 => {
            assert!(gate.lock().unwrap().recv().is_err(), "the gate opens by dropping its other end");
            Ok(())
        }
        1 => Err(io::Error::from(io::ErrorKind::StorageFull)),
        _ => Ok(()),
    }) as eventlog::Probe);
    let log = open_with(dir.path(), Hooks { before_write, ..Hooks::default() }).await;
    let mut first = Box::pin(append_owned(log.clone(), 1));
    while writes.load(Ordering::Acquire) == 0 {
        assert!(futures_pending(first.as_mut()).await);
    }
    let mut group = [2, 2, 1].map(|command| Box::pin(append_owned(log.clone(), command)));
    for append in &mut group {
        assert!(futures_pending(append.as_mut()).await);
    }
    drop(open_gate);
    assert_eq!(first.await.unwrap().first, Position(1));
    let [appended, repeated, durable] = group;
    assert!(matches!(appended.await, Err(AppendError::DiskFull)));
    assert!(matches!(repeated.await, Err(AppendError::DiskFull)));
    assert!(durable.await.unwrap().replayed);
    assert_eq!(append_owned(log.clone(), 2).await.unwrap().first, Position(2));
}

#[tokio::test]
async fn a_failed_barrier_ends_writing_and_is_never_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let is_broken = Arc::new(AtomicBool::new(false));
    let (reasons, syncs) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (told, counted) = (Arc::clone(&reasons), Arc::clone(&syncs));
    let sync = failing(&is_broken, io::ErrorKind::Other);
    let hooks = Hooks {
        on_fatal: Some(Arc::new(move |reason| told.lock().unwrap().push(reason.to_owned()))),
        before_sync: Some(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            sync()
        })),
        before_write: None,
    };
    let log = open_with(dir.path(), hooks).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    is_broken.store(true, Ordering::Relaxed);
    assert!(matches!(log.append(one(2, "a-1", 1)).await, Err(AppendError::Unknown)));
    is_broken.store(false, Ordering::Relaxed);
    let synced = syncs.load(Ordering::Relaxed);
    for n in 3..10 {
        assert!(matches!(log.append(one(n, "a-1", 1)).await, Err(AppendError::Closed)));
    }
    assert_eq!(syncs.load(Ordering::Relaxed), synced);
    assert_eq!(reasons.lock().unwrap().len(), 1);
    assert!(!log.is_writable());
    assert_eq!(log.head().position, Position(1));
    assert_eq!(everything(&log).await.len(), 1);
    log.close().await;
    let log = open_with(dir.path(), Hooks::default()).await;
    let version = log.stream_version(&name("a-1")).await.unwrap();
    assert!((1..=2).contains(&version.0), "the append in doubt is there or not");
    log.append(one(3, "a-1", version.0)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_or_shown_before_the_barrier_has_passed() {
    let dir = tempfile::tempdir().unwrap();
    let (is_closed, entered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (open_gate, gate) = mpsc::channel::<()>();
    let (closed, enters, gate) = (Arc::clone(&is_closed), Arc::clone(&entered), Mutex::new(gate));
    let before_sync = Some(Arc::new(move || {
        if closed.load(Ordering::Acquire) {
            enters.store(true, Ordering::Release);
            assert!(gate.lock().unwrap().recv().is_err(), "the gate opens by dropping its other end");
        }
        Ok(())
    }) as eventlog::Probe);
    let log = open_with(dir.path(), Hooks { before_sync, ..Hooks::default() }).await;
    is_closed.store(true, Ordering::Release);
    let mut append = Box::pin(append_owned(log.clone(), 1));
    while !entered.load(Ordering::Acquire) {
        assert!(futures_pending(append.as_mut()).await);
    }
    assert!(futures_pending(append.as_mut()).await);
    assert_eq!(log.head().position, Position(0));
    assert_eq!(*log.watch().borrow(), Position(0));
    assert_eq!(everything(&log).await, []);
    assert_eq!(eventlog::head(dir.path()).unwrap().position, Position(0));
    drop(open_gate);
    assert_eq!(append.await.unwrap().first, Position(1));
    assert_eq!(everything(&log).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_queue_is_full_one_more_append_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let entered = Arc::new(AtomicBool::new(false));
    let enters = Arc::clone(&entered);
    let (open_gate, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let before_write = Some(Arc::new(move || {
        enters.store(true, Ordering::Release);
        assert!(gate.lock().unwrap().recv().is_err(), "the gate opens by dropping its other end");
        Ok(())
    }) as eventlog::Probe);
    let log = open_with(dir.path(), Hooks { before_write, ..Hooks::default() }).await;
    let mut queued = vec![tokio::spawn(append_owned(log.clone(), 0))];
    while !entered.load(Ordering::Acquire) {
        tokio::task::yield_now().await;
    }
    let mut waiting = Vec::new();
    for n in 1..=QUEUE_MAX as u128 {
        let mut append = Box::pin(append_owned(log.clone(), n));
        assert!(futures_pending(append.as_mut()).await);
        waiting.push(append);
    }
    let refused = append_owned(log.clone(), QUEUE_MAX as u128 + 1).await;
    assert!(matches!(refused, Err(AppendError::QueueFull)));
    drop(open_gate);
    for append in waiting {
        append.await.unwrap();
    }
    queued.remove(0).await.unwrap().unwrap();
    assert_eq!(log.head().position.0, QUEUE_MAX as u64 + 1);
}

async fn append_owned(log: EventLog, n: u128) -> Result<eventlog::Appended, AppendError> {
    log.append(one(n, &format!("a-{n}"), 0)).await
}

/// Polls once; whether the future still waits.
async fn futures_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn an_append_whose_caller_went_away_completes() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    let mut append = Box::pin(append_owned(log.clone(), 1));
    futures_pending(append.as_mut()).await;
    drop(append);
    crate::given::until_head(&log, Position(1)).await;
    assert_eq!(everything(&log).await.len(), 1);
}

#[tokio::test]
async fn long_records_and_short_ones_stand_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_with(dir.path(), Hooks::default()).await;
    let sizes = [10, PAYLOAD_BYTES_MAX, 10, 3_900, 4_100, 9_000, 0, 12_000, 12_000, 1];
    log.append(sized(1, "a-1", sizes.into_iter())).await.unwrap();
    log.append(batch(2, vec![part("b-1", 0, 2)])).await.unwrap();
    for (n, size) in sizes.into_iter().enumerate() {
        let found = log.read_all(Position(n as u64), 1).await.unwrap();
        assert_eq!(found[0].payload.len(), size);
    }
    let all = everything(&log).await;
    log.close().await;
    assert_eq!(everything(&open_with(dir.path(), Hooks::default()).await).await, all);
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[tokio::test]
async fn whatever_bytes_are_damaged_opening_refuses_or_finds_everything() {
    const IMAGES: u64 = 60;
    let (dir, image) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = open_with(dir.path(), Hooks::default()).await;
    for n in 0..60 {
        log.append(batch(n, vec![part(&format!("a-{}", n % 5), n as u64 / 5 * 2, 2)])).await.unwrap();
    }
    let all = everything(&log).await;
    log.close().await;
    let files = ["db", "conf", "snap"].map(|start| {
        let mut found =
            fs::read_dir(dir.path().join("store/sled")).unwrap().map(|entry| entry.unwrap().path());
        found.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).unwrap()
    });
    for number in 0..IMAGES {
        let mut state = number;
        let damaged =
            &files[usize::from(random(&mut state).is_multiple_of(8)) * (1 + random(&mut state) as usize % 2)];
        let mut bytes = fs::read(damaged).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
        for _ in 0..=random(&mut state) % 4 {
            bytes[(random(&mut state) % used) as usize] ^= 1 << (random(&mut state) % 8);
        }
        fs::remove_dir_all(image.path()).unwrap();
        copy_dir(dir.path(), image.path());
        fs::write(image.path().join(damaged.strip_prefix(dir.path()).unwrap()), bytes).unwrap();
        if let Ok(log) = EventLog::open_sled(options(image.path()), clock()).await {
            assert_eq!(everything(&log).await, all, "image {number}");
            log.close().await;
        }
    }
}
