//! The unit of work: load, decide, append, and what is told when others were faster.
//!
//! Everything a use case loads becomes a guard of its append, whether it gets events or not; nothing has to
//! be remembered for that. Claims are resolved in the same unit and appended in the same batch.

use crate::{
    App, Inner,
    aggregate::{self, Aggregate},
    claims,
    error::AppError,
    folds::FoldError,
    keyring::BoundKeys,
    meta::{self, Done, Ticket},
    sealing::Sealer,
    side_state::SideState,
};
use chrono::{DateTime, Utc};
use domain::{
    Context,
    claim::{Claim, ClaimChange, ClaimKey},
    ids::CommandId,
    names,
    policy::Policy,
};
use eventlog::{
    AppendBatch, AppendError, Appended, Expected, NewEvent, StreamAppend, StreamName, StreamVersion,
};
use std::{future::Future, sync::Arc};
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

/// An aggregate as loaded by a unit of work, and as its own decisions changed it since.
pub(crate) struct Loaded<A: Aggregate> {
    /// Its stream's place in the unit of work.
    at: usize,
    state: Arc<A>,
}

impl<A: Aggregate> std::ops::Deref for Loaded<A> {
    type Target = A;
    fn deref(&self) -> &A {
        &self.state
    }
}

/// One attempt: what was loaded and what was decided.
pub(crate) struct Work<'a> {
    inner: &'a Inner,
    /// The command being attempted; none in a query.
    pub(crate) command: Option<CommandId>,
    /// The instant of every decision of this attempt.
    pub(crate) now: DateTime<Utc>,
    streams: Vec<Touched>,
    claims: Vec<ClaimChange>,
    alternatives: Vec<String>,
    authority: String,
    reason: Option<String>,
    has_left_traces: bool,
}

struct Touched {
    stream: StreamName,
    version: StreamVersion,
    events: Vec<NewEvent>,
}

impl<'a> Work<'a> {
    /// For a look without a command: everything is loaded as it is for one.
    pub(crate) fn query(inner: &'a Inner) -> Self {
        Self::new(inner, None)
    }

    fn new(inner: &'a Inner, command: Option<CommandId>) -> Self {
        Self {
            inner,
            command,
            now: inner.clock.now(),
            streams: Vec::new(),
            claims: Vec::new(),
            alternatives: Vec::new(),
            authority: String::new(),
            reason: None,
            has_left_traces: false,
        }
    }

    /// The policy in force.
    pub(crate) fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// Side state, for what a use case keeps there just before its facts are appended.
    pub(crate) fn side(&self) -> &SideState {
        &self.inner.side
    }

    /// Keys bound to the log.
    pub(crate) fn keys(&self) -> &BoundKeys {
        &self.inner.keys
    }

    /// Seals personal fields.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Folds an aggregate without guarding its stream: for what may change meanwhile without a rule breaking.
    pub(crate) async fn peek<A: Aggregate>(&self, id: A::Id) -> Result<Arc<A>, AppError> {
        Ok(self.inner.folds.aggregate::<A>(id).await?.state)
    }

    /// Folds an aggregate and guards its stream.
    pub(crate) async fn load<A: Aggregate>(&mut self, id: A::Id) -> Result<Loaded<A>, AppError> {
        let folded = self.inner.folds.aggregate::<A>(id).await?;
        Ok(Loaded { at: self.guard(A::stream_of(id), folded.version), state: folded.state })
    }

    /// Decides, and records the decision. The aggregate then stands as the decision left it.
    pub(crate) fn decide<A: Aggregate>(
        &mut self,
        loaded: &mut Loaded<A>,
        command: A::Command,
    ) -> Result<(), AppError> {
        let context = Context { now: self.now, policy: &self.inner.policy };
        let decision = loaded.state.decide(command, &context).map_err(Into::into)?;
        let touched = &mut self.streams[loaded.at];
        for event in &decision.events {
            touched.events.push(aggregate::new_event(event)?);
            let evolved =
                A::clone(&loaded.state).evolve(event).map_err(|source| FoldError::CorruptStream {
                    stream: touched.stream.clone(),
                    version: touched.version,
                    source: Some(source),
                })?;
            loaded.state = Arc::new(evolved);
        }
        self.claims.extend(decision.claims);
        Ok(())
    }

