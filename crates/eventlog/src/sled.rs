//! The store: chunks of records in sled 0.34.7, and everything known about how to live with it.
//!
//! - `flush` ends in `sync_file_range`, which survives neither the loss of power nor a new file size, so
//!   [`sync`](SledStore::sync) adds `fdatasync` on a second handle of sled's `db` file.
//! - Page images above a quarter of a segment become files under `blobs/` that nobody syncs; chunks are small
//!   so that none appears, and debug builds look after each write.
//! - Default `segment_size` and `flush_every_ms`: others multiply its memory. No compression: ten times slower.
//! - It may panic where it should fail, at opening above all.
//! - A write that fails on one of its threads does not always wake those who wait for it to become stable: a flush
//!   then waits for ever. [`wake_waiters`] looks for such failures and wakes them.
//! - Never `watch_prefix`, `generate_id`, `len`, nor work left to `Drop`.

use crate::directory::{OpenError, io_error, is_full, sync_dir};
use crate::frames::{self, Chunk, ChunkKey, Fault, See, Unpacker};
use crate::{Hooks, Position, ReadError};
use ::sled::{Batch, Config, Db, IVec};
use rustix::fs::{FlockOperation, flock};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::{fs, fs::File, io, thread, time::Duration};

const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// A leaf holds eight chunks or more and is touched for each: a scan of any length keeps about 80 MiB, not 480.
const SCAN_TOUCHES: usize = 3;
/// The same for a single look-up, which may be the only one in its leaf: about 120 MiB, not 330.
const LOOKUP_TOUCHES: usize = 4;
const SCAN_GROUP_CHUNKS: usize = 64;
const SCAN_AHEAD_GROUPS: usize = 4;
/// How long an earlier instance of this process may take to let go of the `db` file.
const RELEASE_WAIT: Duration = Duration::from_secs(5);

/// How long a failed write may go unnoticed by those who wait for it.
const LOOK_FOR_FAILURE: Duration = Duration::from_millis(100);

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// No space is left on the device, or no quota.
    #[error("the device is full")]
    Full,
    /// The operating system refused.
    #[error("the store could not reach its files")]
    Io(#[source] io::Error),
    /// sled found something wrong with what it holds.
    #[error("the store failed")]
    Failed(#[source] ::sled::Error),
    /// It panicked.
    #[error("the store panicked")]
    Panicked,
    /// It was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Io(error) }
    }
}

impl From<::sled::Error> for StoreError {
    fn from(error: ::sled::Error) -> Self {
        match error {
            ::sled::Error::Io(error) => Self::from(error),
            other => Self::Failed(other),
        }
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        let what = match error {
            StoreError::Full => return io_error("opening the store")(io::ErrorKind::StorageFull.into()),
            StoreError::Io(source) => return io_error("opening the store")(source),
            StoreError::Failed(source) => {
                format!("the store does not open, so no position can be named: {source}")
            }
            StoreError::Panicked | StoreError::Closed => error.to_string(),
        };
        Self::Damaged { position: None, what }
    }
}

/// An open store. One thread writes, any thread reads.
pub(crate) struct SledStore {
    path: PathBuf,
    db: Arc<RwLock<Option<Instance>>>,
    /// Second handle of sled's `db` file, for the barrier.
    data: File,
    hooks: Hooks,
    /// Ends the thread that wakes waiters when it is dropped.
    _watch: SyncSender<()>,
}

/// sled, opened, and the configuration it notes a failed write in.
struct Instance {
    db: Db,
    config: Config,
}

impl Instance {
    /// A flush after a failed write fails at once, and wakes whoever waits in another.
    fn wake_waiters(&self) {
        if self.config.global_error().is_err() {
            drop(self.db.flush());
        }
    }
}

impl SledStore {
    /// Opens or creates the store; its folder exists. Rewrites a snapshot, so it needs space.
    pub(crate) fn open(path: &Path, hooks: &Hooks) -> Result<Self, OpenError> {
        let mut options = File::options();
        let data = options.read(true).write(true).create(true).truncate(false).open(path.join("db"));
        let data = data.map_err(io_error("opening the store"))?;
        let db = Arc::new(RwLock::new(Some(open_db(path, &data)?)));
        let watched = Arc::clone(&db);
        let (watch, ended) = sync_channel(0);
        let watching = thread::Builder::new().name("log-watch".to_owned());
        let watching = watching.spawn(move || wake_waiters(&watched, &ended));
        watching.map_err(io_error("starting to watch the store"))?;
        Ok(Self { path: path.to_owned(), db, data, hooks: hooks.clone(), _watch: watch })
    }

