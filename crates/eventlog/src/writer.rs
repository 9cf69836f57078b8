//! The writer thread: takes all that is queued, orders it, and makes it durable in one go. The barrier is the
//! batching window; there is no timer.

use crate::batch::Prepared;
use crate::directory::{self, OpenError};
use crate::head_file::{HeadFile, HeadRecord};
use crate::lock::DirectoryLock;
use crate::sequencer::{Group, Index, Sequenced};
use crate::sled::StoreError;
use crate::sled_log::{Shared, State};
use crate::{AppendError, Position, QUEUE_MAX, codec::Stamp, frames::Frames};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{error::Error, mem, sync::Arc, sync::mpsc::Receiver};
use tokio::sync::{oneshot, watch};

/// A group takes no further batch from this size on.
const GROUP_BYTES_MAX: usize = 512 * 1024;

/// A batch in the queue.
pub(crate) struct Submission {
    pub(crate) batch: Prepared,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// The batch comes back: its memory is freed by its sender, and a conflict is looked into there.
pub(crate) type Reply = (Prepared, Result<Sequenced, AppendError>);

/// Why a group was not committed.
enum Failure {
    /// Nothing was written.
    NoSpace,
    /// The device ran full while writing.
    Full,
    /// Writing has ended for good; whether the group is durable is unknown.
    Fatal(String),
}

impl Failure {
    fn fatal(what: &str, error: &dyn Error) -> Self {
        let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self::Fatal(format!("{what}: {error}{source}"))
    }
}

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Receiver<Submission>,
    pub(crate) head_file: HeadFile,
    pub(crate) lock: DirectoryLock,
    pub(crate) done: watch::Sender<bool>,
    /// Buffer of the group before.
    pub(crate) spare: Frames,
}

