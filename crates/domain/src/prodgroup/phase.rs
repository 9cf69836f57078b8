//! The phases of a promotion and which facts lead from one to another.

use super::{
    ChangesRequested, Drafted, Event, FirstApprovalRecorded, LimitsAsked, ProductionApproved,
    ProductionRefused, Rejection, Submitted,
};
use crate::{
    decider::{Decider, Unexpected},
    group::Limits,
    ids::{IntegrationId, ProdAccountId},
};
use std::collections::BTreeSet;

/// Phases of a production group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProdGroup {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// Being prepared.
    Draft(Group),
    /// Handed in, nobody looks yet.
    Submitted(Group, Submitted),
    /// Staff look at it; perhaps with a first approval.
    InReview(Group, Submitted, Option<FirstApprovalRecorded>),
    /// The vendor's turn.
    ChangesRequested(Group, Submitted, ChangesRequested),
    /// Released.
    Approved(Group, ProductionApproved),
    /// Refused; may be submitted anew.
    Refused(Group, ProductionRefused),
    /// Taken back; may be submitted anew.
    Withdrawn(Group),
    /// Ran out; may be submitted anew.
    Expired(Group),
}

/// What every phase has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Whose.
    pub account: ProdAccountId,
    /// Current name.
    pub name: String,
    /// What is in it.
    pub integrations: BTreeSet<IntegrationId>,
    /// Limits in force.
    pub limits: Limits,
    /// What is asked for.
    pub asked: Option<LimitsAsked>,
}

impl ProdGroup {
    /// What every phase but `absent` has.
    pub fn group(&self) -> Option<&Group> {
        match self {
            Self::Absent => None,
            Self::Draft(group)
            | Self::Submitted(group, _)
            | Self::InReview(group, ..)
            | Self::ChangesRequested(group, ..)
            | Self::Approved(group, _)
            | Self::Refused(group, _)
            | Self::Withdrawn(group)
            | Self::Expired(group) => Some(group),
        }
    }

    pub(super) fn phase_name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Draft(_) => "draft",
            Self::Submitted(..) => "submitted",
            Self::InReview(..) => "in_review",
            Self::ChangesRequested(..) => "changes_requested",
            Self::Approved(..) => "approved",
            Self::Refused(..) => "refused",
            Self::Withdrawn(_) => "withdrawn",
            Self::Expired(_) => "expired",
        }
    }

    /// A move the state machine does not have; a group that is not there has none at all.
    pub(super) fn illegal(&self, attempt: &'static str) -> Rejection {
        match self.group() {
            Some(_) => Rejection::IllegalTransition { attempt, phase: self.phase_name() },
            None => Rejection::NotYours,
        }
    }

    /// The state after one more fact, or why the fact can't follow.
    pub(super) fn followed_by(self, event: &Event) -> Result<Self, Unexpected> {
        match event {
            Event::Drafted(drafted) => match self {
                Self::Absent => Ok(Self::Draft(Group::new(drafted))),
                other => Err(other.unexpected(event)),
            },
            Event::Renamed(renamed) => self.edited(event, |group| group.name.clone_from(&renamed.name)),
            Event::IntegrationAdmitted(admitted) => self.edited(event, |group| {
                group.integrations.insert(admitted.integration);
            }),
            Event::IntegrationReleased(released) => self.edited(event, |group| {
                group.integrations.remove(&released.integration);
            }),
            Event::LimitsAsked(asked) => self.edited(event, |group| group.asked = Some(asked.clone())),
            Event::Submitted(submitted) => match self {
                Self::Draft(group)
                | Self::ChangesRequested(group, ..)
                | Self::Refused(group, _)
                | Self::Withdrawn(group)
                | Self::Expired(group) => Ok(Self::Submitted(group, submitted.clone())),
                other => Err(other.unexpected(event)),
            },
            Event::Withdrawn(_) => match self {
                Self::Submitted(group, _) | Self::InReview(group, ..) | Self::ChangesRequested(group, ..) => {
                    Ok(Self::Withdrawn(group))
                }
                other => Err(other.unexpected(event)),
            },
            Event::ReviewStarted(_) => match self {
                Self::Submitted(group, submitted) => Ok(Self::InReview(group, submitted, None)),
                other => Err(other.unexpected(event)),
            },
            Event::ChangesRequested(changes) => match self {
                Self::InReview(group, submitted, _) => {
                    Ok(Self::ChangesRequested(group, submitted, changes.clone()))
                }
                other => Err(other.unexpected(event)),
            },
            Event::FirstApprovalRecorded(first) => match self {
                Self::InReview(group, submitted, _) => {
                    Ok(Self::InReview(group, submitted, Some(first.clone())))
                }
                other => Err(other.unexpected(event)),
            },
            Event::ProductionApproved(approved) => match self {
                Self::InReview(group, ..) => {
                    Ok(Self::Approved(Group { limits: approved.limits, ..group }, approved.clone()))
                }
                other => Err(other.unexpected(event)),
            },
            Event::ProductionRefused(refused) => match self {
                Self::InReview(group, ..) => Ok(Self::Refused(group, refused.clone())),
                other => Err(other.unexpected(event)),
            },
            Event::SubmissionExpired(_) => match self {
                Self::Submitted(group, _) | Self::ChangesRequested(group, ..) => Ok(Self::Expired(group)),
                other => Err(other.unexpected(event)),
            },
        }
    }

    /// Facts about the contents, in the phases in which the vendor may change them.
    fn edited(mut self, event: &Event, change: impl FnOnce(&mut Group)) -> Result<Self, Unexpected> {
        match &mut self {
            Self::Draft(group)
            | Self::ChangesRequested(group, ..)
            | Self::Refused(group, _)
            | Self::Withdrawn(group)
            | Self::Expired(group) => {
                change(group);
                Ok(self)
            }
            Self::Absent | Self::Submitted(..) | Self::InReview(..) | Self::Approved(..) => {
                Err(self.unexpected(event))
            }
        }
    }
}

impl Group {
    fn new(drafted: &Drafted) -> Self {
        Self {
            account: drafted.account,
            name: drafted.name.clone(),
            integrations: BTreeSet::new(),
            limits: drafted.limits,
            asked: None,
        }
    }
}
