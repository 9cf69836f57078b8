//! Development groups.

use super::{Listed, Member, Page, QueryError, allowance::Allowed, sql};
use crate::{ReadModel, columns::Columns};
use domain::{
    developer::Role,
    group::GroupRef,
    ids::{DevGroupId, DeveloperId, IntegrationId},
};
use eventlog::StreamVersion;
use sqlx::sqlite::SqliteRow;

/// A development group as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Which.
    pub id: DevGroupId,
    /// Current name.
    pub name: String,
    /// Whether it is its owner's personal default group.
    pub personal: bool,
    /// Role of the asking developer.
    pub role: Role,
    /// Everybody in it.
    pub members: Vec<Member>,
    /// Its integrations, oldest first, at most 100; the list of integrations has them all.
    pub integrations: Vec<IntegrationId>,
    /// What it may use.
    pub allowed: Allowed,
    /// Of the group's stream.
    pub version: StreamVersion,
}

impl ReadModel {
    /// A developer's role in a group of either kind; none for strangers.
    pub async fn role_in(&self, group: GroupRef, developer: DeveloperId) -> Result<Option<Role>, QueryError> {
        let row = sqlx::query(sql::GROUP_ROLE)
            .bind(group.to_string())
            .bind(developer.to_string())
            .fetch_optional(&self.pool()?)
            .await?;
        row.as_ref().map(|row| Columns(row).word("role")).transpose()
    }

    /// Ids and names of what is in a group of either kind, the oldest 500. The caller has made sure that the
    /// asking person may see the group.
    pub async fn integration_names(&self, group: GroupRef) -> Result<Vec<(String, String)>, QueryError> {
        let rows = sqlx::query(sql::GROUP_INTEGRATION_NAMES)
            .bind(group.to_string())
            .fetch_all(&self.pool()?)
            .await?;
        rows.iter().map(|row| Ok((Columns(row).text("id")?, Columns(row).text("name")?))).collect()
    }

    /// The development groups a developer is a member of.
    pub async fn groups_of(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<GroupRow>, QueryError> {
        let rows = sqlx::query(sql::GROUPS_OF)
            .bind(developer.to_string())
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("position")?, group_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }

    /// One development group, when the developer is a member of it.
    pub async fn group(
        &self,
        id: DevGroupId,
        developer: DeveloperId,
    ) -> Result<Option<GroupRow>, QueryError> {
        let row = sqlx::query(sql::GROUP)
            .bind(id.to_string())
            .bind(developer.to_string())
            .fetch_optional(&self.pool()?)
            .await?;
        row.as_ref().map(group_row).transpose()
    }
}

fn group_row(row: &SqliteRow) -> Result<GroupRow, QueryError> {
    let row = Columns(row);
    Ok(GroupRow {
        id: row.parsed("id")?,
        name: row.text("name")?,
        personal: row.flag("personal")?,
        role: row.word("role")?,
        members: row.json("members")?,
        integrations: row.json("integrations")?,
        allowed: Allowed::of(&row, row.json("limits")?, None)?,
        version: row.version()?,
    })
}
