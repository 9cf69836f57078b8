//! A production group: holds released integrations, and the promotion that gives it production limits.
//!
//! draft → submitted → in_review → changes_requested | approved | refused | withdrawn | expired

pub mod checklist;
mod contents;
mod phase;
mod review;
mod submission;
#[cfg(test)]
mod tests;

pub use crate::independence::{People, Reviewer};
pub use contents::{
    Drafted, INTEGRATIONS_MAX, IntegrationAdmitted, IntegrationReleased, KnownNames, Renamed,
};
pub use phase::{Group, ProdGroup};
pub use review::{
    ChangesRequested, FirstApprovalRecorded, ProductionApproved, ProductionRefused, ReasonCode,
    ReviewStarted, needs_two_approvers,
};
pub use submission::{Asked, LimitsAsked, SubmissionExpired, Submitted, Withdrawn};

use crate::{
    decider::{Context, Decider, Decision, Unexpected},
    developer::Role,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, ProdAccountId, ProdGroupId, SubmissionId},
    names::NameProblem,
    sealed::Sealed,
    stored_events,
};
use checklist::{Checklist, Evidence};

/// Requests to a production group. `role` is the asking developer's role in the production account, from
/// the account's fold (`None`: a stranger).
#[derive(Debug, Clone)]
pub enum Command {
    /// Make the group (same batch as the account's fact).
    Draft {
        /// The new group.
        group: ProdGroupId,
        /// Whose.
        account: ProdAccountId,
        /// Role of the asking developer.
        role: Option<Role>,
        /// Name as typed.
        name: String,
        /// What the name is checked against.
        known: KnownNames,
    },
    /// Give it another name; not while submitted or in review.
    Rename {
        /// Role of the asking developer.
        role: Option<Role>,
        /// Name as typed.
        name: String,
        /// What the name is checked against.
        known: KnownNames,
    },
    /// An integration moves into it.
    AdmitIntegration {
        /// Role of the asking developer.
        role: Option<Role>,
        /// Which.
        integration: IntegrationId,
    },
    /// An integration moves out of it.
    ReleaseIntegration {
        /// Role of the asking developer.
        role: Option<Role>,
        /// Which.
        integration: IntegrationId,
        /// Where it goes.
        to: GroupRef,
    },
    /// Say which limits are wanted, and why.
    AskLimits {
        /// Role of the asking developer.
        role: Option<Role>,
        /// What is wanted.
        asked: Asked,
        /// Why, sealed under the account's subject.
        justification: Sealed,
    },
    /// Hand it in for review; refused while a blocking check is red.
    Submit {
        /// Who asks.
        by: DeveloperId,
        /// Role of the asking developer.
        role: Option<Role>,
        /// Names the submission.
        submission: SubmissionId,
        /// What the checks saw.
        evidence: Evidence,
    },
    /// Take the submission back.
    Withdraw {
        /// Role of the asking developer.
        role: Option<Role>,
    },
    /// Staff begin to look at it.
    StartReview {
        /// Who.
        reviewer: Reviewer,
    },
    /// Staff send it back.
    RequestChanges {
        /// Who.
        reviewer: Reviewer,
        /// Which rule it fails.
        reason: ReasonCode,
        /// What to change, sealed under the account's subject.
        note: Option<Sealed>,
    },
    /// Staff grant it. Above the large tier two different staff must.
    Approve {
        /// Who.
        reviewer: Reviewer,
        /// Whoever gave the first approval, as they and the account's people are now; `None` when nobody did,
        /// or who did has left.
        first: Option<Reviewer>,
        /// What the checks see now; must equal what was submitted.
        evidence: Evidence,
    },
    /// Staff refuse it for good; a new submission is possible.
    Refuse {
        /// Who.
        reviewer: Reviewer,
        /// Why.
        reason: ReasonCode,
        /// More, sealed under the account's subject.
        note: Option<Sealed>,
    },
    /// The deadline passed; only records it.
    Expire,
}

/// Facts of a production group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The group was made.
    Drafted(Drafted),
    /// It has another name.
    Renamed(Renamed),
    /// An integration came in.
    IntegrationAdmitted(IntegrationAdmitted),
    /// An integration left.
    IntegrationReleased(IntegrationReleased),
    /// Limits were asked for.
    LimitsAsked(LimitsAsked),
    /// It was handed in.
    Submitted(Submitted),
    /// The submission was taken back.
    Withdrawn(Withdrawn),
    /// Staff look at it.
    ReviewStarted(ReviewStarted),
    /// Staff sent it back.
    ChangesRequested(ChangesRequested),
    /// The first of two approvals; another one takes its place when it no longer stands.
    FirstApprovalRecorded(FirstApprovalRecorded),
    /// It has production limits.
    ProductionApproved(ProductionApproved),
    /// Staff refused.
    ProductionRefused(ProductionRefused),
    /// The deadline passed.
    SubmissionExpired(SubmissionExpired),
}

