//! What a group may use at an instant: from what it has by itself and what was set for it.

use super::{Allowance, GrantProposed, Granted, LimitsProposed, LimitsSet, Share, Suspended, Terms};
use crate::{
    devgroup,
    group::Limits,
    ids::{IntegrationId, SubmissionId},
    prodgroup::ProdGroup,
};
use chrono::{DateTime, Utc};

/// What a group has by itself, without anything staff set: the limits its own history gave it last, and the
/// production approval they came from. What was set here names the approval that was in force then, so
/// comparing the two tells which came later; a fold that reads both streams needs no order between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// Limits of the newest of `devgroup.created`, `prodgroup.drafted` and `prodgroup.production_approved`.
    pub limits: Limits,
    /// Submission of the newest `prodgroup.production_approved`; none before one, and in development.
    pub approval: Option<SubmissionId>,
}

/// What holds at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The limits, a grant included.
    pub limits: Limits,
    /// Until when, by itself: the end of a grant.
    pub until: Option<DateTime<Utc>>,
    /// Since when every call is refused.
    pub suspended: Option<DateTime<Utc>>,
    /// A limit to observe and not to enforce.
    pub shadow_calls: Option<u32>,
    /// Shares of integrations that are in the group, cut down to what the limits can keep: in their order, no
    /// reserve goes beyond what is left, and none is allowed more than all.
    pub shares: Vec<Share>,
    /// Whether staff set the limits or granted the calls that hold; a development group then stands outside the
    /// ceilings of its owner and organisation.
    pub set_by_staff: bool,
}

impl From<&devgroup::Active> for Base {
    fn from(group: &devgroup::Active) -> Self {
        Self { limits: group.limits, approval: None }
    }
}

impl Base {
    /// What a production group has by itself; none when there is no such group.
    pub fn of(group: &ProdGroup) -> Option<Self> {
        let approval = match group {
            ProdGroup::Approved(_, approved) => Some(approved.submission),
            _ => None,
        };
        group.group().map(|group| Self { limits: group.limits, approval })
    }
}

impl Allowance {
    /// What holds at `now` for a group that has `base` by itself; `is_inside` tells which integrations are in it.
    pub fn in_force(
        &self,
        base: Base,
        now: DateTime<Utc>,
        is_inside: impl Fn(IntegrationId) -> bool,
    ) -> InForce {
        let untouched = Terms::default();
        let terms = self.terms().unwrap_or(&untouched);
        let grant = terms.running_grant(base, now);
        let standing = terms.standing_limits(base);
        let limits = match grant {
            Some(grant) => Limits { calls: grant.calls, ..standing },
            None => standing,
        };
        InForce {
            limits,
            until: grant.map(|grant| grant.until),
            suspended: self.suspended_since(),
            shadow_calls: terms.shadow.as_ref().map(|shadow| shadow.calls),
            shares: fitted(&terms.shares, limits.calls, is_inside),
            set_by_staff: grant.is_some() || terms.set_limits(base).is_some(),
        }
    }

    /// Whether staff set limits for a group that has `base` by itself, and they hold; grants of calls aside.
    pub fn has_limits(&self, base: Base) -> bool {
        self.terms().is_some_and(|terms| terms.set_limits(base).is_some())
    }

    /// The suspension that holds.
    pub fn suspension(&self) -> Option<&Suspended> {
        match self {
            Self::Untouched | Self::Active(_) => None,
            Self::Suspended(_, suspended) => Some(suspended),
        }
    }

    /// Since when every call is refused.
    pub fn suspended_since(&self) -> Option<DateTime<Utc>> {
        self.suspension().map(|suspended| suspended.since)
    }

    /// Whether a grant has ended by time, recorded or not; it stands until, but not at, its end.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.terms().and_then(|terms| terms.grant.as_ref()).is_some_and(|grant| now >= grant.until)
    }
}

impl Terms {
    /// The limits without a grant.
    pub(super) fn standing_limits(&self, base: Base) -> Limits {
        self.set_limits(base).map_or(base.limits, |set| set.limits)
    }

    /// What staff set, unless the group was approved since.
    pub fn set_limits(&self, base: Base) -> Option<&LimitsSet> {
        self.limits.as_ref().filter(|set| set.approval == base.approval)
    }

    /// The grant that holds, unless the group was approved since.
    pub fn running_grant(&self, base: Base, now: DateTime<Utc>) -> Option<&Granted> {
        self.grant.as_ref().filter(|grant| grant.approval == base.approval && now < grant.until)
    }

    /// Limits that wait for the second of staff, unless the group was approved since.
    pub fn limits_proposal_for(&self, base: Base) -> Option<&LimitsProposed> {
        self.limits_proposal.as_ref().filter(|proposed| proposed.approval == base.approval)
    }

    /// A grant that waits for the second of staff, unless the group was approved since or its end has passed.
    pub fn grant_proposal_for(&self, base: Base, now: DateTime<Utc>) -> Option<&GrantProposed> {
        let proposed = self.grant_proposal.as_ref();
        proposed.filter(|proposed| proposed.approval == base.approval && now < proposed.until)
    }
}

fn fitted(shares: &[Share], calls: u32, is_inside: impl Fn(IntegrationId) -> bool) -> Vec<Share> {
    let mut left = calls;
    let mut fit = |share: &Share| {
        let reserved = share.reserved.map(|reserved| reserved.min(left));
        left -= reserved.unwrap_or(0);
        Share { at_most: share.at_most.map(|most| most.min(calls)), reserved, ..*share }
    };
    shares.iter().filter(|share| is_inside(share.integration)).map(&mut fit).collect()
}
