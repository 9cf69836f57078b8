//! Customer sites of a group, as its members see them.

use super::{Listed, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    roster::{SiteId, SiteUrl},
};
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;

/// A site that takes a place in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRow {
    /// Which.
    pub site: SiteId,
    /// Where it is.
    pub url: Option<SiteUrl>,
    /// What it uses; nothing any more while its place is not free yet.
    pub uses: Vec<SiteUse>,
    /// When its place will be free; none while it uses something.
    pub frees_at: Option<DateTime<Utc>>,
}

/// An integration that a site uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct SiteUse {
    /// Which.
    pub integration: IntegrationId,
    /// Since when, in this group.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub registered_at: DateTime<Utc>,
}

impl ReadModel {
    /// The sites that take places in a group at `now`, when the developer has access to it.
    pub async fn sites_of(
        &self,
        group: GroupRef,
        developer: DeveloperId,
        now: DateTime<Utc>,
        page: Page,
    ) -> Result<Listed<SiteRow>, QueryError> {
        let rows = sqlx::query(sql::GROUP_SITES)
            .bind(group.to_string())
            .bind(developer.to_string())
            .bind(now.timestamp_millis())
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("place")?, site_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }
}

fn site_row(row: &SqliteRow) -> Result<SiteRow, QueryError> {
    let row = Columns(row);
    Ok(SiteRow {
        site: row.parsed("site")?,
        url: row.optional_parsed("url")?,
        uses: row.json("uses")?,
        frees_at: row.optional_instant("frees_at")?,
    })
}
