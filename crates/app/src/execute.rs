//! Carrying commands out: found in the log before they are decided, tried again when others were faster, and
//! run to their end whether or not the caller waits.

use crate::{
    App,
    error::AppError,
    meta::{self, Done, Ticket},
    work::{Uncommitted, Work},
};
use domain::ids::CommandId;
use eventlog::{Appended, StreamName, StreamVersion};
use std::{future::Future, sync::Arc};
use tokio::sync::TryAcquireError;
use tracing::Instrument as _;

/// Tries when others change what a decision read.
const TRIES_MAX: u32 = 4;

/// A command with all it needs. It may be attempted several times, each time on fresh state.
pub(crate) trait UseCase: Send + Sync + 'static {
    /// The stream whose version clients see and `If-Match` is compared with. Whatever the use case
    /// records, it records something there.
    fn main(&self) -> StreamName;

    /// Loads, decides and records into the unit of work.
    fn attempt(&self, work: &mut Work<'_>) -> impl Future<Output = Result<(), AppError>> + Send;

    /// Takes back what an attempt left in side state, when it is certain that nothing was appended.
    fn abandon(&self, _app: &App, _command: CommandId) -> impl Future<Output = Result<(), AppError>> + Send {
        async { Ok(()) }
    }
}

impl App {
    /// Gives a request its command id.
    pub(crate) fn ticket(&self, meta: meta::Meta) -> Ticket {
        Ticket::new(meta, &self.inner.keys, self.inner.ids.v4())
    }

    /// Carries a use case out, whether or not the caller waits for it.
    pub(crate) async fn run<U: UseCase>(&self, ticket: Ticket, use_case: U) -> Result<Done<()>, AppError> {
        let app = self.clone();
        self.detached(async move { app.carry_out(&ticket, &use_case).await }).await
    }

    /// Runs to its end even when the caller goes away: a client that hangs up can't stop a command half-way.
    pub(crate) async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, AppError>> + Send + 'static,
    ) -> Result<T, AppError> {
        let permit =
            Arc::clone(&self.inner.running).try_acquire_owned().map_err(|refused| match refused {
                TryAcquireError::NoPermits => AppError::Busy,
                TryAcquireError::Closed => AppError::Closed,
            })?;
        let task = async move {
            let outcome = work.await;
            drop(permit);
            outcome
        };
        tokio::spawn(task.in_current_span()).await.map_err(AppError::unavailable)?
    }

    /// Carries a use case out in the task of the caller.
    pub(crate) async fn carry_out<U: UseCase>(
        &self,
        ticket: &Ticket,
        use_case: &U,
    ) -> Result<Done<()>, AppError> {
        let _running = self.inner.in_flight.enter(ticket.command)?;
        let outcome = self.try_until_settled(ticket, use_case).await;
        if let Ok(done) = &outcome {
            self.inner.quota.in_force(done.position).await;
        }
        if outcome.as_ref().is_err_and(AppError::is_final) {
            self.inner.refused.remember(ticket.command, &meta::scope(&ticket.actor));
        }
        outcome
    }

    async fn try_until_settled<U: UseCase>(
        &self,
        ticket: &Ticket,
        use_case: &U,
    ) -> Result<Done<()>, AppError> {
        let main = use_case.main();
        if let Some(done) = self.replay(ticket, &main).await? {
            return Ok(done);
        }
        let mut left_traces = false;
        let outcome = self.attempts(ticket, use_case, &main, &mut left_traces).await;
        if left_traces && outcome.as_ref().is_err_and(AppError::is_final) {
            // What stays behind is unreachable or runs out by itself; it is only tidier without.
            if let Err(error) = use_case.abandon(self, ticket.command).await {
                tracing::warn!(%error, "what an abandoned command left in side state stays there");
            }
        }
        outcome
    }

    async fn attempts<U: UseCase>(
        &self,
        ticket: &Ticket,
        use_case: &U,
        main: &StreamName,
        left_traces: &mut bool,
    ) -> Result<Done<()>, AppError> {
        // What a client has seen must not be overridden by trying again behind its back.
        let tries = if ticket.if_match.is_some() { 1 } else { TRIES_MAX };
        let mut error = AppError::Contended;
        for _ in 0..tries {
            let mut work = Work::new(&self.inner, Some(ticket.command));
            let decided = use_case.attempt(&mut work).await;
            *left_traces |= work.has_left_traces;
            let seen = work.version_of(main);
            if !decided.as_ref().is_err_and(AppError::hides_existence) {
                check_precondition(ticket, seen)?;
            }
            decided?;
            debug_assert!(
                ticket.if_match.is_none() || seen.is_some(),
                "a version was given and not compared"
            );
            let version = seen.unwrap_or_default();
            match work.commit(ticket, main).await {
                Ok(Some(appended)) => return Ok(done(ticket, main, version, &appended)),
                Ok(None) => return Ok(self.nothing_recorded(ticket, version)),
                Err(Uncommitted::Refused(refused)) => return Err(refused),
                Err(Uncommitted::Conflict { stream, actual })
                    if ticket.if_match.is_some() && stream == *main =>
                {
                    error = AppError::PreconditionFailed { actual };
                }
                Err(Uncommitted::Conflict { .. }) => error = AppError::Contended,
            }
        }
        Err(error)
    }

    fn nothing_recorded(&self, ticket: &Ticket, version: StreamVersion) -> Done<()> {
        let position = self.inner.log.head().position;
        Done { value: (), position, version, command: ticket.command, replayed: false }
    }

    /// A command finds itself in the log and answers as it did then.
    async fn replay(&self, ticket: &Ticket, main: &StreamName) -> Result<Option<Done<()>>, AppError> {
        if !ticket.may_be_replay {
            return Ok(None);
        }
        let Some(before) = self.inner.log.find_command(ticket.command.uuid(), main).await? else {
            return Ok(None);
        };
        if before.fingerprint != ticket.fingerprint(&self.inner.keys, main) {
            return Err(AppError::IdempotencyReused);
        }
        let first = done(ticket, main, StreamVersion(0), &before.appended);
        Ok(Some(Done { replayed: true, ..first }))
    }
}

/// Goes before every other rejection: what a client did not see it can't have decided about.
fn check_precondition(ticket: &Ticket, loaded: Option<StreamVersion>) -> Result<(), AppError> {
    match (ticket.if_match, loaded) {
        (Some(seen), Some(actual)) if seen != actual => Err(AppError::PreconditionFailed { actual }),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn done(ticket: &Ticket, main: &StreamName, loaded: StreamVersion, appended: &Appended) -> Done<()> {
    let written = appended.versions.iter().find(|(stream, _)| stream == main);
    Done {
        value: (),
        position: appended.last,
        version: written.map_or(loaded, |(_, version)| *version),
        command: ticket.command,
        replayed: appended.replayed,
    }
}

#[cfg(test)]
mod tests;
