//! Promotion: what staff do.

use crate::{
    App,
    accounts::opened,
    aggregate::Aggregate as _,
    dossier::{self, Dossier},
    error::AppError,
    execute::UseCase,
    meta::{Done, Meta, word},
    sealing::Field,
    work::Work,
};
use domain::{
    ids::{ProdGroupId, StaffId},
    prodgroup::{self, ProdGroup, ReasonCode, Reviewer},
    sealed::Sealed,
    staff::{self, Enrolled, Staff},
};
use eventlog::StreamName;

/// Why staff send back or refuse.
#[derive(Clone)]
pub struct Objection {
    /// Which rule it fails.
    pub reason: ReasonCode,
    /// More, in words to the vendor.
    pub note: Option<String>,
}

impl App {
    /// Staff begin to look at a submission.
    pub async fn start_review(
        &self,
        meta: Meta,
        staff: StaffId,
        group: ProdGroupId,
    ) -> Result<Done<()>, AppError> {
        self.review(meta, staff, group, Verdict::Start).await
    }

    /// Staff send a submission back.
    pub async fn request_changes(
        &self,
        meta: Meta,
        staff: StaffId,
        group: ProdGroupId,
        objection: Objection,
    ) -> Result<Done<()>, AppError> {
        self.review(meta, staff, group, Verdict::RequestChanges(objection)).await
    }

    /// Staff grant what was asked for; above the large tier the second approval does.
    pub async fn approve(
        &self,
        meta: Meta,
        staff: StaffId,
        group: ProdGroupId,
    ) -> Result<Done<()>, AppError> {
        self.review(meta, staff, group, Verdict::Approve).await
    }

    /// Staff refuse for good.
    pub async fn refuse(
        &self,
        meta: Meta,
        staff: StaffId,
        group: ProdGroupId,
        objection: Objection,
    ) -> Result<Done<()>, AppError> {
        self.review(meta, staff, group, Verdict::Refuse(objection)).await
    }

    async fn review(
        &self,
        meta: Meta,
        staff: StaffId,
        group: ProdGroupId,
        verdict: Verdict,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), Review { group, staff, verdict }).await
    }
}

enum Verdict {
    Start,
    RequestChanges(Objection),
    Approve,
    Refuse(Objection),
}

struct Review {
    group: ProdGroupId,
    staff: StaffId,
    verdict: Verdict,
}

impl UseCase for Review {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut dossier = dossier::open(work, self.group).await?;
        let reviewer = self.reviewer(work, &dossier).await?;
        let command = match &self.verdict {
            Verdict::Start => prodgroup::Command::StartReview { reviewer },
            Verdict::RequestChanges(objection) => {
                let (reason, note) = self.objection(work, &dossier, objection).await?;
                prodgroup::Command::RequestChanges { reviewer, reason, note }
            }
            Verdict::Approve => {
                let first = first_approver(work, &dossier).await?;
                prodgroup::Command::Approve { reviewer, first, evidence: dossier.evidence(work) }
            }
            Verdict::Refuse(objection) => {
                let (reason, note) = self.objection(work, &dossier, objection).await?;
                prodgroup::Command::Refuse { reviewer, reason, note }
            }
        };
        work.decide(&mut dossier.group, command)
    }
}

impl Review {
    async fn reviewer(&self, work: &mut Work<'_>, dossier: &Dossier) -> Result<Reviewer, AppError> {
        let staff = work.load::<Staff>(self.staff).await?;
        let enrolled = match &*staff {
            Staff::Active(enrolled) => enrolled,
            Staff::Absent => return Err(staff::Rejection::NotEnrolled.into()),
            Staff::Gone(_) => return Err(staff::Rejection::HasLeft.into()),
        };
        work.authority(word(&enrolled.role));
        Ok(judged(self.staff, enrolled, dossier))
    }

    /// The reason goes into the envelope as well, where every decision of staff has one; the note is sealed
    /// for the vendor.
    async fn objection(
        &self,
        work: &mut Work<'_>,
        dossier: &Dossier,
        objection: &Objection,
    ) -> Result<(ReasonCode, Option<Sealed>), AppError> {
        work.reason(word(&objection.reason));
        let subject = opened(&dossier.account)?.subject;
        let note = match &objection.note {
            Some(note) => Some(work.sealer().seal(subject, Field::Note, note).await?),
            None => None,
        };
        Ok((objection.reason, note))
    }
}

/// Whoever gave the first of two approvals, as they are now; none once they have left.
async fn first_approver(work: &mut Work<'_>, dossier: &Dossier) -> Result<Option<Reviewer>, AppError> {
    let ProdGroup::InReview(_, _, Some(first)) = &*dossier.group else {
        return Ok(None);
    };
    Ok(match &*work.load::<Staff>(first.staff).await? {
        Staff::Active(enrolled) => Some(judged(first.staff, enrolled, dossier)),
        Staff::Absent | Staff::Gone(_) => None,
    })
}

/// A member of staff with what their independence of the account is judged by.
fn judged(staff: StaffId, enrolled: &Enrolled, dossier: &Dossier) -> Reviewer {
    Reviewer {
        staff,
        role: enrolled.role,
        email_fingerprint: enrolled.email_fingerprint,
        domain_fingerprint: enrolled.domain_fingerprint,
        own_developers: enrolled.own_developers.clone(),
        people: dossier.people(),
    }
}