stored_events!(Event {
    Drafted = "prodgroup.drafted" @ 1;
    Renamed = "prodgroup.renamed" @ 1;
    IntegrationAdmitted = "prodgroup.integration_admitted" @ 1;
    IntegrationReleased = "prodgroup.integration_released" @ 1;
    LimitsAsked = "prodgroup.limits_asked" @ 1;
    Submitted = "prodgroup.submitted" @ 1;
    Withdrawn = "prodgroup.withdrawn" @ 1;
    ReviewStarted = "prodgroup.review_started" @ 1;
    ChangesRequested = "prodgroup.changes_requested" @ 1;
    FirstApprovalRecorded = "prodgroup.first_approval_recorded" @ 1;
    ProductionApproved = "prodgroup.production_approved" @ 1;
    ProductionRefused = "prodgroup.production_refused" @ 1;
    SubmissionExpired = "prodgroup.submission_expired" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds a group already.
    #[error("this production group exists already")]
    AlreadyExists,
    /// No such group, or the developer is no member of its account.
    #[error("there is no such production group among yours")]
    NotYours,
    /// A member without the right to do this.
    #[error("only an owner or admin of the account may do this")]
    NotAllowed,
    /// The name breaks a rule.
    #[error("{0}")]
    Name(NameProblem),
    /// What staff look at does not change under their eyes.
    #[error("not while the group is {phase}; withdraw the submission first")]
    UnderReview {
        /// Phase of the promotion.
        phase: &'static str,
    },
    /// The move does not exist in the promotion's state machine.
    #[error("{attempt} is not possible while the group is {phase}")]
    IllegalTransition {
        /// What was asked.
        attempt: &'static str,
        /// Phase of the promotion.
        phase: &'static str,
    },
    /// A blocking check is red.
    #[error("{red} blocking checks are red")]
    ChecklistRed {
        /// How many.
        red: usize,
        /// Which, with their fixes.
        checklist: Checklist,
    },
    /// Nothing was asked for.
    #[error("ask for limits and say why before you submit")]
    NoLimitsAsked,
    /// The asked numbers can't be granted.
    #[error("the limits asked for must be at least the development tier and fit 32 bits")]
    LimitsOutOfRange,
    /// Only approvers decide.
    #[error("only an approver may decide")]
    NotAnApprover,
    /// Nobody decides for an account they belong or belonged to.
    #[error("a reviewer must be independent of the account")]
    ReviewerNotIndependent,
    /// The second approval must come from somebody else.
    #[error("the second approval must come from another member of staff")]
    SameApprover,
    /// What was submitted is no longer so.
    #[error("what was submitted has changed since; request changes so that it is submitted again")]
    EvidenceChanged,
    /// The deadline passed.
    #[error("the submission has expired")]
    SubmissionExpired,
    /// Not yet.
    #[error("the deadline has not passed")]
    NotDue,
    /// The integration is in it already.
    #[error("the integration is in this group already")]
    AlreadyInGroup,
    /// The integration is elsewhere.
    #[error("the integration is not in this group")]
    NotInGroup,
    /// What is reviewed together stays small enough to be looked at.
    #[error("a production group holds at most {INTEGRATIONS_MAX} integrations")]
    TooManyIntegrations,
}

impl Decider for ProdGroup {
    const CATEGORY: &'static str = "prodgroup";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match command {
            Command::Draft { group: _, account, role, name, known } => {
                may_change(role)?;
                match self.group() {
                    None => contents::draft(account, &name, &known, context),
                    Some(_) => Err(Rejection::AlreadyExists),
                }
            }
            Command::Rename { role, name, known } => {
                may_change(role)?;
                contents::rename(self.editable("rename", context)?, &name, &known, context)
            }
            Command::AdmitIntegration { role, integration } => {
                may_change(role)?;
                contents::admit(self.editable("admit an integration", context)?, integration)
            }
            Command::ReleaseIntegration { role, integration, to } => {
                may_change(role)?;
                contents::release(self.editable("release an integration", context)?, integration, to)
            }
            Command::AskLimits { role, asked, justification } => {
                may_change(role)?;
                self.editable("ask for limits", context)?;
                submission::ask(asked, justification, context.policy)
            }
            Command::Submit { by, role, submission, evidence } => {
                may_change(role)?;
                self.submit(by, submission, evidence, context)
            }
            Command::Withdraw { role } => {
                may_change(role)?;
                self.withdraw()
            }
            Command::StartReview { reviewer } => self.start_review(&reviewer, context),
            Command::RequestChanges { reviewer, reason, note } => {
                self.request_changes(&reviewer, reason, note, context)
            }
            Command::Approve { reviewer, first, evidence } => {
                self.approve(&reviewer, first.as_ref(), &evidence, context)
            }
            Command::Refuse { reviewer, reason, note } => self.refuse(&reviewer, reason, note, context),
            Command::Expire => self.expire(context.now),
        }
    }

    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        self.followed_by(event)
    }

    fn phase(&self) -> &'static str {
        self.phase_name()
    }
}

/// Only owners and admins of the account change its group; to others it does not exist, or is not theirs to
/// change.
fn may_change(role: Option<Role>) -> Result<(), Rejection> {
    match role {
        Some(Role::Owner | Role::Admin) => Ok(()),
        Some(Role::Member) => Err(Rejection::NotAllowed),
        None => Err(Rejection::NotYours),
    }
}
