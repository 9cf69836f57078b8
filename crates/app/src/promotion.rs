//! Production groups and their promotion: what the vendor does.

use crate::{
    App,
    accounts::opened,
    aggregate::Aggregate as _,
    dossier,
    error::AppError,
    execute::UseCase,
    membership,
    meta::{Done, Meta},
    sealing::Field,
    work::Work,
};
use domain::{
    developer::Developer,
    devgroup::DevGroup,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, ProdAccountId, ProdGroupId, SubmissionId},
    integration::Integration,
    prodaccount::{self, Account, ProdAccount},
    prodgroup::{self, Asked, KnownNames, ProdGroup, checklist::Evidence},
};
use eventlog::StreamName;
use std::collections::BTreeSet;

/// Integrations whose names may be the product in a production name; more are not looked at.
const KNOWN_NAMES_MAX: usize = 200;

impl App {
    /// Drafts the production group of an account.
    pub async fn draft_group(
        &self,
        meta: Meta,
        developer: DeveloperId,
        account: ProdAccountId,
        name: String,
    ) -> Result<Done<ProdGroupId>, AppError> {
        let ticket = self.ticket(meta);
        let group = ProdGroupId::from_uuid(self.derived_id(&ticket, "production group"));
        let done = self.run(ticket, DraftGroup { group, account, by: developer, name }).await?;
        Ok(done.with(group))
    }

    /// Gives a production group another name.
    pub async fn rename_production_group(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: ProdGroupId,
        name: String,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), Rename { group, by: developer, name }).await
    }

    /// Says which limits are wanted, and why.
    pub async fn ask_limits(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: ProdGroupId,
        asked: Asked,
        justification: String,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), AskLimits { group, by: developer, asked, justification }).await
    }

    /// What the machine checks say now.
    pub async fn checklist(&self, developer: DeveloperId, group: ProdGroupId) -> Result<Evidence, AppError> {
        let mut work = Work::query(&self.inner);
        let (_, role) = membership::production(&mut work, developer, group).await?;
        if role.is_none() {
            return Err(prodgroup::Rejection::NotYours.into());
        }
        Ok(dossier::open(&mut work, group).await?.evidence(&work))
    }

    /// Hands the group in for review.
    pub async fn submit(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: ProdGroupId,
    ) -> Result<Done<()>, AppError> {
        let ticket = self.ticket(meta);
        let submission = SubmissionId::from_uuid(self.derived_id(&ticket, "submission"));
        self.run(ticket, Submit { group, by: developer, submission }).await
    }

    /// Takes the submission back.
    pub async fn withdraw(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: ProdGroupId,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), Withdraw { group, by: developer }).await
    }
}

struct DraftGroup {
    group: ProdGroupId,
    account: ProdAccountId,
    by: DeveloperId,
    name: String,
}

impl UseCase for DraftGroup {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut group = work.load::<ProdGroup>(self.group).await?;
        let mut account = work.load::<ProdAccount>(self.account).await?;
        work.acts_as(membership::role_in(&account, self.by));
        work.decide(&mut account, prodaccount::Command::OpenGroup { by: self.by, group: self.group })?;
        let known = known_names(work, self.by, opened(&account)?, &BTreeSet::new()).await?;
        work.propose(products(&known));
        let command = prodgroup::Command::Draft {
            group: self.group,
            account: self.account,
            role: membership::role_in(&account, self.by),
            name: self.name.clone(),
            known,
        };
        work.decide(&mut group, command)
    }
}

struct Rename {
    group: ProdGroupId,
    by: DeveloperId,
    name: String,
}

impl UseCase for Rename {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut group = work.load::<ProdGroup>(self.group).await?;
        let facts = group.group().ok_or(prodgroup::Rejection::NotYours)?;
        let account = work.load::<ProdAccount>(facts.account).await?;
        let role = membership::role_in(&account, self.by);
        work.acts_as(role);
        let known = known_names(work, self.by, opened(&account)?, &facts.integrations).await?;
        work.propose(products(&known));
        work.decide(&mut group, prodgroup::Command::Rename { role, name: self.name.clone(), known })
    }
}

/// The names a production name may consist of: the vendor's, those of the group's integrations, and those of
/// the integrations in the asking developer's groups. Names that change meanwhile change nothing here.
async fn known_names(
    work: &Work<'_>,
    by: DeveloperId,
    account: &Account,
    in_group: &BTreeSet<IntegrationId>,
) -> Result<KnownNames, AppError> {
    let mut ids = in_group.clone();
    if let Developer::Active(active) = &*work.peek::<Developer>(by).await? {
        for group in active.groups.keys() {
            if let GroupRef::Development(group) = group
                && let DevGroup::Active(group) = &*work.peek::<DevGroup>(*group).await?
            {
                ids.extend(&group.integrations);
            }
        }
    }
    let mut integrations = Vec::new();
    for id in ids.into_iter().take(KNOWN_NAMES_MAX) {
        if let Integration::Live(live) = &*work.peek::<Integration>(id).await? {
            integrations.push(live.facts.name.clone());
        }
    }
    Ok(KnownNames { vendor: account.vendor_name.clone(), integrations })
}

/// `Company - Product` for every product.
fn products(known: &KnownNames) -> Vec<String> {
    known.integrations.iter().map(|product| format!("{} - {product}", known.vendor)).collect()
}

struct AskLimits {
    group: ProdGroupId,
    by: DeveloperId,
    asked: Asked,
    justification: String,
}

impl UseCase for AskLimits {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut group = work.load::<ProdGroup>(self.group).await?;
        let facts = group.group().ok_or(prodgroup::Rejection::NotYours)?;
        let account = work.load::<ProdAccount>(facts.account).await?;
        let role = membership::role_in(&account, self.by);
        work.acts_as(role);
        let subject = opened(&account)?.subject;
        let justification = work.sealer().seal(subject, Field::Justification, &self.justification).await?;
        work.decide(&mut group, prodgroup::Command::AskLimits { role, asked: self.asked, justification })
    }
}

struct Submit {
    group: ProdGroupId,
    by: DeveloperId,
    submission: SubmissionId,
}

impl UseCase for Submit {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut dossier = dossier::open(work, self.group).await?;
        let role = membership::role_in(&dossier.account, self.by);
        work.acts_as(role);
        let command = prodgroup::Command::Submit {
            by: self.by,
            role,
            submission: self.submission,
            evidence: dossier.evidence(work),
        };
        work.decide(&mut dossier.group, command)
    }
}

struct Withdraw {
    group: ProdGroupId,
    by: DeveloperId,
}

impl UseCase for Withdraw {
    fn main(&self) -> StreamName {
        ProdGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (mut group, role) = membership::production(work, self.by, self.group).await?;
        work.decide(&mut group, prodgroup::Command::Withdraw { role })
    }
}
