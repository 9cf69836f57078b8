//! What staff and vendor set for a group on top of what its tier gives: limits of its own, a temporary grant, a
//! limit that is only observed, suspension, and shares of its integrations. One for each group of either kind, in
//! a stream of its own, so that the version a vendor sees of its group does not move under it.
//!
//! Limits have two writers: the group's own history, which ends with a production approval, and staff here. The
//! later one counts. Nobody has to compare the order of two streams for that: whatever staff set names the
//! approval it came after, and is void once the group has another one. See [`Base`].

mod decide;
mod facts;
mod in_force;
pub mod parse;
#[cfg(test)]
mod tests;

pub use facts::{
    GrantEnded, GrantProposed, Granted, LimitsProposed, LimitsSet, ReasonCode, Resumed, ShadowEnded,
    ShadowSet, Share, SharesDeclared, Suspended,
};
pub use in_force::{Base, InForce};
pub use parse::{GrantAsked, LimitsAsked, SHARES_MAX};

use crate::{
    decider::{Context, Decider, Decision, Unexpected},
    developer::Role,
    fields::FieldError,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    independence::{Reviewer, Unfit},
    sealed::Sealed,
    stored_events,
};
use chrono::{DateTime, Utc};
use std::{collections::BTreeSet, num::NonZeroU32};

/// Longest time a temporary grant lasts, in days.
pub const GRANT_DAYS_MAX: u32 = 90;

/// Requests about what a group may use.
#[derive(Debug, Clone)]
pub enum Command {
    /// Staff give it limits of its own; above the large tier two of them must ask the very same.
    SetLimits {
        /// Which group.
        group: GroupRef,
        /// What it has by itself.
        base: Base,
        /// What is wanted.
        asked: LimitsAsked,
        /// Who, and why.
        verdict: Verdict,
    },
    /// Staff give it another number of calls until an instant; above the large tier two of them must.
    Grant {
        /// Which group.
        group: GroupRef,
        /// What it has by itself.
        base: Base,
        /// What is wanted.
        asked: GrantAsked,
        /// Who, and why.
        verdict: Verdict,
    },
    /// The grant's end has passed; only records it.
    EndGrant {
        /// Which group.
        group: GroupRef,
    },
    /// Staff have a limit observed that is not enforced.
    SetShadow {
        /// Which group.
        group: GroupRef,
        /// Who.
        reviewer: Reviewer,
        /// The limit to observe.
        calls: NonZeroU32,
    },
    /// Staff have no limit observed any more.
    EndShadow {
        /// Which group.
        group: GroupRef,
        /// Who.
        reviewer: Reviewer,
    },
    /// Staff have every call of the group refused.
    Suspend {
        /// Which group.
        group: GroupRef,
        /// Who.
        reviewer: Reviewer,
        /// Why.
        reason: ReasonCode,
        /// More, sealed under the subject of the group's owner or account.
        note: Option<Sealed>,
    },
    /// Staff let the group's calls pass again.
    Resume {
        /// Which group.
        group: GroupRef,
        /// Who.
        reviewer: Reviewer,
        /// Why.
        reason: ReasonCode,
        /// More, sealed like that of the suspension.
        note: Option<Sealed>,
    },
    /// The vendor parts the group's calls among its integrations.
    DeclareShares {
        /// Which group.
        group: GroupRef,
        /// What it has by itself.
        base: Base,
        /// Who asks.
        by: DeveloperId,
        /// Role of the asking developer in the group or its account; `None`: a stranger.
        role: Option<Role>,
        /// What is in the group.
        integrations: BTreeSet<IntegrationId>,
        /// The whole, replacing the former.
        shares: Vec<Share>,
    },
}

/// A decision of staff about numbers.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Who.
    pub reviewer: Reviewer,
    /// Whoever proposed it first, as they and the group's people are now; `None` when nobody did, or who did
    /// has left.
    pub first: Option<Reviewer>,
    /// Why.
    pub reason: ReasonCode,
    /// More, sealed under the subject of the group's owner or account.
    pub note: Option<Sealed>,
}

