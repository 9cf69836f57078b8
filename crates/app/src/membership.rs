//! Who may do what in a group of either kind, from the folds of the group and of the account behind it.

use crate::{
    App,
    error::AppError,
    work::{Loaded, Work},
};
use domain::{
    developer::{Developer, Role},
    devgroup::{self, DevGroup},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, ProdGroupId},
    integration::{Integration, Standing},
    prodaccount::ProdAccount,
    prodgroup::{self, ProdGroup},
};

/// Records that an integration comes into a group.
pub(crate) async fn admit(
    work: &mut Work<'_>,
    by: DeveloperId,
    group: GroupRef,
    integration: IntegrationId,
) -> Result<(), AppError> {
    match group {
        GroupRef::Development(id) => {
            let mut group = work.load::<DevGroup>(id).await?;
            work.acts_as(role_in_group(&group, by));
            work.decide(&mut group, devgroup::Command::AdmitIntegration { by, integration })
        }
        GroupRef::Production(id) => {
            let (mut group, role) = production(work, by, id).await?;
            work.decide(&mut group, prodgroup::Command::AdmitIntegration { role, integration })
        }
    }
}

/// Records that an integration leaves a group.
pub(crate) async fn release(
    work: &mut Work<'_>,
    by: DeveloperId,
    group: GroupRef,
    integration: IntegrationId,
    to: GroupRef,
) -> Result<(), AppError> {
    match group {
        GroupRef::Development(id) => {
            let mut group = work.load::<DevGroup>(id).await?;
            work.acts_as(role_in_group(&group, by));
            work.decide(&mut group, devgroup::Command::ReleaseIntegration { by, integration, to })
        }
        GroupRef::Production(id) => {
            let (mut group, role) = production(work, by, id).await?;
            work.decide(&mut group, prodgroup::Command::ReleaseIntegration { role, integration, to })
        }
    }
}

/// What a developer may do with an integration.
pub(crate) async fn standing(
    work: &mut Work<'_>,
    by: DeveloperId,
    integration: &Loaded<Integration>,
) -> Result<Standing, AppError> {
    let Integration::Live(live) = &**integration else {
        return Ok(Standing::Stranger);
    };
    let role = match live.group {
        GroupRef::Development(id) => role_in_group(&*work.load::<DevGroup>(id).await?, by),
        GroupRef::Production(id) => production(work, by, id).await?.1,
    };
    work.acts_as(role);
    Ok(standing_of(role))
}

/// What a role permits.
pub(crate) fn standing_of(role: Option<Role>) -> Standing {
    match role {
        Some(Role::Owner | Role::Admin) => Standing::MayChange,
        Some(Role::Member) => Standing::MayRead,
        None => Standing::Stranger,
    }
}

/// Whether an integration lives in a released production group.
pub(crate) async fn is_released(
    work: &mut Work<'_>,
    integration: &Loaded<Integration>,
) -> Result<bool, AppError> {
    let Integration::Live(live) = &**integration else {
        return Ok(false);
    };
    let GroupRef::Production(group) = live.group else {
        return Ok(false);
    };
    Ok(matches!(&*work.load::<ProdGroup>(group).await?, ProdGroup::Approved(..)))
}

/// A production group and the developer's role in its account.
pub(crate) async fn production(
    work: &mut Work<'_>,
    by: DeveloperId,
    group: ProdGroupId,
) -> Result<(Loaded<ProdGroup>, Option<Role>), AppError> {
    let group = work.load::<ProdGroup>(group).await?;
    let role = match group.group() {
        Some(facts) => role_in(&*work.load::<ProdAccount>(facts.account).await?, by),
        None => None,
    };
    work.acts_as(role);
    Ok((group, role))
}

/// A developer's role in a development group.
pub(crate) fn role_in_group(group: &DevGroup, by: DeveloperId) -> Option<Role> {
    match group {
        DevGroup::Active(active) => active.members.get(&by).copied(),
        DevGroup::Absent => None,
    }
}

/// A developer's role in a production account.
pub(crate) fn role_in(account: &ProdAccount, by: DeveloperId) -> Option<Role> {
    match account {
        ProdAccount::Open(account) => account.members.get(&by).copied(),
        ProdAccount::Absent | ProdAccount::Opening(_) => None,
    }
}

impl App {
    /// The group a developer got with the proof of the address.
    pub(crate) async fn personal_group(&self, developer: DeveloperId) -> Result<GroupRef, AppError> {
        let developer = self.inner.folds.aggregate::<Developer>(developer).await?.state;
        if let Developer::Active(active) = &*developer {
            for group in active.groups.keys() {
                if let GroupRef::Development(id) = group
                    && let DevGroup::Active(facts) =
                        &*self.inner.folds.aggregate::<DevGroup>(*id).await?.state
                    && facts.personal
                {
                    return Ok(*group);
                }
            }
        }
        Err(devgroup::Rejection::NotYours.into())
    }
}
