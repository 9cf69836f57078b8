//! What a group of either kind may use beside its tier: what staff set, and how its vendor parts it.

use crate::{
    App,
    accounts::opened,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    membership,
    meta::{Done, Meta, word},
    reviewers,
    sealing::Field,
    work::{Loaded, Work},
};
use domain::{
    allowance::{
        self, Allowance, Base, Command, GrantAsked, LimitsAsked, ReasonCode, Rejection, Share, Verdict,
    },
    developer::{Developer, Role},
    devgroup::{self, DevGroup},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, StaffId, SubjectId},
    independence::{People, Reviewer},
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
    sealed::Sealed,
};
use eventlog::StreamName;
use std::{collections::BTreeSet, num::NonZeroU32};

/// Why staff set something.
#[derive(Clone)]
pub struct Why {
    /// As a code.
    pub reason: ReasonCode,
    /// More, in words to the vendor.
    pub note: Option<String>,
}

impl App {
    /// Staff give a group limits of its own; above the large tier the second of two does.
    pub async fn set_limits(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
        asked: LimitsAsked,
        why: Why,
    ) -> Result<Done<()>, AppError> {
        self.decide_allowance(meta, staff, group, Step::SetLimits(asked, why)).await
    }

    /// Staff give a group other calls until an instant; above the large tier the second of two does.
    pub async fn grant(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
        asked: GrantAsked,
        why: Why,
    ) -> Result<Done<()>, AppError> {
        self.decide_allowance(meta, staff, group, Step::Grant(asked, why)).await
    }

    /// Staff have a limit observed that is not enforced.
    pub async fn set_shadow(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
        calls: NonZeroU32,
    ) -> Result<Done<()>, AppError> {
        self.decide_allowance(meta, staff, group, Step::SetShadow(calls)).await
    }

    /// Staff have no limit observed any more.
    pub async fn end_shadow(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
    ) -> Result<Done<()>, AppError> {
        self.decide_allowance(meta, staff, group, Step::EndShadow).await
    }

    /// Staff have every call of a group refused.
    pub async fn suspend(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
        why: Why,
    ) -> Result<Done<()>, AppError> {
        self.decide_allowance(meta, staff, group, Step::Suspend(why)).await
    }

    /// Staff let the calls of a group pass again.
    pub async fn resume(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
        why: Why,
    ) -> Result<Done<()>, AppError> {
        self.decide_allowance(meta, staff, group, Step::Resume(why)).await
    }

    /// The vendor parts a group's calls among its integrations.
    pub async fn declare_shares(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: GroupRef,
        shares: Vec<Share>,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), DeclareShares { group, by: developer, shares }).await
    }

    async fn decide_allowance(
        &self,
        meta: Meta,
        staff: StaffId,
        group: GroupRef,
        step: Step,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), Decide { group, staff, step }).await
    }
}

enum Step {
    SetLimits(LimitsAsked, Why),
    Grant(GrantAsked, Why),
    SetShadow(NonZeroU32),
    EndShadow,
    Suspend(Why),
    Resume(Why),
}

struct Decide {
    group: GroupRef,
    staff: StaffId,
    step: Step,
}

impl UseCase for Decide {
    fn main(&self) -> StreamName {
        Allowance::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut allowance = work.load::<Allowance>(self.group).await?;
        let file = File::open(work, self.group).await?;
        let reviewer = reviewers::deciding(work, self.staff, file.people.clone()).await?;
        let group = self.group;
        let command = match &self.step {
            Step::SetLimits(asked, why) => {
                let first = allowance.terms().and_then(|terms| terms.limits_proposal.as_ref());
                let first = first.map(|proposed| proposed.staff);
                let verdict = file.verdict(work, reviewer, first, why).await?;
                Command::SetLimits { group, base: file.base, asked: *asked, verdict }
            }
            Step::Grant(asked, why) => {
                let first = allowance.terms().and_then(|terms| terms.grant_proposal.as_ref());
                let first = first.map(|proposed| proposed.staff);
                let verdict = file.verdict(work, reviewer, first, why).await?;
                Command::Grant { group, base: file.base, asked: *asked, verdict }
            }
            Step::SetShadow(calls) => Command::SetShadow { group, reviewer, calls: *calls },
            Step::EndShadow => Command::EndShadow { group, reviewer },
            Step::Suspend(why) => {
                let (reason, note) = file.told(work, why).await?;
                Command::Suspend { group, reviewer, reason, note }
            }
            Step::Resume(why) => {
                let (reason, note) = file.told(work, why).await?;
                Command::Resume { group, reviewer, reason, note }
            }
        };
        work.decide(&mut allowance, command)
    }
}