    /// Lets go of the files and opens them again: sled remembers a failed write until then.
    pub(crate) fn reopen(&self) -> Result<(), OpenError> {
        self.close();
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = Some(open_db(&self.path, &self.data)?);
        Ok(())
    }

    /// Lets go of the files; later calls fail.
    pub(crate) fn close(&self) {
        if let Some(instance) = &*self.guard() {
            instance.wake_waiters();
        }
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Writes chunks; they survive the end of the process, but not yet the loss of power. Written one by one
    /// in order: a batch of sled's costs a manifest and a random order, and whole batches are told by the
    /// records themselves.
    pub(crate) fn write(&self, chunks: &[Chunk<'_>]) -> Result<(), StoreError> {
        if let Some(before_write) = &self.hooks.before_write {
            before_write()?;
        }
        let guard = self.guard();
        let db = opened(guard.as_ref())?;
        for chunk in chunks {
            db.insert(chunk.key.encode(), chunk.bytes)?;
        }
        db.flush()?;
        debug_assert!(self.has_no_blobs(), "a page went to an unsynced file of its own");
        Ok(())
    }

    /// The barrier: what was written survives the loss of power. An error can't be retried: the next attempt
    /// may succeed without the data.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if let Some(before_sync) = &self.hooks.before_sync {
            before_sync()?;
        }
        self.data.sync_data()
    }

    /// The barrier after opening: sled may have rewritten its snapshot, zeroed a tail, or found records in the
    /// page cache that a killed process had written and not synced.
    pub(crate) fn sync_opened(&self) -> io::Result<()> {
        self.sync()?;
        sync_dir(&self.path)
    }

    /// First position of the last chunk; 0 when there is none.
    pub(crate) fn last_chunk(&self) -> Result<Position, StoreError> {
        let guard = self.guard();
        let Some(last) = opened(guard.as_ref())?.iter().next_back() else { return Ok(Position(0)) };
        let (key, _) = last?;
        Ok(ChunkKey::decode(&key).map_or(Position(0), |key| key.first))
    }

    /// Shows every record from the first on until a fault; a record begun and not ended is one. Another thread
    /// reads ahead.
    pub(crate) fn scan(&self, see: &mut See<'_>) -> Result<(), ReadError> {
        let guard = self.guard();
        let db = opened(guard.as_ref())?;
        caught(|| {
            thread::scope(|scope| {
                let (sender, groups) = sync_channel(SCAN_AHEAD_GROUPS);
                scope.spawn(move || read_ahead(db, &sender));
                unpack(&groups, see)
            })
        })
    }

    /// Shows the records in `first..=last`.
    pub(crate) fn each(&self, first: Position, last: Position, see: &mut See<'_>) -> Result<(), ReadError> {
        caught(|| self.each_unguarded(first, last, see))
    }

    fn each_unguarded(&self, first: Position, last: Position, see: &mut See<'_>) -> Result<(), ReadError> {
        let guard = self.guard();
        let db = opened(guard.as_ref())?;
        let missing = || ReadError::from(Fault::new(first, "there is no such record"));
        let (mut key, chunk) = last_at_or_before(db, first)?.ok_or_else(missing)?;
        let mut unpacker = Unpacker::from(decode_key(&key, &Unpacker::from(first))?.first);
        let mut see = |position: Position, bytes: &[u8]| -> Result<(), ReadError> {
            if (first..=last).contains(&position) { see(position, bytes) } else { Ok(()) }
        };
        unpacker.feed(decode_key(&key, &unpacker)?, &chunk, &mut see)?;
        touch(db, &key, LOOKUP_TOUCHES)?;
        let mut rest = None;
        while unpacker.next() <= last {
            let from = Bound::Excluded(std::mem::take(&mut key));
            let rest = rest.get_or_insert_with(|| db.range((from, Bound::<IVec>::Unbounded)));
            let Some(entry) = rest.next() else {
                return Err(Fault::new(unpacker.next(), "there is no such record").into());
            };
            let (key, chunk) = entry.map_err(StoreError::from)?;
            unpacker.feed(decode_key(&key, &unpacker)?, &chunk, &mut see)?;
            touch(db, &key, SCAN_TOUCHES)?;
        }
        Ok(())
    }

    /// Removes every record behind a position.
    pub(crate) fn cut(&self, last: Position) -> Result<(), StoreError> {
        let guard = self.guard();
        let db = opened(guard.as_ref())?;
        let mut batch = Batch::default();
        let straddling = last_at_or_before(db, last)?;
        if let Some((key, chunk)) = straddling
            && let Some(ChunkKey { first, part: 0 }) = ChunkKey::decode(&key)
            && let Some(kept) = frames::bytes_of_frames(&chunk, last.0 - first.0 + 1)
            && kept < chunk.len()
        {
            batch.insert(key, &chunk[..kept]);
        }
        for entry in db.range(ChunkKey::of(Position(last.0 + 1)).encode()..) {
            batch.remove(entry?.0);
        }
        db.apply_batch(batch)?;
        db.flush()?;
        Ok(())
    }

