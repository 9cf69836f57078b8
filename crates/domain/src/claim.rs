//! Uniqueness across aggregates. A claim is a stream of its own, named by a keyed hash of the value, and is
//! taken or released in the same atomic append as the facts that need it.

use crate::{
    decider::Unexpected,
    sealed::{Fingerprint, Subjects},
    stored_events,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is claimed. Names are hashed by `app` (their clear text never names a stream); addresses arrive
/// as fingerprints already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClaimKey {
    /// A sign-in address of a developer.
    DeveloperEmail(Fingerprint),
    /// A sign-in address of staff.
    StaffEmail(Fingerprint),
    /// A mailbox, whatever the tag of the address, whose reader said that it wants no codes; held by [`READER`].
    Unwanted(Fingerprint),
    /// A vendor or group name, folded to one of its confusable keys (see `names::claim_keys`).
    Name(String),
    /// An integration name within its owner: owner's text id and the folded name.
    IntegrationName {
        /// Text id of the owner.
        owner: String,
        /// Folded name.
        folded: String,
    },
}

/// Who holds [`ClaimKey::Unwanted`]: the reader of the mailbox, who has no stream.
pub const READER: &str = "reader";

/// Take or free a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimChange {
    /// Take it for `holder` (a stream name); the append fails when another holds it.
    Take {
        /// What.
        key: ClaimKey,
        /// Which stream holds it.
        holder: String,
    },
    /// Free it, held by `holder` until now.
    Release {
        /// What.
        key: ClaimKey,
        /// Which stream held it.
        holder: String,
    },
}

/// What `holder` must release and take when the keys it needs change; keys needed before and after stay put.
pub fn exchange(before: &[ClaimKey], after: &[ClaimKey], holder: &str) -> Vec<ClaimChange> {
    let without = |keys: &[ClaimKey], others: &[ClaimKey]| -> Vec<ClaimKey> {
        keys.iter().filter(|key| !others.contains(key)).cloned().collect()
    };
    let release = |key| ClaimChange::Release { key, holder: holder.to_owned() };
    let take = |key| ClaimChange::Take { key, holder: holder.to_owned() };
    let released = without(before, after).into_iter().map(release);
    released.chain(without(after, before).into_iter().map(take)).collect()
}

/// Facts of a claim stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The claim has a holder.
    Taken(Taken),
    /// The claim is free, perhaps only after an instant.
    Released(Released),
}

/// The claim has a holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Stream name of the holder.
    pub holder: String,
}

/// The claim was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Until then nobody else can take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime<Utc>>,
}

impl Subjects for Taken {}
impl Subjects for Released {}

stored_events!(Event {
    Taken = "claim.taken" @ 1;
    Released = "claim.released" @ 1;
});

/// Another stream holds the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim is held by another")]
pub struct HeldByAnother;

/// Who holds a claim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Claim {
    /// Nobody, ever.
    #[default]
    Free,
    /// This stream.
    Held(String),
    /// Nobody any more; free for others from the instant on.
    Released(Option<DateTime<Utc>>),
}

impl Claim {
    /// Folds one fact.
    pub fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, &self) {
            (Event::Taken(taken), Self::Free | Self::Released(_)) => Ok(Self::Held(taken.holder.clone())),
            (Event::Released(released), Self::Held(_)) => Ok(Self::Released(released.held_until)),
            (Event::Taken(_), Self::Held(_)) => Err(Unexpected { event: "claim.taken", phase: "held" }),
            (Event::Released(_), Self::Free | Self::Released(_)) => {
                Err(Unexpected { event: "claim.released", phase: "free" })
            }
        }
    }

    /// The fact that gives it to `holder`; none when `holder` has it already.
    pub fn take(&self, holder: &str, now: DateTime<Utc>) -> Result<Option<Event>, HeldByAnother> {
        match self {
            Self::Held(by) if by == holder => Ok(None),
            Self::Free | Self::Held(_) | Self::Released(_) if self.is_free_for(holder, now) => {
                Ok(Some(Event::Taken(Taken { holder: holder.to_owned() })))
            }
            Self::Free | Self::Held(_) | Self::Released(_) => Err(HeldByAnother),
        }
    }

    /// The fact that frees it; none when `holder` does not have it.
    pub fn release(&self, holder: &str, held_until: Option<DateTime<Utc>>) -> Option<Event> {
        match self {
            Self::Held(by) if by == holder => Some(Event::Released(Released { held_until })),
            Self::Free | Self::Held(_) | Self::Released(_) => None,
        }
    }

    /// Whether `holder` may take it at `now`.
    pub fn is_free_for(&self, holder: &str, now: DateTime<Utc>) -> bool {
        match self {
            Self::Free => true,
            Self::Held(by) => by == holder,
            Self::Released(until) => until.is_none_or(|until| now >= until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const HOLDER: &str = "devgroup-1";
    const OTHER: &str = "devgroup-2";

    fn name(key: &str) -> ClaimKey {
        ClaimKey::Name(key.to_owned())
    }

    fn taken() -> Event {
        Event::Taken(Taken { holder: HOLDER.to_owned() })
    }

    #[test]
    fn an_exchange_touches_only_what_differs() {
        let take = ClaimChange::Take { key: name("c"), holder: HOLDER.to_owned() };
        let release = ClaimChange::Release { key: name("a"), holder: HOLDER.to_owned() };
        assert_eq!(exchange(&[name("a"), name("b")], &[name("b"), name("c")], HOLDER), [release, take]);
        assert_eq!(exchange(&[name("a")], &[name("a")], HOLDER), []);
    }

    #[test]
    fn a_held_claim_is_its_holders_alone() {
        let now = at("2026-11-05T10:00:00Z");
        let held = Claim::Free.evolve(&taken()).expect("free claims can be taken");
        assert_eq!(held.take(HOLDER, now), Ok(None));
        assert_eq!(held.take(OTHER, now), Err(HeldByAnother));
        assert_eq!(held.release(OTHER, None), None);
        assert_eq!(held.release(HOLDER, None), Some(Event::Released(Released { held_until: None })));
    }

    #[test]
    fn a_released_claim_is_free_from_its_instant_on() {
        let until = at("2026-11-05T10:00:00Z");
        let just_before = at("2026-11-05T09:59:59.999Z");
        let released = Claim::Released(Some(until));
        assert_eq!(released.take(OTHER, just_before), Err(HeldByAnother));
        assert!(released.take(OTHER, until).expect("free").is_some());
        assert!(Claim::Released(None).take(OTHER, just_before).expect("free").is_some());
        assert!(Claim::Free.take(OTHER, just_before).expect("free").is_some());
    }

    #[test]
    fn what_take_and_release_decide_can_be_folded() {
        let now = at("2026-11-05T10:00:00Z");
        let taken = Claim::Free.take(HOLDER, now).expect("free").expect("a fact");
        let held = Claim::Free.evolve(&taken).expect("it follows");
        let released = held.release(HOLDER, Some(now)).expect("a fact");
        assert_eq!(held.evolve(&released), Ok(Claim::Released(Some(now))));
    }

    #[test]
    fn facts_out_of_turn_are_unexpected() {
        let released = Event::Released(Released { held_until: None });
        assert!(Claim::Free.evolve(&released).is_err());
        assert!(Claim::Held(HOLDER.to_owned()).evolve(&taken()).is_err());
        assert!(Claim::Released(None).evolve(&released).is_err());
        assert_eq!(Claim::Released(None).evolve(&taken()), Ok(Claim::Held(HOLDER.to_owned())));
    }
}