/// What staff decide about a group by, whatever its kind.
struct File {
    base: Base,
    /// Everybody who decides must be independent of.
    people: People,
    /// Whose key seals what staff write.
    subject: SubjectId,
}

impl File {
    async fn open(work: &mut Work<'_>, group: GroupRef) -> Result<Self, AppError> {
        match group {
            GroupRef::Development(id) => {
                let group = work.load::<DevGroup>(id).await?;
                let group = active(&group)?;
                let people = reviewers::people_of_group(work, group).await?;
                let subject = owner_subject(work, group).await?;
                Ok(Self { base: group.into(), people, subject })
            }
            GroupRef::Production(id) => {
                let group = work.load::<ProdGroup>(id).await?;
                let (base, facts) = Base::of(&group).zip(group.group()).ok_or(Rejection::NotYours)?;
                let account = work.load::<ProdAccount>(facts.account).await?;
                let account = opened(&account)?;
                let people = reviewers::people_of_account(work, account).await?;
                Ok(Self { base, people, subject: account.subject })
            }
        }
    }

    async fn verdict(
        &self,
        work: &mut Work<'_>,
        reviewer: Reviewer,
        first: Option<StaffId>,
        why: &Why,
    ) -> Result<Verdict, AppError> {
        let first = reviewers::first(work, first, self.people.clone()).await?;
        let (reason, note) = self.told(work, why).await?;
        Ok(Verdict { reviewer, first, reason, note })
    }

    /// The reason goes into the envelope as well; the note is sealed for the vendor.
    async fn told(&self, work: &mut Work<'_>, why: &Why) -> Result<(ReasonCode, Option<Sealed>), AppError> {
        work.reason(word(&why.reason));
        let note = match &why.note {
            Some(note) => Some(work.sealer().seal(self.subject, Field::Note, note).await?),
            None => None,
        };
        Ok((why.reason, note))
    }
}

fn active(group: &Loaded<DevGroup>) -> Result<&devgroup::Active, AppError> {
    match &**group {
        DevGroup::Active(active) => Ok(active),
        DevGroup::Absent => Err(Rejection::NotYours.into()),
    }
}

/// The first owner of a development group, in order of ids.
async fn owner_subject(work: &mut Work<'_>, group: &devgroup::Active) -> Result<SubjectId, AppError> {
    for (member, role) in &group.members {
        if *role == Role::Owner
            && let Developer::Active(owner) = &*work.load::<Developer>(*member).await?
        {
            return Ok(owner.registered.subject);
        }
    }
    Err(Rejection::NotYours.into())
}

struct DeclareShares {
    group: GroupRef,
    by: DeveloperId,
    shares: Vec<Share>,
}

impl UseCase for DeclareShares {
    fn main(&self) -> StreamName {
        Allowance::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut allowance = work.load::<Allowance>(self.group).await?;
        let (base, role, integrations) = self.stand(work).await?;
        let (group, by, shares) = (self.group, self.by, self.shares.clone());
        let command = allowance::Command::DeclareShares { group, base, by, role, integrations, shares };
        work.decide(&mut allowance, command)
    }
}

impl DeclareShares {
    async fn stand(
        &self,
        work: &mut Work<'_>,
    ) -> Result<(Base, Option<Role>, BTreeSet<IntegrationId>), AppError> {
        match self.group {
            GroupRef::Development(id) => {
                let group = work.load::<DevGroup>(id).await?;
                let role = membership::role_in_group(&group, self.by);
                work.acts_as(role);
                let group = active(&group)?;
                Ok((group.into(), role, group.integrations.clone()))
            }
            GroupRef::Production(id) => {
                let (group, role) = membership::production(work, self.by, id).await?;
                let (base, facts) = Base::of(&group).zip(group.group()).ok_or(Rejection::NotYours)?;
                Ok((base, role, facts.integrations.clone()))
            }
        }
    }
}
