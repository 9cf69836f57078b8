//! Gateways as staff see them.

use super::{Listed, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{
    gateway::Settings,
    ids::{GatewayCredentialId, GatewayId},
};
use eventlog::StreamVersion;
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;

/// A gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRow {
    /// Which.
    pub id: GatewayId,
    /// Its name.
    pub name: String,
    /// How it is treated.
    pub settings: Settings,
    /// Its live credentials, oldest first.
    pub credentials: Vec<GatewayCredentialRow>,
    /// When it was dismissed; none while it may ask.
    pub retired_at: Option<DateTime<Utc>>,
    /// Of the gateway's stream.
    pub version: StreamVersion,
}

/// A live credential, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayCredentialRow {
    /// Which.
    pub id: GatewayCredentialId,
    /// Its last four characters.
    pub last_four: String,
    /// When it was issued.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub issued_at: DateTime<Utc>,
}

impl ReadModel {
    /// All gateways.
    pub async fn gateways(&self, page: Page) -> Result<Listed<GatewayRow>, QueryError> {
        let query = sqlx::query(sql::GATEWAYS).bind(page.after_key()).bind(page.fetch());
        let rows = query.fetch_all(&self.pool()?).await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("position")?, gateway_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }

    /// One gateway.
    pub async fn gateway(&self, id: GatewayId) -> Result<Option<GatewayRow>, QueryError> {
        let row = sqlx::query(sql::GATEWAY).bind(id.to_string()).fetch_optional(&self.pool()?).await?;
        row.as_ref().map(gateway_row).transpose()
    }
}

fn gateway_row(row: &SqliteRow) -> Result<GatewayRow, QueryError> {
    let row = Columns(row);
    Ok(GatewayRow {
        id: row.parsed("id")?,
        name: row.text("name")?,
        settings: row.json("settings")?,
        credentials: row.json("credentials")?,
        retired_at: row.optional_instant("retired_at")?,
        version: row.version()?,
    })
}