impl Writer {
    /// Runs until the last sender of the queue is gone and the queue is empty.
    pub(crate) fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            let turn = catch_unwind(AssertUnwindSafe(|| self.turn(first)));
            if turn.is_err() {
                self.end_for_good("the writer panicked");
            }
        }
        let synced = self.head_file.start_sync().and_then(|()| self.head_file.finish_sync());
        if let Err(error) = synced {
            tracing::error!(%error, "the head file could not be synced at the end");
        }
        self.shared.set_state(State::Closed);
        self.shared.store.close();
        drop(self.lock);
        self.done.send_replace(true);
    }

    fn turn(&mut self, first: Submission) {
        let refusal = match self.shared.state() {
            State::Writable => None,
            State::Suspended => self.resume().err(),
            State::Closed => Some(AppendError::Closed),
        };
        if let Some(error) = refusal {
            answer(first.reply, first.batch, Err(error));
            return;
        }
        let durable = self.shared.index().head.position;
        let (group, replies) = self.gather(first);
        self.shared.note_commit(true);
        let committed = if group.is_empty() { Ok(()) } else { self.commit(group) };
        self.shared.note_commit(false);
        let refuse: fn() -> AppendError = match &committed {
            Ok(()) => {
                for (reply, batch, result) in replies {
                    answer(reply, batch, result);
                }
                if let Err(error) = self.head_file.start_sync() {
                    self.end_for_good(&format!("the head file could not be synced: {error}"));
                }
                return;
            }
            Err(Failure::NoSpace) => || AppendError::DiskFull,
            Err(Failure::Full) => self.suspend(),
            Err(Failure::Fatal(reason)) => {
                self.end_for_good(reason);
                || AppendError::Unknown
            }
        };
        for (reply, batch, result) in replies {
            let result = match result {
                Ok(Sequenced::Replayed { first }) if first <= durable => Ok(Sequenced::Replayed { first }),
                Ok(_) => Err(refuse()),
                Err(error) => Err(error),
            };
            answer(reply, batch, result);
        }
    }

    /// Decides all that is queued, up to a group's limits.
    fn gather(&mut self, first: Submission) -> (Group, Vec<(oneshot::Sender<Reply>, Prepared, Decided)>) {
        let index = self.shared.index();
        let mut group = Group::after(&index, self.shared.now_ms(), mem::take(&mut self.spare));
        let mut replies = Vec::new();
        let mut next = Some(first);
        while let Some(Submission { batch, reply }) = next {
            let decided = group.add(&index, &batch);
            replies.push((reply, batch, decided));
            let has_room = replies.len() < QUEUE_MAX && group.frames().bytes() < GROUP_BYTES_MAX;
            next = if has_room { self.queue.try_recv().ok() } else { None };
        }
        (group, replies)
    }

    /// The one way to an acknowledgement: stored, barrier passed, head noted, head published.
    fn commit(&mut self, group: Group) -> Result<(), Failure> {
        self.require_space()?;
        self.shared.store.write(&group.frames().chunks(group.first_position())).map_err(
            |error| match error {
                StoreError::Full => Failure::Full,
                other => Failure::fatal("the store could not be written", &other),
            },
        )?;
        self.shared.store.sync().map_err(|error| Failure::fatal("the barrier failed", &error))?;
        let head = HeadRecord { position: group.last_position(), hash: group.hash(), is_end: false };
        let noted = self.head_file.finish_sync().and_then(|()| self.head_file.write(head));
        noted.map_err(|error| Failure::fatal("the head file could not be written", &error))?;
        self.spare = self.shared.publish(group);
        Ok(())
    }

    fn require_space(&self) -> Result<(), Failure> {
        let free = self.shared.free_bytes().map_err(|error| Failure::fatal("no free space known", &error))?;
        if free < self.shared.write_bytes() { Err(Failure::NoSpace) } else { Ok(()) }
    }

    /// After a write met a full device: what it left behind is no part of the log, which is noted before
    /// anybody is told.
    fn suspend(&mut self) -> fn() -> AppendError {
        let head = self.durable_head(true);
        match self.head_file.write_durable(head) {
            Ok(()) => {
                tracing::error!("the device is full; appends are refused until there is space");
                self.shared.set_state(State::Suspended);
                || AppendError::DiskFull
            }
            Err(error) => {
                self.end_for_good(&format!("the head file could not be written: {error}"));
                || AppendError::Unknown
            }
        }
    }

    /// Opens the store again when there is space, without what the failed write left.
    fn resume(&mut self) -> Result<(), AppendError> {
        let needed = self.shared.resume_bytes();
        if self.shared.free_bytes().map_or(true, |free| free < needed) {
            return Err(AppendError::DiskFull);
        }
        match self.reopen() {
            Ok(()) => {
                tracing::info!("there is space again; appends are taken");
                self.shared.set_state(State::Writable);
                Ok(())
            }
            // The space is gone again: the store stays closed, and the next append tries anew.
            Err(OpenError::Io { source, .. }) if directory::is_full(&source) => Err(AppendError::DiskFull),
            Err(error) => {
                self.end_for_good(&format!("the store could not be opened again: {error}"));
                Err(AppendError::Closed)
            }
        }
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        let head = self.durable_head(false);
        let store = &self.shared.store;
        store.reopen()?;
        store.cut(head.position)?;
        let last_hash = |found: &mut [u8; 32]| {
            store.each(head.position, head.position, &mut |_, bytes| {
                *found = Stamp::decode(bytes).map_or([0; 32], |stamp| stamp.hash);
                Ok(())
            })
        };
        let mut found = head.hash;
        if head.position > Position(0) && (last_hash(&mut found).is_err() || found != head.hash) {
            let what = "the last durable record is gone".to_owned();
            return Err(OpenError::Damaged { position: Some(head.position), what });
        }
        let synced = store.sync_opened().and_then(|()| self.head_file.write_durable(head));
        synced.map_err(directory::io_error("making the store durable"))
    }

    fn durable_head(&self, is_end: bool) -> HeadRecord {
        let Index { head, .. } = &*self.shared.index();
        HeadRecord { position: head.position, hash: head.hash, is_end }
    }

    fn end_for_good(&self, reason: &str) {
        tracing::error!(reason, "writing has ended");
        self.shared.set_state(State::Closed);
        if let Some(on_fatal) = &self.shared.hooks.on_fatal {
            on_fatal(reason);
        }
    }
}

type Decided = Result<Sequenced, AppendError>;

/// A caller that went away needs no answer.
fn answer(reply: oneshot::Sender<Reply>, batch: Prepared, result: Decided) {
    drop(reply.send((batch, result)));
}
