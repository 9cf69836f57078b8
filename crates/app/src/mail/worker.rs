//! The mail worker: follows the log, sends what is due, records what became of it.

use super::{Mailer, Outbox, delivery::Delivery, intents::intent_of, refold::RefoldError};
use crate::{
    clock::Clock,
    folds::FoldError,
    ids::Ids,
    keyring::{BoundKeys, TransientError},
    sealing::{SealError, Sealer},
    side_state::{SideState, SideStateError},
};
use chrono::{DateTime, Utc};
use domain::{codec::CodecError, policy::Policy};
use eventlog::{AppendError, EventLog, Position, ReadError};
use futures_util::future::join_all;
use std::{pin::pin, time::Duration};
use tokio::sync::watch;

/// Records read at once.
const PAGE: u32 = 500;
/// The place in the log is written down at least this often; a mail writes it down at once.
const CHECKPOINT_EVERY: u64 = 5_000;
/// Mails sent at once.
const SENT_AT_ONCE: u32 = 4;
/// With so many mails waiting the log is not read further.
const WAITING_MAX: u32 = 10_000;
/// Looks for work at least this often, whatever hints were missed.
const POLL: Duration = Duration::from_secs(1);

/// What a worker is made of.
pub struct WorkerParts {
    /// The log.
    pub log: EventLog,
    /// Side state.
    pub side: SideState,
    /// Keys bound to the log.
    pub keys: BoundKeys,
    /// Opens addresses.
    pub sealer: Sealer,
    /// The outbox that sign-ups fill; its clones wake the worker.
    pub outbox: Outbox,
    /// Who sends.
    pub mailer: Mailer,
    /// The clock.
    pub clock: Clock,
    /// Randomness, to spread retries.
    pub ids: Ids,
    /// What links begin with, such as `https://portal.example.org`.
    pub base_url: String,
    /// Policy in force.
    pub policy: Policy,
}