    /// The current holder of a claim, without guarding its stream.
    pub(crate) async fn peek_claim(&self, key: &ClaimKey) -> Result<Arc<Claim>, AppError> {
        let stream = claims::stream_of(&self.inner.keys, key);
        Ok(self.inner.folds.claim(&stream).await?.state)
    }

    /// From here on side state holds something that [`UseCase::abandon`] takes back.
    pub(crate) fn leaves_traces(&mut self) {
        self.has_left_traces = true;
    }

    /// By which right the actor acts, for the envelope.
    pub(crate) fn authority(&mut self, authority: String) {
        self.authority = authority;
    }

    /// Why, as a code from a fixed list, for the envelope.
    pub(crate) fn reason(&mut self, reason: String) {
        self.reason = Some(reason);
    }

    /// Names to propose when the one asked for is taken; the first that is free is.
    pub(crate) fn propose(&mut self, names: Vec<String>) {
        self.alternatives = names;
    }

    /// A second load of a stream keeps the first version: if it moved in between, the append conflicts.
    fn guard(&mut self, stream: StreamName, version: StreamVersion) -> usize {
        let known = self.streams.iter().position(|touched| touched.stream == stream);
        known.unwrap_or_else(|| {
            self.streams.push(Touched { stream, version, events: Vec::new() });
            self.streams.len() - 1
        })
    }

    fn version_of(&self, stream: &StreamName) -> StreamVersion {
        let touched = self.streams.iter().find(|touched| touched.stream == *stream);
        touched.map_or(StreamVersion(0), |touched| touched.version)
    }

    async fn resolve_claims(&mut self) -> Result<(), AppError> {
        for change in std::mem::take(&mut self.claims) {
            match claims::resolve(&self.inner.folds, &self.inner.keys, &change, self.now).await {
                Ok(resolved) => self.streams.push(Touched {
                    stream: resolved.stream,
                    version: resolved.version,
                    events: resolved.events,
                }),
                Err(AppError::NameTaken { .. }) => {
                    let proposal = self.free_alternative(claims::key_of(&change)).await?;
                    return Err(AppError::NameTaken { proposal });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The first alternative that is free where `taken` is not.
    async fn free_alternative(&self, taken: &ClaimKey) -> Result<Option<String>, AppError> {
        for name in &self.alternatives {
            let mut is_free = true;
            for folded in names::claim_keys(name) {
                let stream = claims::stream_of(&self.inner.keys, &claims::renamed(taken, folded));
                is_free &= self.inner.folds.claim(&stream).await?.state.is_free_for("", self.now);
            }
            if is_free {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// Appends all or nothing. `None`: there was nothing to record.
    async fn commit(mut self, ticket: &Ticket, main: &StreamName) -> Result<Option<Appended>, Uncommitted> {
        self.resolve_claims().await.map_err(Uncommitted::Refused)?;
        if self.streams.iter().all(|touched| touched.events.is_empty()) {
            return Ok(None);
        }
        let fingerprint = ticket.fingerprint(&self.inner.keys, main);
        let mut envelope = ticket.envelope(&self.authority, fingerprint, self.inner.policy.version);
        envelope.reason = self.reason;
        let streams = self.streams.into_iter().map(Touched::into_append).collect();
        match self.inner.log.append(AppendBatch { envelope, streams }).await {
            Ok(appended) => Ok(Some(appended)),
            Err(AppendError::Conflict { stream, actual, .. }) => {
                Err(Uncommitted::Conflict { stream, actual })
            }
            Err(error) => Err(Uncommitted::Refused(error.into())),
        }
    }
}

impl Touched {
    fn into_append(self) -> StreamAppend {
        let expected = match self.version {
            StreamVersion(0) => Expected::NoStream,
            version => Expected::Exact(version),
        };
        StreamAppend { stream: self.stream, expected, events: self.events }
    }
}

enum Uncommitted {
    Conflict { stream: StreamName, actual: StreamVersion },
    Refused(AppError),
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
        let permit = Arc::clone(&self.inner.running).try_acquire_owned().map_err(|_| AppError::Busy)?;
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
            let version = work.version_of(main);
            if !decided.as_ref().is_err_and(AppError::hides_existence) {
                check_precondition(ticket, version)?;
            }
            decided?;
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

fn check_precondition(ticket: &Ticket, actual: StreamVersion) -> Result<(), AppError> {
    match ticket.if_match {
        Some(seen) if seen != actual => Err(AppError::PreconditionFailed { actual }),
        Some(_) | None => Ok(()),
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
