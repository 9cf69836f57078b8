//! The one task of a node that appends: takes all that is queued and settles it in one transaction, again in
//! another session when one breaks. Nothing that a caller drops reaches into it.

use super::known::Known;
use super::session;
use super::turn::{self, Decisions, Doubt, TurnError};
use crate::batch::Prepared;
use crate::writer::{Reply, Submission};
use crate::{AppendError, Now, QUEUE_MAX};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// A group takes no further batch from this size on.
const GROUP_BYTES_MAX: usize = 512 * 1024;
/// Nor from so many streams on: each is looked up.
const GROUP_STREAMS_MAX: usize = 4_096;
/// So long a group is tried again while the database is away or starts; then its callers are told.
const SETTLE_MAX: Duration = Duration::from_secs(8);
const RETRY_AFTER: Duration = Duration::from_millis(50);

pub(super) struct Writer {
    pub(super) known: Arc<Known>,
    pub(super) options: PgConnectOptions,
    pub(super) now: Now,
    pub(super) queue: mpsc::Receiver<Submission>,
    pub(super) session: Option<PgConnection>,
}

impl Writer {
    /// Runs until the last sender of the queue is gone and the queue is empty.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let (batches, replies) = self.gather(first);
            let decisions = self.settle(&batches).await;
            for ((batch, reply), decided) in batches.into_iter().zip(replies).zip(decisions) {
                // A caller that went away needs no answer.
                drop(reply.send((batch, decided)));
            }
        }
    }

    fn gather(&mut self, first: Submission) -> (Vec<Prepared>, Vec<oneshot::Sender<Reply>>) {
        let (mut batches, mut replies) = (Vec::new(), Vec::new());
        let (mut bytes, mut streams) = (0, 0);
        let mut next = Some(first);
        while let Some(Submission { batch, reply }) = next {
            let events = batch.streams.iter().flat_map(|stream| &stream.events);
            bytes += events.map(|event| event.body.len()).sum::<usize>();
            streams += batch.streams.len();
            batches.push(batch);
            replies.push(reply);
            let has_room =
                batches.len() < QUEUE_MAX && bytes < GROUP_BYTES_MAX && streams < GROUP_STREAMS_MAX;
            next = if has_room { self.queue.try_recv().ok() } else { None };
        }
        (batches, replies)
    }

    /// Tries until all batches are decided, or it can't be known in time.
    async fn settle(&mut self, batches: &[Prepared]) -> Decisions {
        let begun = Instant::now();
        let mut doubt = None;
        loop {
            match self.attempt(batches, &mut doubt).await {
                Ok(decisions) => return decisions,
                Err(error) if may_pass(&error) && begun.elapsed() < SETTLE_MAX => {
                    tracing::warn!(error = %told(&error), is_in_doubt = doubt.is_some(), "an append is tried again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Err(error) => {
                    tracing::error!(error = %told(&error), is_in_doubt = doubt.is_some(), "an append was given up");
                    return refusals(&error, doubt, batches.len());
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        batches: &[Prepared],
        doubt: &mut Option<Doubt>,
    ) -> Result<Decisions, TurnError> {
        self.known.require_same()?;
        if self.session.is_none() {
            self.session = Some(session::connect(&self.options).await?);
        }
        let now_ms = (self.now)().timestamp_millis();
        turn::take(&mut self.session, &self.known, now_ms, batches, doubt).await
    }
}

/// Whether another session may fare better.
fn may_pass(error: &TurnError) -> bool {
    match error {
        TurnError::Store(error) => session::may_pass(error),
        TurnError::TimedOut => true,
        TurnError::OtherHistory(_) | TurnError::Record(_) => false,
    }
}

/// What the callers are told. Of a commit in doubt nobody says that it failed.
fn refusals(error: &TurnError, doubt: Option<Doubt>, count: usize) -> Decisions {
    let refusal = || match error {
        TurnError::OtherHistory(other) => AppendError::OtherHistory { position: other.position },
        TurnError::Store(error) if session::is_disk_full(error) => AppendError::DiskFull,
        _ => AppendError::Unavailable,
    };
    let is_other = matches!(error, TurnError::OtherHistory(_));
    match doubt.filter(|_| !is_other) {
        None => (0..count).map(|_| Err(refusal())).collect(),
        Some(doubt) => {
            let decisions = doubt.decisions.into_iter();
            decisions
                .map(|decided| Err(decided.map_or_else(|_| refusal(), |_| AppendError::InDoubt)))
                .collect()
        }
    }
}

/// An error with its reason.
fn told(error: &TurnError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}
