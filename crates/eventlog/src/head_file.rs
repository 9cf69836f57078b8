//! The head record: how many records are durable and the hash of the last, kept outside the store, so that a
//! store that comes back shorter is noticed.
//!
//! It is written after a group's barrier and made durable beside the next group's, so the last group is the
//! one not covered. Two slots are written in turns, each with a checksum: a torn write leaves the other.

use crate::{Hooks, Position};
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{fs::File, io, path::Path, sync::Arc, thread};

const MAGIC: &[u8; 4] = b"PHED";
/// Apart by more than what a device writes at once.
const SLOT_SPACING_BYTES: u64 = 4096;
const SLOT_BYTES: usize = 4 + 8 + 8 + 32 + 1 + 4;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadRecord {
    pub(crate) position: Position,
    pub(crate) hash: [u8; 32],
    /// Whether records behind it were refused to their writers (the device was full) and are no part of the log.
    pub(crate) is_end: bool,
}

/// The open file and the thread that syncs it.
pub(crate) struct HeadFile {
    file: Arc<File>,
    sequence: u64,
    requests: SyncSender<()>,
    results: Receiver<io::Result<()>>,
    is_syncing: bool,
}

impl HeadFile {
    /// Writes a new file, durable when Ok; its folder is not.
    pub(crate) fn create(path: &Path, head: HeadRecord) -> io::Result<()> {
        let file = File::options().write(true).create_new(true).open(path)?;
        file.set_len(SLOT_SPACING_BYTES * 2)?;
        for sequence in [0, 1] {
            file.write_all_at(&encode(sequence, head), offset(sequence))?;
        }
        file.sync_all()
    }

    /// Reads the newest whole slot; none is an error of kind `InvalidData`.
    pub(crate) fn read(path: &Path) -> io::Result<HeadRecord> {
        Ok(Self::newest(&File::open(path)?)?.1)
    }

    /// Opens the file for writing.
    pub(crate) fn open(path: &Path, hooks: &Hooks) -> io::Result<Self> {
        let file = Arc::new(File::options().read(true).write(true).open(path)?);
        let (sequence, _) = Self::newest(&file)?;
        let (requests, asked) = sync_channel(1);
        let (answers, results) = sync_channel(1);
        let syncer = Syncer { file: Arc::clone(&file), hooks: hooks.clone() };
        thread::Builder::new().name("log-head".to_owned()).spawn(move || {
            while let Ok(()) = asked.recv() {
                if answers.send(syncer.sync()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { file, sequence, requests, results, is_syncing: false })
    }

    /// Overwrites the older slot; not durable yet.
    pub(crate) fn write(&mut self, head: HeadRecord) -> io::Result<()> {
        self.sequence += 1;
        self.file.write_all_at(&encode(self.sequence, head), offset(self.sequence))
    }

    /// Begins to make durable what was written, on the other thread.
    pub(crate) fn start_sync(&mut self) -> io::Result<()> {
        self.finish_sync()?;
        self.requests.send(()).map_err(|_| thread_ended())?;
        self.is_syncing = true;
        Ok(())
    }

    /// Waits for the sync begun before, if any.
    pub(crate) fn finish_sync(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_syncing) {
            return Ok(());
        }
        self.results.recv().map_err(|_| thread_ended())?
    }

    /// Writes and makes durable.
    pub(crate) fn write_durable(&mut self, head: HeadRecord) -> io::Result<()> {
        self.finish_sync()?;
        self.write(head)?;
        self.start_sync()?;
        self.finish_sync()
    }

    fn newest(file: &File) -> io::Result<(u64, HeadRecord)> {
        let mut newest: Option<(u64, HeadRecord)> = None;
        for slot in [0, 1] {
            let mut bytes = [0; SLOT_BYTES];
            match file.read_exact_at(&mut bytes, offset(slot)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(error),
            }
            let found = decode(&bytes);
            if found.map(|(sequence, _)| sequence) > newest.map(|(sequence, _)| sequence) {
                newest = found;
            }
        }
        newest.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no slot of the head file is whole"))
    }
}

struct Syncer {
    file: Arc<File>,
    hooks: Hooks,
}

impl Syncer {
    fn sync(&self) -> io::Result<()> {
        if let Some(before_sync) = &self.hooks.before_sync {
            before_sync()?;
        }
        self.file.sync_data()
    }
}

fn thread_ended() -> io::Error {
    io::Error::other("the thread that syncs the head file has ended")
}

fn offset(sequence: u64) -> u64 {
    sequence % 2 * SLOT_SPACING_BYTES
}

fn encode(sequence: u64, head: HeadRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&head.position.0.to_be_bytes());
    bytes.extend_from_slice(&head.hash);
    bytes.push(u8::from(head.is_end));
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<(u64, HeadRecord)> {
    let (body, crc) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(body) != u32::from_be_bytes(*crc) {
        return None;
    }
    let (magic, rest) = body.split_first_chunk::<4>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (position, rest) = rest.split_first_chunk::<8>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let head =
        HeadRecord { position: Position(u64::from_be_bytes(*position)), hash: *hash, is_end: rest == [1] };
    (magic == MAGIC).then_some((u64::from_be_bytes(*sequence), head))
}
