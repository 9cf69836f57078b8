//! Promotion: what staff do.

use crate::{
    App,
    accounts::opened,
    aggregate::Aggregate as _,
    dossier::{self, Dossier},
    error::AppError,
    execute::UseCase,
    meta::{Done, Meta, word},
    reviewers,
    sealing::Field,
    work::Work,
};
use domain::{
    ids::{ProdGroupId, StaffId},
    prodgroup::{self, ProdGroup, ReasonCode},
    sealed::Sealed,
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
        let reviewer = reviewers::deciding(work, self.staff, dossier.people()).await?;
        let command = match &self.verdict {
            Verdict::Start => prodgroup::Command::StartReview { reviewer },
            Verdict::RequestChanges(objection) => {
                let (reason, note) = self.objection(work, &dossier, objection).await?;
                prodgroup::Command::RequestChanges { reviewer, reason, note }
            }
            Verdict::Approve => {
                let first = reviewers::first(work, first_approver(&dossier.group), dossier.people()).await?;
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

/// Whoever gave the first of two approvals.
fn first_approver(group: &ProdGroup) -> Option<StaffId> {
    match group {
        ProdGroup::InReview(_, _, first) => first.as_ref().map(|first| first.staff),
        _ => None,
    }
}