/// Why the worker ended. Nothing may go on: what it would go on with is wrong, or in doubt.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A stored event can't be read.
    #[error("an event that may ask for a mail is unreadable")]
    Undecodable(#[from] CodecError),
    /// A stream can't be folded.
    #[error("a stream a mail is about cannot be folded")]
    Fold(#[from] FoldError),
    /// A sealed field can't be opened.
    #[error("an address cannot be opened")]
    Seal(#[from] SealError),
    /// A row of the outbox can't be opened.
    #[error("a mail in the outbox cannot be opened")]
    Outbox(#[from] TransientError),
    /// Side state failed.
    #[error("the outbox failed")]
    Side(#[from] SideStateError),
    /// The log can't be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// An outcome can't be recorded.
    #[error("what became of a mail cannot be recorded")]
    Append(#[from] AppendError),
}

impl From<RefoldError> for WorkerError {
    fn from(error: RefoldError) -> Self {
        match error {
            RefoldError::Fold(error) => Self::Fold(error),
            RefoldError::Seal(error) => Self::Seal(error),
        }
    }
}

impl WorkerError {
    /// Whether it is one mail that can't be read, and no other suffers from it.
    fn is_about_one_mail(&self) -> bool {
        matches!(self, Self::Outbox(_) | Self::Seal(SealError::Damaged { .. }))
    }

    /// Whether the same may work a moment later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Fold(FoldError::Read(error)) | Self::Read(error) => matches!(error, ReadError::Store(_)),
            Self::Fold(FoldError::CorruptStream { .. } | FoldError::Undecodable { .. })
            | Self::Undecodable(_)
            | Self::Outbox(_) => false,
            Self::Seal(error) => !error.is_fatal(),
            Self::Side(error) => !matches!(error, SideStateError::Malformed { .. }),
            // A command of its own id may be sent again: of a commit in doubt nothing is appended twice.
            Self::Append(error) => matches!(
                error,
                AppendError::QueueFull
                    | AppendError::DiskFull
                    | AppendError::Unavailable
                    | AppendError::InDoubt
            ),
        }
    }
}

/// Sends mails until told to stop.
pub struct Worker {
    parts: WorkerParts,
    delivery: Delivery,
}

/// How far the log was followed.
struct Progress {
    followed: Position,
    written: Position,
}

impl Worker {
    /// Puts the parts together.
    pub fn new(parts: WorkerParts) -> Self {
        Self { delivery: Delivery::new(&parts), parts }
    }

    /// Runs until `shutdown` completes, or until something is wrong that time does not mend. Mails being
    /// sent at that moment are finished first.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), WorkerError> {
        let mut shutdown = pin!(shutdown);
        let mut head = self.parts.log.watch();
        let mut progress = self.resume().await?;
        loop {
            let next = match self.round(&mut progress).await {
                Ok(next) => next,
                Err(error) if error.may_pass() => {
                    tracing::warn!(%error, source = std::error::Error::source(&error), "mail has to wait");
                    None
                }
                Err(error) => return Err(error),
            };
            tokio::select! {
                () = &mut shutdown => break,
                () = self.something_to_do(&mut head, next) => {}
            }
        }
        if progress.followed > progress.written {
            self.parts.side.enqueue_from_log(&[], progress.followed).await?;
        }
        Ok(())
    }

    /// A log restored from a back-up may end before the place written down; what follows there is new.
    async fn resume(&self) -> Result<Progress, WorkerError> {
        let (written, head) = (self.parts.side.mail_checkpoint().await?, self.parts.log.head().position);
        if written > head {
            self.parts.side.enqueue_from_log(&[], head).await?;
        }
        let followed = written.min(head);
        Ok(Progress { followed, written: followed })
    }

    /// Reads what is new in the log and tries what is due. Returns when there is more to do, if known.
    async fn round(&self, progress: &mut Progress) -> Result<Option<DateTime<Utc>>, WorkerError> {
        let now = self.parts.clock.now();
        self.follow(progress).await?;
        let due = self.parts.side.due_mails(now, SENT_AT_ONCE).await?;
        let outcomes = join_all(due.iter().map(|mail| self.delivery.deliver(mail, now))).await;
        for (mail, outcome) in due.iter().zip(outcomes) {
            match outcome {
                Err(error) if error.is_about_one_mail() => {
                    tracing::error!(intent = %mail.intent, %error, "a mail is set aside");
                    self.parts.side.set_mail_aside(mail.intent).await?;
                }
                outcome => outcome?,
            }
        }
        if progress.followed < self.parts.log.head().position && self.has_room().await? {
            return Ok(Some(now));
        }
        Ok(self.parts.side.next_mail_due().await?)
    }

    async fn has_room(&self) -> Result<bool, WorkerError> {
        Ok(self.parts.side.mails_waiting().await? < WAITING_MAX)
    }

    async fn follow(&self, progress: &mut Progress) -> Result<(), WorkerError> {
        if !self.has_room().await? {
            return Ok(());
        }
        let records = self.parts.log.read_all(progress.followed, PAGE).await?;
        let Some(last) = records.last() else { return Ok(()) };
        let mut mails = Vec::new();
        for record in &records {
            let Some(intent) = intent_of(record)? else { continue };
            let addressed = self.delivery.addressed(intent).await?;
            mails.extend(addressed.iter().map(|intent| self.parts.outbox.row_of(intent)));
        }
        if !mails.is_empty() || last.position.0 >= progress.written.0 + CHECKPOINT_EVERY {
            self.parts.side.enqueue_from_log(&mails, last.position).await?;
            progress.written = last.position;
        }
        progress.followed = last.position;
        Ok(())
    }

    async fn something_to_do(&self, head: &mut watch::Receiver<Position>, next: Option<DateTime<Utc>>) {
        let due = async {
            match next {
                Some(at) => self.parts.clock.wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = head.changed() => {}
            () = self.parts.outbox.queued() => {}
            () = due => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}
