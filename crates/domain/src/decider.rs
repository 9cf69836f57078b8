//! The shape every aggregate has.

use crate::{claim::ClaimChange, codec::CodecError, policy::Policy};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// What a decision may know besides state and command.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The instant of the decision.
    pub now: DateTime<Utc>,
    /// The policy in force.
    pub policy: &'a Policy,
}

/// What was decided: facts, and the claims to take or release in the same atomic append.
/// No events means: accepted, nothing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<E> {
    /// Facts, in order.
    pub events: Vec<E>,
    /// Uniqueness to take or free.
    pub claims: Vec<ClaimChange>,
}

impl<E> Decision<E> {
    /// Facts without claims.
    pub fn events(events: impl IntoIterator<Item = E>) -> Self {
        Self { events: events.into_iter().collect(), claims: Vec::new() }
    }

    /// Accepted, nothing to record.
    pub fn nothing() -> Self {
        Self { events: Vec::new(), claims: Vec::new() }
    }

    /// Adds a claim to take or release with the facts.
    #[must_use]
    pub fn with_claim(mut self, claim: ClaimChange) -> Self {
        self.claims.push(claim);
        self
    }
}

/// An event that can't follow the state it met: the stream is corrupt, or newer than this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {event} cannot follow phase {phase}")]
pub struct Unexpected {
    /// Stored type of the event.
    pub event: &'static str,
    /// Phase of the aggregate.
    pub phase: &'static str,
}

/// An aggregate: every rule in [`decide`](Decider::decide), none in [`evolve`](Decider::evolve).
pub trait Decider: Default + Clone + Send + Sync + 'static {
    /// The stream category, without hyphen.
    const CATEGORY: &'static str;
    /// Imperative requests.
    type Command: Send;
    /// Facts in the past tense.
    type Event: StoredEvent;
    /// The broken rule.
    type Rejection: std::error::Error + Send + 'static;

    /// Applies every rule; deterministic.
    fn decide(
        &self,
        command: Self::Command,
        context: &Context<'_>,
    ) -> Result<Decision<Self::Event>, Self::Rejection>;

    /// Folds one fact; holds no rule.
    fn evolve(self, event: &Self::Event) -> Result<Self, Unexpected>;

    /// The name of the phase, for messages and tests.
    fn phase(&self) -> &'static str;

    /// The stream of one aggregate: `<category>-<uuid>`.
    fn stream(id: Uuid) -> String {
        format!("{}-{}", Self::CATEGORY, id.hyphenated())
    }

    /// The error of [`evolve`](Decider::evolve): `event` can't follow this state.
    fn unexpected(&self, event: &Self::Event) -> Unexpected {
        Unexpected { event: event.stored_type(), phase: self.phase() }
    }
}

/// An event as the log stores it. Type and schema are frozen once shipped.
pub trait StoredEvent: Clone + Send + Sync + 'static {
    /// `<category>.<snake_past>`.
    fn stored_type(&self) -> &'static str;
    /// Schema number of the payload written today.
    fn schema(&self) -> u16;
    /// JSON payload.
    fn encode(&self) -> Result<Vec<u8>, CodecError>;
    /// Reads any shipped (type, schema), through upcasters.
    fn decode(stored_type: &str, schema: u16, payload: &[u8]) -> Result<Self, CodecError>;
    /// Every (type, schema) written today.
    fn stored_types() -> &'static [(&'static str, u16)];
    /// Subjects whose sealed fields the event carries.
    fn subjects(&self) -> Vec<crate::ids::SubjectId> {
        Vec::new()
    }
}

/// Decodes a payload, naming type and schema on failure.
pub fn decode_payload<T: DeserializeOwned>(
    stored_type: &str,
    schema: u16,
    payload: &[u8],
) -> Result<T, CodecError> {
    serde_json::from_slice(payload).map_err(|error| CodecError::payload(stored_type, schema, &error))
}