/// Facts about what a group may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It has limits of its own.
    LimitsSet(LimitsSet),
    /// The first of two who must ask for limits.
    LimitsProposed(LimitsProposed),
    /// It has other calls for some time.
    Granted(Granted),
    /// The first of two who must ask for a grant.
    GrantProposed(GrantProposed),
    /// A grant is over.
    GrantEnded(GrantEnded),
    /// A limit is observed.
    ShadowSet(ShadowSet),
    /// No limit is observed any more.
    ShadowEnded(ShadowEnded),
    /// Its calls are refused.
    Suspended(Suspended),
    /// Its calls pass again.
    Resumed(Resumed),
    /// Its calls are parted among its integrations.
    SharesDeclared(SharesDeclared),
}

stored_events!(Event {
    LimitsSet = "allowance.limits_set" @ 1;
    LimitsProposed = "allowance.limits_proposed" @ 1;
    Granted = "allowance.granted" @ 1;
    GrantProposed = "allowance.grant_proposed" @ 1;
    GrantEnded = "allowance.grant_ended" @ 1;
    ShadowSet = "allowance.shadow_set" @ 1;
    ShadowEnded = "allowance.shadow_ended" @ 1;
    Suspended = "allowance.suspended" @ 1;
    Resumed = "allowance.resumed" @ 1;
    SharesDeclared = "allowance.shares_declared" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such group, or the developer is no member of it: alike, because existence is private.
    #[error("there is no such group among yours")]
    NotYours,
    /// A member without the right to do this.
    #[error("only an owner or admin of the group may do this")]
    NotAllowed,
    /// Only approvers decide.
    #[error("only an approver may decide")]
    NotAnApprover,
    /// Nobody decides for a group they belong or belonged to.
    #[error("who decides must be independent of the group")]
    ReviewerNotIndependent,
    /// The second approval must come from somebody else.
    #[error("above the large tier another member of staff must ask for the same")]
    SameApprover,
    /// What is over before it begins grants nothing.
    #[error("a grant ends after now")]
    GrantOver,
    /// What is meant to last is a limit, not a grant.
    #[error("a grant lasts at most {GRANT_DAYS_MAX} days, until {latest}; set limits for what is to last")]
    GrantTooLong {
        /// The latest end.
        latest: DateTime<Utc>,
    },
    /// There is no grant that has ended unrecorded.
    #[error("no grant has ended")]
    NotDue,
    /// Its calls are refused already.
    #[error("the group is suspended since {since}")]
    AlreadySuspended {
        /// When that began.
        since: DateTime<Utc>,
    },
    /// Its calls are not refused.
    #[error("the group is not suspended")]
    NotSuspended,
    /// Shares that can't be kept.
    #[error("the shares do not fit the group")]
    SharesDoNotFit {
        /// Which, and why.
        fields: Vec<FieldError>,
    },
}

impl From<Unfit> for Rejection {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::NotAnApprover => Self::NotAnApprover,
            Unfit::NotIndependent => Self::ReviewerNotIndependent,
        }
    }
}

/// Phases of an allowance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Allowance {
    /// Nobody has set anything: the group has what its tier gives.
    #[default]
    Untouched,
    /// Something was set.
    Active(Terms),
    /// Every call is refused, whatever else was set.
    Suspended(Terms, Suspended),
}

/// What was set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Limits by staff; void once the group has another approval than the one they came after.
    pub limits: Option<LimitsSet>,
    /// Limits that wait for the second of staff.
    pub limits_proposal: Option<LimitsProposed>,
    /// The newest grant, until its end is recorded; void like limits.
    pub grant: Option<Granted>,
    /// A grant that waits for the second of staff.
    pub grant_proposal: Option<GrantProposed>,
    /// The limit that is observed.
    pub shadow: Option<ShadowSet>,
    /// How the calls are parted.
    pub shares: Vec<Share>,
}

