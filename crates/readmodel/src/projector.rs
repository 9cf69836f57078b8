//! The projector: one task that follows the log and moves the read model along.

use crate::{ApplyError, Failed, Status, files::Files, open, passing, rebuild, writer::Writer};
use eventlog::{EventLog, Position, ReadError};
use sqlx::SqlitePool;
use std::{
    convert::Infallible,
    error::Error as _,
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::watch;

/// The log's hint may be missed; from time to time we look for ourselves.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Pause before what failed in passing is tried again; it doubles from try to try.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// Longest pause before a try.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Folds the log into the read model until told to stop.
pub struct Projector {
    files: Files,
    log: EventLog,
    writer: Option<Writer>,
    /// Whether there is a file that folding can go on with.
    is_built: bool,
    pool: Arc<OnceLock<SqlitePool>>,
    status: watch::Sender<Status>,
}

/// Why the projector has stopped.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// An event can't be folded. It is never skipped: the code is at fault, so a fixed program and a rebuild
    /// are the way on.
    #[error("event {event_type} at position {} cannot be folded", position.0)]
    Event {
        /// Where it stands.
        position: Position,
        /// Its stored type.
        event_type: String,
        /// What is wrong.
        #[source]
        source: ApplyError,
    },
    /// The log does not go on where the file ends.
    #[error("the record at position {} does not follow what was folded", position.0)]
    OtherHistory {
        /// The first that doesn't fit.
        position: Position,
    },
    /// The log can't be read.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// SQLite failed.
    #[error("the read model cannot be written")]
    Store(#[from] sqlx::Error),
    /// Files can't be made or moved.
    #[error("the files of the read model cannot be used")]
    Files(#[from] std::io::Error),
}

impl Projector {
    pub(crate) fn new(
        files: Files,
        log: EventLog,
        writer: Option<Writer>,
        pool: Arc<OnceLock<SqlitePool>>,
        status: watch::Sender<Status>,
    ) -> Self {
        let is_built = writer.is_some();
        Self { files, log, writer, is_built, pool, status }
    }

    /// Builds the file when there is none, then follows the log; ends at `shutdown`, or when the log can't be
    /// folded any further, which the status shows from then on. What may pass (a locked file, a full device) is
    /// tried again for as long as it takes.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ProjectionError> {
        let error = tokio::select! {
            () = shutdown => return Ok(()),
            error = self.keep_following() => error,
        };
        self.status.send_modify(|status| status.failed = Some(failed(&error, status.position)));
        Err(error)
    }

    async fn keep_following(&mut self) -> ProjectionError {
        let mut pause = RETRY_FIRST;
        loop {
            let before = self.status.borrow().position;
            let error = match self.follow().await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            if !passing::may_pass(&error) {
                return error;
            }
            if self.status.borrow().position > before {
                pause = RETRY_FIRST;
            }
            let cause = error.source().map(ToString::to_string);
            tracing::warn!(%error, cause, "the read model stands still; it is tried again");
            self.status.send_modify(|status| status.is_stalled = true);
            tokio::time::sleep(pause).await;
            pause = RETRY_MAX.min(pause * 2);
        }
    }

    /// Each call has a connection of its own: what a failed transaction left in the last one is gone with it.
    async fn follow(&mut self) -> Result<Infallible, ProjectionError> {
        let mut head = self.log.watch();
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None if self.is_built => open::resume(&self.files).await?,
            None => rebuild::rebuild(&self.files, &self.log).await?,
        };
        self.is_built = true;
        if self.pool.get().is_none() {
            let readers = open::connect_readers(&self.files).await?;
            self.pool.get_or_init(|| readers);
        }
        self.publish(writer.checkpoint().position);
        loop {
            let has_more = writer.step(&self.log).await?;
            self.publish(writer.checkpoint().position);
            self.status.send_if_modified(|status| std::mem::take(&mut status.is_stalled));
            // Both a hint and the end of the wait mean the same: look again.
            if !has_more && let Ok(Err(_closed)) = tokio::time::timeout(POLL_EVERY, head.changed()).await {
                return std::future::pending().await;
            }
        }
    }

    fn publish(&self, position: Position) {
        let head_seen = self.log.head().position;
        self.status.send_modify(|status| {
            *status = Status { position, head_seen, serving: true, ..status.clone() };
        });
    }
}

fn failed(error: &ProjectionError, reached: Position) -> Failed {
    match error {
        ProjectionError::Event { position, event_type, .. } => {
            Failed { position: *position, event_type: event_type.clone() }
        }
        ProjectionError::OtherHistory { position } => {
            Failed { position: *position, event_type: String::new() }
        }
        ProjectionError::Log(_) | ProjectionError::Store(_) | ProjectionError::Files(_) => {
            Failed { position: Position(reached.0 + 1), event_type: String::new() }
        }
    }
}
