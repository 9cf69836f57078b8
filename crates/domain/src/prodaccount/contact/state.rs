//! Where the proof of a contact stands at an instant.

use super::Proof;
use crate::policy::Policy;
use chrono::{DateTime, Days, Utc};

/// A new proof may be given this long before the old one ends, so that the contact never lapses in between.
pub const RENEWAL_DAYS: u32 = 30;

/// Days before its end at which the owners are told that a proof is due; a code goes to the contact each time.
pub const REMINDER_DAYS: [u32; 2] = [RENEWAL_DAYS, 7];

/// Where the proof of a contact stands. A proof holds from its instant until, but not at, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactState {
    /// Never proven.
    Pending,
    /// Proven, and good for a while.
    Proven {
        /// When the proof ends.
        until: DateTime<Utc>,
    },
    /// Proven; a new proof may be given already.
    DueSoon {
        /// When the proof ends.
        until: DateTime<Utc>,
    },
    /// Proven, and something speaks against it since.
    Degraded {
        /// Since when.
        since: DateTime<Utc>,
        /// When the proof ends.
        until: DateTime<Utc>,
    },
    /// The proof has ended: it was not renewed.
    Lapsed {
        /// When it ended.
        since: DateTime<Utc>,
    },
    /// The proof has ended: too much speaks against it.
    Withdrawn {
        /// When it ended.
        since: DateTime<Utc>,
    },
}

impl ContactState {
    /// Where a proof stands at `now`; none was never given.
    pub fn of(proof: Option<&Proof>, now: DateTime<Utc>, policy: &Policy) -> Self {
        let Some(proof) = proof else {
            return Self::Pending;
        };
        let until = later(proof.proven_at, policy.contact_proof_days);
        let ends_at = proof.trouble.as_ref().and_then(|trouble| trouble.ends_at);
        match (ends_at, &proof.trouble) {
            (Some(ends_at), _) if now >= ends_at && ends_at < until => Self::Withdrawn { since: ends_at },
            _ if now >= until => Self::Lapsed { since: until },
            (_, Some(trouble)) => {
                Self::Degraded { since: trouble.since, until: ends_at.map_or(until, |at| at.min(until)) }
            }
            (_, None) if now >= earlier(until, RENEWAL_DAYS, proof.proven_at) => Self::DueSoon { until },
            (_, None) => Self::Proven { until },
        }
    }

    /// Whether the proof holds, doubted or not.
    pub fn holds(self) -> bool {
        match self {
            Self::Proven { .. } | Self::DueSoon { .. } | Self::Degraded { .. } => true,
            Self::Pending | Self::Lapsed { .. } | Self::Withdrawn { .. } => false,
        }
    }

    /// Whether a new proof is wanted, whoever it was that gave the last one.
    pub fn wants_proof(self) -> bool {
        match self {
            Self::Proven { .. } => false,
            Self::Pending
            | Self::DueSoon { .. }
            | Self::Degraded { .. }
            | Self::Lapsed { .. }
            | Self::Withdrawn { .. } => true,
        }
    }
}

/// The end of time rather than a panic where the calendar ends.
pub(super) fn later(from: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    from.checked_add_days(Days::new(days.into())).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `days` before `end`, but not before `start`.
pub(super) fn earlier(end: DateTime<Utc>, days: u32, start: DateTime<Utc>) -> DateTime<Utc> {
    end.checked_sub_days(Days::new(days.into())).unwrap_or(start).max(start)
}
