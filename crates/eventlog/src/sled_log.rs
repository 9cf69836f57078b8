//! The log on sled: opening and recovery, the shared state between writer and readers.

use crate::batch::Prepared;
use crate::directory::{self, Directory, OpenError, Store, head_of_empty, io_error};
use crate::frames::{Frames, See};
use crate::head_file::{HeadFile, HeadRecord};
use crate::log::{Hooks, SledOptions};
use crate::reader::{Records, Stored};
use crate::replay::{Replay, Scrutiny};
use crate::sequencer::{Group, Index};
use crate::sled::SledStore;
use crate::streams::{StreamHead, StreamKey};
use crate::writer::{Reply, Submission, Writer};
use crate::{AppendError, Head, Now, Position, QUEUE_MAX, RECENT_COMMANDS_MAX, ReadError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;
use std::{io, thread};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

/// How far before the durable head the hashes of records are computed anew at opening.
const TAIL_RECORDS: u64 = 1_024;

/// What sled needs to open again after the device was full: a snapshot and a few segments.
const RESUME_BYTES: u64 = 16 * 1024 * 1024;

/// A commit this long is no commit any more: a log that waits for it is not writable.
const STUCK_MS: u64 = 10_000;

/// Free space above the floor without which nothing is written: the largest group and what sled adds to it.
const WRITE_BYTES: u64 = 4 * 1024 * 1024;

/// The engine behind [`EventLog::open_sled`](crate::EventLog::open_sled).
pub struct SledLog {
    shared: Arc<Shared>,
    queue: Mutex<Option<SyncSender<Submission>>>,
    done: watch::Receiver<bool>,
}

/// Whether the writer takes appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Writable,
    /// A write met a full device; the store is opened again when there is space.
    Suspended,
    Closed,
}

/// What writer and readers have in common.
pub(crate) struct Shared {
    pub(crate) store: SledStore,
    pub(crate) hooks: Hooks,
    free_space_floor_bytes: u64,
    dir: PathBuf,
    now: Now,
    index: RwLock<Index>,
    published: watch::Sender<Position>,
    state: AtomicU8,
    opened_at: Instant,
    /// Milliseconds from opening to the start of the commit under way; 0 when none is.
    committing_since_ms: AtomicU64,
}

impl Shared {
    /// Applied in one step after a group is complete, so a panic elsewhere leaves it whole.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a durable group to readers; gives back its buffer.
    pub(crate) fn publish(&self, group: Group) -> Frames {
        let position = group.last_position();
        let buffer = self.index.write().unwrap_or_else(PoisonError::into_inner).apply(group);
        self.published.send_replace(position);
        buffer
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.now)().timestamp_millis()
    }

    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        directory::free_bytes(&self.dir)
    }

    /// Free space below which nothing is written.
    pub(crate) fn write_bytes(&self) -> u64 {
        self.free_space_floor_bytes.saturating_add(WRITE_BYTES)
    }

    /// Free space from which on a suspended store is opened again.
    pub(crate) fn resume_bytes(&self) -> u64 {
        self.free_space_floor_bytes.saturating_add(RESUME_BYTES)
    }

    /// Notes that a commit is under way, or that it has ended.
    pub(crate) fn note_commit(&self, is_under_way: bool) {
        let since_ms = if is_under_way { self.ms_since_opening().max(1) } else { 0 };
        self.committing_since_ms.store(since_ms, Ordering::Relaxed);
    }

    /// Whether a commit takes so long that the disk must be taken for dead.
    fn is_stuck(&self) -> bool {
        let since_ms = self.committing_since_ms.load(Ordering::Relaxed);
        since_ms > 0 && self.ms_since_opening().saturating_sub(since_ms) > STUCK_MS
    }

    fn ms_since_opening(&self) -> u64 {
        u64::try_from(self.opened_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Writable,
            1 => State::Suspended,
            _ => State::Closed,
        }
    }

    pub(crate) fn set_state(&self, state: State) {
        let number = match state {
            State::Writable => 0,
            State::Suspended => 1,
            State::Closed => 2,
        };
        self.state.store(number, Ordering::Release);
    }
}

impl SledLog {
    /// Opens or creates; blocks for the time of one scan.
    pub(crate) fn open(options: &SledOptions, now: Now, hooks: Hooks) -> Result<Self, OpenError> {
        let directory = Directory::hold(&options.dir, &now)?;
        let log_id = match directory.store().log_id()? {
            Some(log_id) => log_id,
            None => create(&directory)?,
        };
        let paths = directory.store();
        paths.move_leftovers_aside()?;
        let store = SledStore::open(&paths.sled(), &hooks)?;
        let index = recover(&store, log_id, paths.head_record()?)?;
        let head_file = cover(&store, &paths, &index, &hooks)?;
        let shared = Arc::new(Shared {
            store,
            hooks,
            free_space_floor_bytes: options.free_space_floor_bytes,
            dir: directory.root,
            now,
            published: watch::Sender::new(index.head.position),
            index: RwLock::new(index),
            state: AtomicU8::new(0),
            opened_at: Instant::now(),
            committing_since_ms: AtomicU64::new(0),
        });
        let (sender, queue) = sync_channel(QUEUE_MAX);
        let (finished, done) = watch::channel(false);
        let spare = Frames::default();
        let writer = Writer {
            shared: Arc::clone(&shared),
            queue,
            head_file,
            lock: directory.lock,
            done: finished,
            spare,
        };
        let spawned = thread::Builder::new().name("log-writer".to_owned()).spawn(move || writer.run());
        spawned.map_err(io_error("starting the writer"))?;
        Ok(Self { shared, queue: Mutex::new(Some(sender)), done })
    }