impl Decider for Allowance {
    const CATEGORY: &'static str = "allowance";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match command {
            Command::SetLimits { group, base, asked, verdict } => {
                self.set_limits(group, base, asked, verdict, context)
            }
            Command::Grant { group, base, asked, verdict } => {
                self.grant(group, base, asked, verdict, context)
            }
            Command::EndGrant { group } => self.end_grant(group, context),
            Command::SetShadow { group, reviewer, calls } => self.set_shadow(group, &reviewer, calls),
            Command::EndShadow { group, reviewer } => self.end_shadow(group, &reviewer),
            Command::Suspend { group, reviewer, reason, note } => {
                self.suspend(group, &reviewer, reason, note, context)
            }
            Command::Resume { group, reviewer, reason, note } => self.resume(group, &reviewer, reason, note),
            Command::DeclareShares { group, base, by, role, integrations, shares } => {
                decide::may_change(role)?;
                self.declare_shares(SharesDeclared { group, by, shares }, base, &integrations)
            }
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        match (event, self) {
            (Event::Suspended(suspended), Self::Untouched) => {
                Ok(Self::Suspended(Terms::default(), suspended.clone()))
            }
            (Event::Suspended(suspended), Self::Active(terms)) => {
                Ok(Self::Suspended(terms, suspended.clone()))
            }
            (Event::Resumed(_), Self::Suspended(terms, _)) => Ok(Self::Active(terms)),
            (
                Event::LimitsSet(_)
                | Event::LimitsProposed(_)
                | Event::Granted(_)
                | Event::GrantProposed(_)
                | Event::ShadowSet(_)
                | Event::SharesDeclared(_),
                Self::Untouched,
            ) => Ok(Self::Active(Terms::default().followed_by(event))),
            (
                Event::LimitsSet(_)
                | Event::LimitsProposed(_)
                | Event::Granted(_)
                | Event::GrantProposed(_)
                | Event::GrantEnded(_)
                | Event::ShadowSet(_)
                | Event::ShadowEnded(_)
                | Event::SharesDeclared(_),
                state @ (Self::Active(_) | Self::Suspended(..)),
            ) => Ok(state.with(|terms| terms.followed_by(event))),
            (Event::GrantEnded(_) | Event::ShadowEnded(_), state @ Self::Untouched)
            | (Event::Suspended(_), state @ Self::Suspended(..))
            | (Event::Resumed(_), state @ (Self::Untouched | Self::Active(_))) => {
                Err(state.unexpected(event))
            }
        }
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Active(_) => "active",
            Self::Suspended(..) => "suspended",
        }
    }
}

impl Allowance {
    /// What was set; none while nothing was.
    pub fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Untouched => None,
            Self::Active(terms) | Self::Suspended(terms, _) => Some(terms),
        }
    }

    fn with(self, change: impl FnOnce(Terms) -> Terms) -> Self {
        match self {
            Self::Untouched => Self::Active(change(Terms::default())),
            Self::Active(terms) => Self::Active(change(terms)),
            Self::Suspended(terms, suspended) => Self::Suspended(change(terms), suspended),
        }
    }
}

impl Terms {
    fn followed_by(mut self, event: &Event) -> Self {
        match event {
            // The first of two agreed to a change of what was then; that is gone.
            Event::LimitsSet(set) => {
                self.limits = Some(set.clone());
                self.limits_proposal = None;
                self.grant_proposal = None;
            }
            Event::LimitsProposed(proposed) => self.limits_proposal = Some(proposed.clone()),
            Event::Granted(granted) => {
                self.grant = Some(granted.clone());
                self.grant_proposal = None;
            }
            Event::GrantProposed(proposed) => self.grant_proposal = Some(proposed.clone()),
            Event::GrantEnded(_) => self.grant = None,
            Event::ShadowSet(set) => self.shadow = Some(set.clone()),
            Event::ShadowEnded(_) => self.shadow = None,
            Event::SharesDeclared(declared) => self.shares.clone_from(&declared.shares),
            Event::Suspended(_) | Event::Resumed(_) => {}
        }
        self
    }
}
