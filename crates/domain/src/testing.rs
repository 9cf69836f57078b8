//! How rules are told in tests: given these facts, when this is asked, then these facts follow, or the
//! request is refused.
//!
//! ```text
//! given::<ProdGroup>(&[drafted()])
//!     .when(Command::Rename { .. }, at("2026-11-02T10:00:00Z"), &policy)
//!     .then(&[renamed("Acme - Quiz")])
//!     .claims(&[take("acme - quiz")]);
//! ```

use crate::{
    claim::ClaimChange,
    decider::{Context, Decider, Decision, StoredEvent},
    ids::SubjectId,
    policy::Policy,
    sealed::{Fingerprint, Sealed},
};
use chrono::{DateTime, Utc};
use std::fmt::Debug;
use uuid::Uuid;

/// The state that facts fold to.
pub(crate) fn fold<D: Decider>(events: &[D::Event]) -> D {
    events.iter().fold(D::default(), |state, event| {
        state.evolve(event).expect("the given facts can follow each other")
    })
}

/// A stream that holds these facts.
pub(crate) fn given<D: Decider>(events: &[D::Event]) -> Given<D> {
    Given { state: fold(events) }
}

/// A folded state, before a request.
pub(crate) struct Given<D> {
    pub(crate) state: D,
}

impl<D> Given<D>
where
    D: Decider + Debug + PartialEq,
    D::Command: Clone,
    D::Event: Debug + PartialEq,
    D::Rejection: PartialEq,
{
    /// Asks. Checks on the way what must hold for every decision: it is deterministic, its facts can follow
    /// the state, and the log gives them back unchanged.
    pub(crate) fn when(self, command: D::Command, now: DateTime<Utc>, policy: &Policy) -> When<D> {
        let context = Context { now, policy };
        let outcome = self.state.decide(command.clone(), &context);
        assert_eq!(outcome, self.state.decide(command, &context), "a decision is deterministic");
        let mut after = self.state;
        for event in outcome.iter().flat_map(|decision| &decision.events) {
            after = after.evolve(event).expect("a decided fact can follow its state");
            let payload = event.encode().expect("a decided fact can be stored");
            let read = D::Event::decode(event.stored_type(), event.schema(), &payload);
            assert_eq!(&read.expect("a stored fact can be read"), event);
        }
        When { outcome, after }
    }
}

/// What came of a request.
pub(crate) struct When<D: Decider> {
    pub(crate) outcome: Result<Decision<D::Event>, D::Rejection>,
    /// The state with the decided facts.
    pub(crate) after: D,
}

impl<D> When<D>
where
    D: Decider,
    D::Event: Debug + PartialEq,
    D::Rejection: PartialEq,
{
    /// Accepted with exactly these facts; none means: accepted, nothing to do.
    pub(crate) fn then(self, events: &[D::Event]) -> Self {
        assert_eq!(self.accepted().events, events);
        self
    }

    /// Accepted with exactly these claims taken and released.
    pub(crate) fn claims(self, claims: &[ClaimChange]) -> Self {
        assert_eq!(self.accepted().claims, claims);
        self
    }

    /// Refused by exactly this rule.
    pub(crate) fn rejects(self, rejection: D::Rejection) {
        assert_eq!(self.outcome.expect_err("the request should be refused"), rejection);
    }

    /// The decision of an accepted request.
    pub(crate) fn accepted(&self) -> &Decision<D::Event> {
        self.outcome.as_ref().expect("the request should be accepted")
    }
}

/// Whether files of expectations are to be written anew instead of compared.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not configuration")]
pub(crate) fn updates_expectations() -> bool {
    std::env::var("UPDATE_EXPECT").is_ok()
}

/// An instant from RFC 3339 text.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an RFC 3339 instant")
}

/// A recognisable UUID.
pub(crate) fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A sealed field of a subject, told apart by its ciphertext.
pub(crate) fn sealed(subject: SubjectId, content: u8) -> Sealed {
    Sealed { subject, key_generation: 1, nonce: vec![0; 24], ciphertext: vec![content; 20] }
}

/// A recognisable fingerprint.
pub(crate) fn fingerprint(content: u8) -> Fingerprint {
    Fingerprint([content; 32])
}
