//! A production group: holds released integrations, and the promotion that gives it production limits.
//!
//! draft → submitted → in_review → changes_requested | approved | refused | withdrawn | expired

pub mod checklist;

use crate::{
    claim::{ClaimChange, ClaimKey},
    decider::{Context, Decider, Decision, Unexpected},
    developer::Role,
    group::{GroupRef, Limits},
    ids::{DeveloperId, IntegrationId, ProdAccountId, ProdGroupId, StaffId, SubjectId, SubmissionId},
    names::{self, NameProblem},
    policy::Tier,
    sealed::{Fingerprint, Sealed, Subjects},
    staff::StaffRole,
    stored_events,
};
use checklist::{Checklist, Evidence};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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

/// What a production name may consist of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownNames {
    /// The account's vendor name.
    pub vendor: String,
    /// Names of integrations of the account's members that may be its product.
    pub integrations: Vec<String>,
}

/// The limits a vendor asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Named size, or custom.
    pub tier: Tier,
    /// The numbers (of the tier at the time of asking, or custom).
    pub limits: Limits,
}

/// Why staff sent back or refused: a code from a fixed list; free text is sealed beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReasonCode {
    /// Name misleads or breaks the naming rule.
    #[serde(rename = "naming")]
    Naming,
    /// Contact unsuitable.
    #[serde(rename = "contact")]
    Contact,
    /// Facts of an integration wrong or misleading.
    #[serde(rename = "integration_facts")]
    IntegrationFacts,
    /// Asks for more entitlements than its purpose needs.
    #[serde(rename = "entitlements")]
    Entitlements,
    /// Limits not justified.
    #[serde(rename = "limits")]
    Limits,
    /// Against the terms.
    #[serde(rename = "terms")]
    Terms,
    /// Something else, told in the note.
    #[serde(rename = "other")]
    Other,
}

/// A member of staff and everything independence is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    /// Who.
    pub staff: StaffId,
    /// What they may do.
    pub role: StaffRole,
    /// Fingerprint of their address.
    pub email_fingerprint: Fingerprint,
    /// Fingerprint of their mail domain; none for free-mail.
    pub domain_fingerprint: Option<Fingerprint>,
    /// Developer accounts they declared as their own.
    pub own_developers: Vec<DeveloperId>,
    /// The people of the account under review.
    pub people: People,
}

/// Everybody who ever belonged to the account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    /// Ever members and inviters.
    pub developers: Vec<DeveloperId>,
    /// Fingerprints of their addresses and of the contact.
    pub email_fingerprints: Vec<Fingerprint>,
    /// Fingerprints of their mail domains and the contact's; free-mail left out.
    pub domain_fingerprints: Vec<Fingerprint>,
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
    /// The first of two approvals.
    FirstApprovalRecorded(FirstApprovalRecorded),
    /// It has production limits.
    ProductionApproved(ProductionApproved),
    /// Staff refused.
    ProductionRefused(ProductionRefused),
    /// The deadline passed.
    SubmissionExpired(SubmissionExpired),
}

/// The group was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    /// Whose.
    pub account: ProdAccountId,
    /// Name, normalised.
    pub name: String,
    /// Limits until a grant (the development tier at the decision).
    pub limits: Limits,
}

/// It has another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The new name, normalised.
    pub name: String,
}

/// An integration came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationAdmitted {
    /// Which.
    pub integration: IntegrationId,
}

/// An integration left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationReleased {
    /// Which.
    pub integration: IntegrationId,
    /// Where it went.
    pub to: GroupRef,
}

/// Limits were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsAsked {
    /// What is wanted.
    pub asked: Asked,
    /// Why.
    pub justification: Sealed,
}

/// It was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Names the submission.
    pub submission: SubmissionId,
    /// Who handed it in.
    pub by: DeveloperId,
    /// What is wanted.
    pub asked: Asked,
    /// What the checks saw.
    pub evidence: Evidence,
    /// SHA-256 over the evidence, hex; both approvals bind to it.
    pub evidence_hash: String,
    /// When it expires if nobody acts.
    pub expires_at: DateTime<Utc>,
}

/// The submission was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Which submission.
    pub submission: SubmissionId,
}

/// Staff look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewStarted {
    /// Which submission.
    pub submission: SubmissionId,
    /// Who.
    pub staff: StaffId,
}

/// Staff sent it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesRequested {
    /// Which submission.
    pub submission: SubmissionId,
    /// Who.
    pub staff: StaffId,
    /// Which rule it fails.
    pub reason: ReasonCode,
    /// What to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    /// When it expires if the vendor does not answer.
    pub expires_at: DateTime<Utc>,
}

/// The first of two approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstApprovalRecorded {
    /// Which submission.
    pub submission: SubmissionId,
    /// Who.
    pub staff: StaffId,
    /// Evidence it binds to.
    pub evidence_hash: String,
}

/// It has production limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductionApproved {
    /// Which submission.
    pub submission: SubmissionId,
    /// Who decided, first approver first.
    pub staff: Vec<StaffId>,
    /// Named size granted.
    pub tier: Tier,
    /// Limits at the decision.
    pub limits: Limits,
    /// Evidence it binds to.
    pub evidence_hash: String,
    /// Policy in force.
    pub policy_version: u32,
    /// When.
    pub approved_at: DateTime<Utc>,
}

/// Staff refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductionRefused {
    /// Which submission.
    pub submission: SubmissionId,
    /// Who.
    pub staff: StaffId,
    /// Why.
    pub reason: ReasonCode,
    /// More.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// The deadline passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionExpired {
    /// Which submission.
    pub submission: SubmissionId,
}

impl Subjects for Drafted {}
impl Subjects for Renamed {}
impl Subjects for IntegrationAdmitted {}
impl Subjects for IntegrationReleased {}
impl Subjects for LimitsAsked {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.justification.subject]
    }
}
impl Subjects for Submitted {}
impl Subjects for Withdrawn {}
impl Subjects for ReviewStarted {}
impl Subjects for ChangesRequested {
    fn subjects(&self) -> Vec<SubjectId> {
        self.note.iter().map(|note| note.subject).collect()
    }
}
impl Subjects for FirstApprovalRecorded {}
impl Subjects for ProductionApproved {}
impl Subjects for ProductionRefused {
    fn subjects(&self) -> Vec<SubjectId> {
        self.note.iter().map(|note| note.subject).collect()
    }
}
impl Subjects for SubmissionExpired {}

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
}

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

impl Decider for ProdGroup {
    const CATEGORY: &'static str = "prodgroup";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, _command: Command, _context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        unimplemented!()
    }

    fn evolve(self, _event: &Event) -> Result<Self, Unexpected> {
        unimplemented!()
    }

    fn phase(&self) -> &'static str {
        unimplemented!()
    }
}
