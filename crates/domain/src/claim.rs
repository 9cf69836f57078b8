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

    /// Whether `holder` may take it at `now`.
    pub fn is_free_for(&self, holder: &str, now: DateTime<Utc>) -> bool {
        match self {
            Self::Free => true,
            Self::Held(by) => by == holder,
            Self::Released(until) => until.is_none_or(|until| now >= until),
        }
    }
}
