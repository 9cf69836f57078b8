//! What customers see of an integration.

use super::{QueryError, account, allowance, sql};
use crate::{
    ReadModel,
    card::{Card, CardFacts, Release, card},
    columns::Columns,
};
use chrono::{DateTime, Utc};
use domain::{allowance::Base, ids::IntegrationId};
use sqlx::sqlite::SqliteRow;

impl ReadModel {
    /// The card of an integration as it is at an instant; none when it is unknown or hidden.
    pub async fn card(&self, id: IntegrationId, now: DateTime<Utc>) -> Result<Option<Card>, QueryError> {
        let row = sqlx::query(sql::CARD).bind(id.to_string()).fetch_optional(&self.pool()?).await?;
        row.map(|row| Ok(card(card_facts(id, &row)?, now))).transpose()
    }
}

fn card_facts(integration: IntegrationId, row: &SqliteRow) -> Result<CardFacts, QueryError> {
    let row = Columns(row);
    let release = match row.optional_instant("approved_at")? {
        None => None,
        Some(since) => Some(Release {
            vendor_name: row.text("vendor_name")?,
            vendor_support_url: row.optional_text("support_url")?,
            group_name: row.text("group_name")?,
            contact: account::shown_contact(&row)?,
            tier: row.word("tier")?,
            base: Base { limits: row.json("limits")?, approval: row.optional_parsed("approval")? },
            since,
        }),
    };
    let (allowance, _) = allowance::set(&row)?;
    Ok(CardFacts { integration, facts: row.json("facts")?, release, allowance })
}
