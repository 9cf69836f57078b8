//! Integrations as their developers see them.

use super::{Listed, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{
    developer::Role,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, SecretId},
    integration::{TestMode, facts::Facts},
};
use eventlog::StreamVersion;
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;

/// An integration as a member of its group (or of its group's account) sees it. What it still lacks is
/// computed from the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationRow {
    /// Which.
    pub id: IntegrationId,
    /// Who registered it.
    pub owner: DeveloperId,
    /// Where it lives.
    pub group: GroupRef,
    /// Role of the asking developer there.
    pub role: Role,
    /// Whether its group is approved for production.
    pub released: bool,
    /// What is said of it.
    pub facts: Facts,
    /// How often the facts were declared, from 1.
    pub facts_version: u32,
    /// Its live secrets, oldest first.
    pub secrets: Vec<SecretRow>,
    /// Of the integration's stream.
    pub version: StreamVersion,
}

/// A REST key pair, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SecretRow {
    /// Id of the pair.
    pub id: SecretId,
    /// Public key.
    pub key: String,
    /// Last four characters of the secret.
    pub last_four: String,
    /// When it was issued.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub issued_at: DateTime<Utc>,
    /// How calls with it are answered.
    pub test_mode: TestMode,
}

impl ReadModel {
    /// The integrations in all groups a developer has access to.
    pub async fn integrations_of(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<IntegrationRow>, QueryError> {
        let rows = sqlx::query(sql::INTEGRATIONS_OF)
            .bind(developer.to_string())
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("position")?, integration_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }

    /// One integration, when the developer has access to its group.
    pub async fn integration(
        &self,
        id: IntegrationId,
        developer: DeveloperId,
    ) -> Result<Option<IntegrationRow>, QueryError> {
        let row = sqlx::query(sql::INTEGRATION)
            .bind(id.to_string())
            .bind(developer.to_string())
            .fetch_optional(&self.pool()?)
            .await?;
        row.as_ref().map(integration_row).transpose()
    }
}

fn integration_row(row: &SqliteRow) -> Result<IntegrationRow, QueryError> {
    let row = Columns(row);
    Ok(IntegrationRow {
        id: row.parsed("id")?,
        owner: row.parsed("owner")?,
        group: row.parsed("group_id")?,
        role: row.word("role")?,
        released: row.flag("released")?,
        facts: row.json("facts")?,
        facts_version: row.number("facts_version")?,
        secrets: row.json("secrets")?,
        version: row.version()?,
    })
}
