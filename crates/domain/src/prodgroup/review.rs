//! What staff decide about a submission, and who of them may.

use super::{Event, ProdGroup, Rejection, Submitted, checklist::Evidence, submission};
use crate::{
    decider::{Context, Decision},
    group::{Limits, Partition},
    ids::{StaffId, SubjectId, SubmissionId},
    independence::{self, Reviewer, Unfit},
    policy::{Policy, Tier},
    sealed::{Sealed, Subjects},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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

/// The first of two approvals; another one takes its place when it no longer stands.
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

impl From<Unfit> for Rejection {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::NotAnApprover => Self::NotAnApprover,
            Unfit::NotIndependent => Self::ReviewerNotIndependent,
        }
    }
}

/// Whether a grant is above the large tier in sites, in the calls that fit into the large tier's window, or by
/// what it counts apart, so that two of staff must agree.
pub fn needs_two_approvers(limits: Limits, policy: &Policy) -> bool {
    let large = policy.large;
    let windows = u64::from(large.window_s).div_ceil(u64::from(limits.window_s).max(1));
    let calls = u64::from(limits.calls).saturating_mul(windows);
    let multiplied = limits.partition != Partition::Group && limits.partition != large.partition;
    calls > u64::from(large.calls) || limits.sites > large.sites || multiplied
}

impl ProdGroup {
    pub(super) fn start_review(
        &self,
        reviewer: &Reviewer,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        let submitted = match self {
            Self::Submitted(_, submitted) if !self.is_due(context.now) => submitted,
            _ => return Err(self.no_such_move("start the review", context)),
        };
        let started = ReviewStarted { submission: submitted.submission, staff: reviewer.staff };
        Ok(Decision::events([Event::ReviewStarted(started)]))
    }

    pub(super) fn request_changes(
        &self,
        reviewer: &Reviewer,
        reason: ReasonCode,
        note: Option<Sealed>,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        let (submitted, _) = self.in_review("request changes", context)?;
        Ok(Decision::events([Event::ChangesRequested(ChangesRequested {
            submission: submitted.submission,
            staff: reviewer.staff,
            reason,
            note,
            expires_at: submission::expiry(context),
        })]))
    }

    pub(super) fn refuse(
        &self,
        reviewer: &Reviewer,
        reason: ReasonCode,
        note: Option<Sealed>,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        let (submitted, _) = self.in_review("refuse", context)?;
        let (submission, staff) = (submitted.submission, reviewer.staff);
        Ok(Decision::events([Event::ProductionRefused(ProductionRefused {
            submission,
            staff,
            reason,
            note,
        })]))
    }

    pub(super) fn approve(
        &self,
        reviewer: &Reviewer,
        first_now: Option<&Reviewer>,
        evidence: &Evidence,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        reviewer.check()?;
        let (submitted, first) = self.in_review("approve", context)?;
        if evidence.hash() != submitted.evidence_hash {
            return Err(Rejection::EvidenceChanged);
        }
        let Submitted { submission, asked, evidence_hash, .. } = submitted.clone();
        // A first approver who could not approve any more is void: this approval is the first one anew.
        let staff = match first.filter(|first| independence::stands(first.staff, first_now)) {
            Some(first) if first.staff == reviewer.staff => return Err(Rejection::SameApprover),
            Some(first) => vec![first.staff, reviewer.staff],
            None if needs_two_approvers(asked.limits, context.policy) => {
                let first = FirstApprovalRecorded { submission, staff: reviewer.staff, evidence_hash };
                return Ok(Decision::events([Event::FirstApprovalRecorded(first)]));
            }
            None => vec![reviewer.staff],
        };
        Ok(Decision::events([Event::ProductionApproved(ProductionApproved {
            submission,
            staff,
            tier: asked.tier,
            limits: asked.limits,
            evidence_hash,
            policy_version: context.policy.version,
            approved_at: context.now,
        })]))
    }

    /// The submission under review, with its first approval.
    fn in_review(
        &self,
        attempt: &'static str,
        context: &Context<'_>,
    ) -> Result<(&Submitted, Option<&FirstApprovalRecorded>), Rejection> {
        match self {
            Self::InReview(_, submitted, first) => Ok((submitted, first.as_ref())),
            _ => Err(self.no_such_move(attempt, context)),
        }
    }

    /// Why staff can't make this move: the submission ended by time, or the state machine has no such move.
    fn no_such_move(&self, attempt: &'static str, context: &Context<'_>) -> Rejection {
        if self.is_due(context.now) { Rejection::SubmissionExpired } else { self.illegal(attempt) }
    }
}
