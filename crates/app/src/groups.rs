//! Development groups.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    membership,
    meta::{Done, Meta},
    work::Work,
};
use domain::{
    developer::{self, Developer, Role},
    devgroup::{self, DevGroup},
    group::GroupRef,
    ids::{DevGroupId, DeveloperId},
    names,
};
use eventlog::StreamName;

/// Numbers tried behind a name that is taken.
const ALTERNATIVES_MAX: u32 = 9;

impl App {
    /// Makes a development group owned by `developer`.
    pub async fn create_group(
        &self,
        meta: Meta,
        developer: DeveloperId,
        name: String,
    ) -> Result<Done<DevGroupId>, AppError> {
        let ticket = self.ticket(meta);
        let group = DevGroupId::from_uuid(self.derived_id(&ticket, "development group"));
        let done = self.run(ticket, CreateGroup { group, owner: developer, name }).await?;
        Ok(done.with(group))
    }

    /// Gives a development group another name.
    pub async fn rename_group(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: DevGroupId,
        name: String,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), RenameGroup { group, by: developer, name }).await
    }
}

struct CreateGroup {
    group: DevGroupId,
    owner: DeveloperId,
    name: String,
}

impl UseCase for CreateGroup {
    fn main(&self) -> StreamName {
        DevGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut group = work.load::<DevGroup>(self.group).await?;
        let mut owner = work.load::<Developer>(self.owner).await?;
        work.acts_as(Some(Role::Owner));
        work.propose(numbered(&self.name));
        let role = Role::Owner;
        work.decide(
            &mut owner,
            developer::Command::JoinGroup { group: GroupRef::Development(self.group), role },
        )?;
        let (group_id, owner_id, name) = (self.group, self.owner, Some(self.name.clone()));
        work.decide(&mut group, devgroup::Command::Create { group: group_id, owner: owner_id, name })
    }
}

struct RenameGroup {
    group: DevGroupId,
    by: DeveloperId,
    name: String,
}

impl UseCase for RenameGroup {
    fn main(&self) -> StreamName {
        DevGroup::stream_of(self.group)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut group = work.load::<DevGroup>(self.group).await?;
        work.acts_as(membership::role_in_group(&group, self.by));
        work.propose(numbered(&self.name));
        let (group_id, by, name) = (self.group, self.by, self.name.clone());
        work.decide(&mut group, devgroup::Command::Rename { group: group_id, by, name })
    }
}

/// The name with a number behind it, as far as that is a name a development group may have.
pub(crate) fn numbered(name: &str) -> Vec<String> {
    let with_number = |number| names::check_development(&format!("{name} {number}")).ok();
    (2..=ALTERNATIVES_MAX).filter_map(with_number).collect()
}