    fn has_no_blobs(&self) -> bool {
        fs::read_dir(self.path.join("blobs")).is_ok_and(|mut entries| entries.next().is_none())
    }

    fn guard(&self) -> RwLockReadGuard<'_, Option<Instance>> {
        self.db.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chunks in order, in groups; the last group may be an error.
type ReadAhead = Result<Vec<(IVec, IVec)>, StoreError>;

fn read_ahead(db: &Db, sender: &SyncSender<ReadAhead>) {
    let mut entries = db.iter();
    loop {
        let group = next_group(db, &mut entries);
        let is_last = group.as_ref().map_or(true, Vec::is_empty);
        // Behind a fault nobody listens any more.
        if sender.send(group).is_err() || is_last {
            return;
        }
    }
}

fn next_group(db: &Db, entries: &mut ::sled::Iter) -> ReadAhead {
    let mut group = Vec::with_capacity(SCAN_GROUP_CHUNKS);
    for entry in entries.by_ref().take(SCAN_GROUP_CHUNKS) {
        let (key, chunk) = entry?;
        touch(db, &key, SCAN_TOUCHES)?;
        group.push((key, chunk));
    }
    Ok(group)
}

fn unpack(groups: &Receiver<ReadAhead>, see: &mut See<'_>) -> Result<(), ReadError> {
    let mut unpacker = Unpacker::from(Position(1));
    for group in groups {
        for (key, chunk) in group? {
            unpacker.feed(decode_key(&key, &unpacker)?, &chunk, see)?;
        }
    }
    if unpacker.is_within_record() {
        return Err(Fault::new(unpacker.next(), "the record is cut off").into());
    }
    Ok(())
}

/// sled's cache notes accesses in blocks of 64 for each of 256 shards and evicts when a block is full: pages
/// looked at once are kept with 16,383 others, whatever the capacity. Looking again fills the blocks sooner.
fn touch(db: &Db, key: &[u8], times: usize) -> Result<(), StoreError> {
    for _ in 0..times {
        db.get(key)?;
    }
    Ok(())
}

/// Makes an error of a panic, for that is how sled reports some damage. Nothing of ours is left half changed:
/// reads change nothing.
fn caught(read: impl FnOnce() -> Result<(), ReadError>) -> Result<(), ReadError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

fn opened(instance: Option<&Instance>) -> Result<&Db, StoreError> {
    instance.map(|instance| &instance.db).ok_or(StoreError::Closed)
}

/// Looks again and again whether a write has failed on a thread of sled's, until the store is dropped.
fn wake_waiters(db: &RwLock<Option<Instance>>, ended: &Receiver<()>) {
    while ended.recv_timeout(LOOK_FOR_FAILURE) == Err(RecvTimeoutError::Timeout) {
        // Whoever opens or closes the store meanwhile waits for nothing.
        if let Ok(instance) = db.try_read() {
            instance.iter().for_each(Instance::wake_waiters);
        }
    }
}

fn last_at_or_before(db: &Db, position: Position) -> Result<Option<(IVec, IVec)>, StoreError> {
    Ok(db.range(..=ChunkKey::of(position).encode()).next_back().transpose()?)
}

fn decode_key(key: &[u8], unpacker: &Unpacker) -> Result<ChunkKey, ReadError> {
    ChunkKey::decode(key).ok_or_else(|| Fault::new(unpacker.next(), "a key is malformed").into())
}

fn open_db(path: &Path, data: &File) -> Result<Instance, OpenError> {
    wait_for_release(data)?;
    let config = Config::new().path(path).cache_capacity(CACHE_BYTES);
    let Ok(opened) = catch_unwind(AssertUnwindSafe(|| config.open())) else {
        return Err(StoreError::Panicked.into());
    };
    Ok(Instance { db: opened.map_err(StoreError::from)?, config })
}

/// Threads of an instance just closed may hold its file a little longer. Nobody else can: we have the
/// directory's lock.
fn wait_for_release(data: &File) -> Result<(), OpenError> {
    const STEP: Duration = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    loop {
        match flock(data, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(rustix::io::Errno::WOULDBLOCK) if waited < RELEASE_WAIT => {
                thread::sleep(STEP);
                waited += STEP;
            }
            Err(errno) => return Err(io_error("waiting for the store's file")(errno.into())),
        }
    }
    flock(data, FlockOperation::Unlock).map_err(|errno| io_error("unlocking the store")(errno.into()))
}
