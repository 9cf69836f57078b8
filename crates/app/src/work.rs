//! The unit of work: load, decide, record, append.
//!
//! Everything a use case loads becomes a guard of its append, whether it gets events or not; nothing has to
//! be remembered for that. Claims are resolved in the same unit and appended in the same batch.

use crate::{
    Inner,
    aggregate::{self, Aggregate},
    claims,
    error::AppError,
    folds::FoldError,
    keyring::BoundKeys,
    meta::{Ticket, word},
    sealing::Sealer,
    side_state::SideState,
};
use chrono::{DateTime, Utc};
use domain::{
    Context,
    claim::{Claim, ClaimChange, ClaimKey},
    developer::Role,
    ids::{CommandId, SecretId},
    names,
    policy::Policy,
};
use eventlog::{
    AppendBatch, AppendError, Appended, Expected, NewEvent, StreamAppend, StreamName, StreamVersion,
};
use std::sync::Arc;

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
    /// Whether side state holds something that [`UseCase::abandon`](crate::execute::UseCase::abandon) takes back.
    pub(crate) has_left_traces: bool,
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

    pub(crate) fn new(inner: &'a Inner, command: Option<CommandId>) -> Self {
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

    /// Keeps the keyed hash of an API secret, and lets the door know it.
    pub(crate) async fn keep_api_secret(&self, secret: SecretId, hash: [u8; 32]) -> Result<(), AppError> {
        self.inner.side.insert_api_secret(secret, &hash).await?;
        self.inner.quota.known.remember(hash, secret).await;
        Ok(())
    }

    /// Whether this portal looks at the mail hosts of contacts.
    pub(crate) fn looks_at_contacts(&self) -> bool {
        self.inner.checks.is_on()
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

    /// Takes or frees a claim that no aggregate decides about.
    pub(crate) fn change_claim(&mut self, change: ClaimChange) {
        self.claims.push(change);
    }

    /// The current holder of a claim, without guarding its stream.
    pub(crate) async fn peek_claim(&self, key: &ClaimKey) -> Result<Arc<Claim>, AppError> {
        let stream = claims::stream_of(&self.inner.keys, key);
        Ok(self.inner.folds.claim(&stream).await?.state)
    }

    /// Whether a command is neither in the stream it would have written nor on its way there.
    pub(crate) async fn never_happened(
        &self,
        command: CommandId,
        main: &StreamName,
    ) -> Result<bool, AppError> {
        // In this order: a command that leaves in between is found in the log.
        let runs = self.inner.in_flight.holds(command);
        Ok(!runs && self.inner.log.find_command(command.uuid(), main).await?.is_none())
    }

    /// From here on side state holds something of this command.
    pub(crate) fn leaves_traces(&mut self) {
        self.has_left_traces = true;
    }

    /// By which right the actor acts, for the envelope.
    pub(crate) fn authority(&mut self, authority: String) {
        self.authority = authority;
    }

    /// In which role a developer acts, for the envelope; a stranger's command is rejected anyway.
    pub(crate) fn acts_as(&mut self, role: Option<Role>) {
        self.authority = role.as_ref().map(word).unwrap_or_default();
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

    /// The version of a stream, once it was loaded.
    pub(crate) fn version_of(&self, stream: &StreamName) -> Option<StreamVersion> {
        self.streams.iter().find(|touched| touched.stream == *stream).map(|touched| touched.version)
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
    pub(crate) async fn commit(
        mut self,
        ticket: &Ticket,
        main: &StreamName,
    ) -> Result<Option<Appended>, Uncommitted> {
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

/// Why a unit of work did not become part of the log.
pub(crate) enum Uncommitted {
    Conflict { stream: StreamName, actual: StreamVersion },
    Refused(AppError),
}
