//! Handing a production group in: the limits asked for, the submission, and its end by withdrawal or time.

use super::{Event, Group, ProdGroup, Rejection, checklist::Evidence};
use crate::{
    decider::{Context, Decision},
    group::Limits,
    ids::{DeveloperId, SubjectId, SubmissionId},
    policy::{Policy, Tier},
    sealed::{Sealed, Subjects},
};
use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

/// The limits a vendor asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Named size, or custom.
    pub tier: Tier,
    /// The numbers (of the tier at the time of asking, or custom).
    pub limits: Limits,
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

/// The deadline passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionExpired {
    /// Which submission.
    pub submission: SubmissionId,
}

impl Subjects for LimitsAsked {
    fn subjects(&self) -> Vec<SubjectId> {
        vec![self.justification.subject]
    }
}
impl Subjects for Submitted {}
impl Subjects for Withdrawn {}
impl Subjects for SubmissionExpired {}

pub(super) fn ask(
    asked: Asked,
    justification: Sealed,
    policy: &Policy,
) -> Result<Decision<Event>, Rejection> {
    let in_range = match asked.tier {
        Tier::Development => asked.limits == policy.development,
        Tier::Standard => asked.limits == policy.standard,
        Tier::Large => asked.limits == policy.large,
        Tier::Custom => is_custom_size(asked.limits, policy),
    };
    if !in_range {
        return Err(Rejection::LimitsOutOfRange);
    }
    Ok(Decision::events([Event::LimitsAsked(LimitsAsked { asked, justification })]))
}

/// Calls and sites of its own, no fewer than in development; window and partition are those of the large tier.
fn is_custom_size(limits: Limits, policy: &Policy) -> bool {
    let Limits { calls, window_s, window, sites, partition } = limits;
    let least = policy.development;
    let same_window = window_s == policy.large.window_s && window == policy.large.window;
    let same_count = same_window && partition == policy.large.partition;
    calls > 0 && sites > 0 && calls >= least.calls && sites >= least.sites && same_count
}

/// The deadline of a submission or of an answer to staff: so many days after the decision.
pub(super) fn expiry(context: &Context<'_>) -> DateTime<Utc> {
    let life = Days::new(context.policy.submission_life_days.into());
    context.now.checked_add_days(life).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl ProdGroup {
    /// When the submission ends unless somebody acts: staff on a submission that waits, the vendor on a request
    /// for changes. A review under way has no deadline of its own.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Submitted(_, submitted) => Some(submitted.expires_at),
            Self::ChangesRequested(_, _, changes) => Some(changes.expires_at),
            Self::Absent
            | Self::Draft(_)
            | Self::InReview(..)
            | Self::Approved(..)
            | Self::Refused(..)
            | Self::Withdrawn(_)
            | Self::Expired(_) => None,
        }
    }

    /// Whether the submission has ended by time, recorded or not; it stands until, but not at, its deadline.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.due_at().is_some_and(|due_at| now >= due_at)
    }

    /// The open submission.
    pub fn submission(&self) -> Option<&Submitted> {
        match self {
            Self::Submitted(_, submitted)
            | Self::InReview(_, submitted, _)
            | Self::ChangesRequested(_, submitted, _) => Some(submitted),
            Self::Absent
            | Self::Draft(_)
            | Self::Approved(..)
            | Self::Refused(..)
            | Self::Withdrawn(_)
            | Self::Expired(_) => None,
        }
    }

    pub(super) fn submit(
        &self,
        by: DeveloperId,
        submission: SubmissionId,
        evidence: Evidence,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        // A submission that ended unrecorded is recorded first; the new one then follows as from `expired`.
        let expired = self.submission().filter(|_| self.is_due(context.now)).map(expired);
        let group = self.submittable(expired.is_some())?;
        let red = evidence.checklist.blocking().count();
        if red > 0 {
            return Err(Rejection::ChecklistRed { red, checklist: evidence.checklist });
        }
        let asked = group.asked.as_ref().ok_or(Rejection::NoLimitsAsked)?.asked;
        let submitted = Event::Submitted(Submitted {
            submission,
            by,
            asked,
            evidence_hash: evidence.hash(),
            evidence: evidence.recorded(),
            expires_at: expiry(context),
        });
        Ok(Decision::events(expired.into_iter().chain([submitted])))
    }

    /// The group, when it may be handed in.
    fn submittable(&self, has_expired: bool) -> Result<&Group, Rejection> {
        match self {
            Self::Absent => Err(Rejection::NotYours),
            Self::Submitted(group, _) if has_expired => Ok(group),
            Self::Submitted(..) | Self::InReview(..) | Self::Approved(..) => Err(self.illegal("submit")),
            Self::Draft(group)
            | Self::ChangesRequested(group, ..)
            | Self::Refused(group, _)
            | Self::Withdrawn(group)
            | Self::Expired(group) => Ok(group),
        }
    }

    pub(super) fn withdraw(&self) -> Result<Decision<Event>, Rejection> {
        let submission = self.submission().ok_or_else(|| self.illegal("withdraw"))?.submission;
        Ok(Decision::events([Event::Withdrawn(Withdrawn { submission })]))
    }

    pub(super) fn expire(&self, now: DateTime<Utc>) -> Result<Decision<Event>, Rejection> {
        let submitted = self.submission().ok_or_else(|| self.illegal("expire"))?;
        if !self.is_due(now) {
            return Err(Rejection::NotDue);
        }
        Ok(Decision::events([expired(submitted)]))
    }
}

fn expired(submitted: &Submitted) -> Event {
    Event::SubmissionExpired(SubmissionExpired { submission: submitted.submission })
}
