//! A developer's own account.

use super::{QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{
    developer::Role,
    ids::{DevGroupId, DeveloperId, ProdAccountId},
    sealed::Sealed,
};
use eventlog::StreamVersion;
use serde::Deserialize;

/// A developer as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeveloperRow {
    /// Who.
    pub id: DeveloperId,
    /// Address.
    pub email: Sealed,
    /// Name as typed.
    pub name: Sealed,
    /// BCP 47 tag.
    pub locale: String,
    /// Terms accepted.
    pub terms_version: String,
    /// When the address was proven.
    pub proven_at: DateTime<Utc>,
    /// Development groups, oldest first, at most 100.
    pub groups: Vec<GroupMembership>,
    /// Production accounts, oldest first, at most 100.
    pub accounts: Vec<AccountMembership>,
    /// Of the developer's stream.
    pub version: StreamVersion,
}

/// Membership of a development group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct GroupMembership {
    /// Which group.
    pub id: DevGroupId,
    /// In which role.
    pub role: Role,
}

/// Membership of a production account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct AccountMembership {
    /// Which account.
    pub id: ProdAccountId,
    /// In which role.
    pub role: Role,
}

impl ReadModel {
    /// A developer's own account.
    pub async fn developer(&self, id: DeveloperId) -> Result<Option<DeveloperRow>, QueryError> {
        let row = sqlx::query(sql::DEVELOPER).bind(id.to_string()).fetch_optional(&self.pool()?).await?;
        row.map(|row| {
            let row = Columns(&row);
            Ok(DeveloperRow {
                id,
                email: row.json("email")?,
                name: row.json("name")?,
                locale: row.text("locale")?,
                terms_version: row.text("terms_version")?,
                proven_at: row.instant("proven_at")?,
                groups: row.json("groups")?,
                accounts: row.json("accounts")?,
                version: row.version()?,
            })
        })
        .transpose()
    }
}