    /// Queues a batch and waits for what becomes of it.
    pub(crate) async fn append(&self, batch: Prepared) -> Result<Reply, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Submission { batch, reply })?;
        // Without an answer the writer panicked over the group.
        answer.await.map_err(|_| AppendError::Unknown)
    }

    fn submit(&self, submission: Submission) -> Result<(), AppendError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(AppendError::Closed)?;
        queue.try_send(submission).map_err(|error| match error {
            TrySendError::Full(_) => AppendError::QueueFull,
            TrySendError::Disconnected(_) => AppendError::Closed,
        })
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.shared.published.subscribe()
    }

    pub(crate) fn is_writable(&self) -> bool {
        let is_open = self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let needed = match self.shared.state() {
            State::Writable => self.shared.write_bytes(),
            State::Suspended => self.shared.resume_bytes(),
            State::Closed => return false,
        };
        is_open && !self.shared.is_stuck() && self.shared.free_bytes().is_ok_and(|free| free >= needed)
    }

    pub(crate) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut done = self.done.clone();
        // An error means the writer is gone, which is what is waited for.
        drop(done.wait_for(|done| *done).await);
    }
}

impl Records for SledLog {
    fn head(&self) -> Head {
        self.shared.index().head
    }

    fn stream_head(&self, key: StreamKey) -> StreamHead {
        self.shared.index().streams.head(key)
    }

    fn recent_command(&self, command_id: Uuid) -> Option<Position> {
        self.shared.index().recent.first_position(command_id)
    }
}

impl Stored for SledLog {
    fn each(&self, first: Position, last: Position, see: &mut See<'_>) -> Result<(), ReadError> {
        self.shared.store.each(first, last, see)
    }
}

fn create(directory: &Directory) -> Result<Uuid, OpenError> {
    #[expect(clippy::disallowed_methods, reason = "a log makes its own id, once, at creation")]
    let log_id = Uuid::new_v4();
    directory.create(log_id, |scratch| {
        let store = SledStore::open(&scratch.sled(), &Hooks::default())?;
        store.close();
        Ok::<_, OpenError>(head_of_empty(log_id))
    })?;
    Ok(log_id)
}

/// Rebuilds the index by one scan. A torn tail is cut at the last whole batch; what was durable must be there.
fn recover(store: &SledStore, log_id: Uuid, head: HeadRecord) -> Result<Index, OpenError> {
    if head.is_end {
        store.cut(head.position)?;
    }
    let last = store.last_chunk()?.0;
    let mut replay = Replay::new(
        log_id,
        Scrutiny {
            hashes_after: Position(head.position.0.saturating_sub(TAIL_RECORDS)),
            commands_after: Position(last.saturating_sub(RECENT_COMMANDS_MAX as u64)),
            known: Some((head.position, head.hash)),
        },
    );
    let fault = match store.scan(&mut |_, bytes| Ok(replay.see(bytes)?)) {
        Ok(()) => None,
        Err(ReadError::Corrupt { position, what }) => Some((position, what)),
        Err(error) => {
            let what = match error {
                ReadError::Store(source) => source.to_string(),
                other => other.to_string(),
            };
            return Err(OpenError::Damaged { position: Some(replay.next()), what });
        }
    };
    let whole = replay.whole();
    if whole < head.position {
        return Err(match fault {
            Some((position, what)) => OpenError::Damaged { position: Some(position), what },
            None => OpenError::Shortened { head: head.position, log: whole },
        });
    }
    if fault.is_some() || replay.next().0 > whole.0 + 1 {
        let what = fault.map_or_else(|| "a batch is not whole".to_owned(), |(_, what)| what);
        tracing::warn!(position = whole.0, what, "cut a torn tail behind the last whole batch");
        store.cut(whole)?;
    }
    Ok(replay.into_index())
}

/// Makes durable what was found, before anybody reads it, and notes it.
fn cover(store: &SledStore, paths: &Store, index: &Index, hooks: &Hooks) -> Result<HeadFile, OpenError> {
    store.sync_opened().map_err(io_error("making the store durable"))?;
    let head = HeadRecord { position: index.head.position, hash: index.head.hash, is_end: false };
    let opened = HeadFile::open(&paths.head(), hooks);
    let mut head_file = opened.map_err(io_error("opening the head file"))?;
    head_file.write_durable(head).map_err(io_error("writing the head file"))?;
    Ok(head_file)
}

#[cfg(test)]
mod recovery_tests;
