//! What groups of either kind may use.

use super::{QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{
    allowance::{
        Allowance, Base, GrantProposed, Granted, InForce, LimitsProposed, LimitsSet, ShadowSet, Share,
        Suspended, Terms,
    },
    group::{GroupRef, Limits},
    ids::{DeveloperId, ProdAccountId, SubmissionId},
    policy::Tier,
};
use eventlog::StreamVersion;
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;

/// What was set for a group, beside the limits it has by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// What it has by itself.
    pub base: Base,
    /// What was set.
    pub allowance: Allowance,
    /// Of the allowance's stream; 0 while nothing was ever set.
    pub version: StreamVersion,
}

/// A group of either kind, as far as what it may use goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAllowanceRow {
    /// Which.
    pub group: GroupRef,
    /// Current name.
    pub name: String,
    /// Named size granted; none in development.
    pub tier: Option<Tier>,
    /// Whose it is; none in development.
    pub account: Option<ProdAccountId>,
    /// Public name of the vendor; none in development.
    pub vendor_name: Option<String>,
    /// What it may use.
    pub allowed: Allowed,
}

/// One row of `allowance_shown`.
#[derive(Deserialize)]
struct Shown {
    version: u64,
    limits: Option<LimitsSet>,
    limits_proposal: Option<LimitsProposed>,
    grant: Option<Granted>,
    grant_proposal: Option<GrantProposed>,
    shadow: Option<ShadowSet>,
    suspended: Option<Suspended>,
    shares: Vec<Share>,
}

impl Allowed {
    /// What holds at an instant, whichever integrations are in the group.
    pub fn at(&self, now: DateTime<Utc>) -> InForce {
        self.allowance.in_force(self.base, now, |_| true)
    }

    pub(super) fn of(
        row: &Columns<'_>,
        limits: Limits,
        approval: Option<SubmissionId>,
    ) -> Result<Self, QueryError> {
        let (allowance, version) = set(row)?;
        Ok(Self { base: Base { limits, approval }, allowance, version })
    }
}

/// What the column `allowance` holds, and the version of its stream; it is null while nothing was ever set.
pub(super) fn set(row: &Columns<'_>) -> Result<(Allowance, StreamVersion), QueryError> {
    let shown: Option<Shown> = row.optional_json("allowance")?;
    let version = StreamVersion(shown.as_ref().map_or(0, |shown| shown.version));
    Ok((shown.map(Allowance::from).unwrap_or_default(), version))
}

impl From<Shown> for Allowance {
    fn from(shown: Shown) -> Self {
        let Shown { limits, limits_proposal, grant, grant_proposal, shadow, shares, .. } = shown;
        let terms = Terms { limits, limits_proposal, grant, grant_proposal, shadow, shares };
        match shown.suspended {
            Some(suspended) => Self::Suspended(terms, suspended),
            None => Self::Active(terms),
        }
    }
}

impl ReadModel {
    /// For staff: what any group may use.
    pub async fn group_allowance(&self, group: GroupRef) -> Result<Option<GroupAllowanceRow>, QueryError> {
        let query = sqlx::query(sql::GROUP_ALLOWANCE).bind(group.to_string());
        let row = query.fetch_optional(&self.pool()?).await?;
        row.as_ref().map(allowance_row).transpose()
    }

    /// What a group may use, when the developer has access to it.
    pub async fn group_allowance_of(
        &self,
        group: GroupRef,
        developer: DeveloperId,
    ) -> Result<Option<GroupAllowanceRow>, QueryError> {
        let row = sqlx::query(sql::GROUP_ALLOWANCE_OF)
            .bind(group.to_string())
            .bind(developer.to_string())
            .fetch_optional(&self.pool()?)
            .await?;
        row.as_ref().map(allowance_row).transpose()
    }

    /// For the worker that records deadlines: groups whose grant has ended by time without that being recorded;
    /// the longest overdue first, at most 100.
    pub async fn overdue_grants(&self, now: DateTime<Utc>) -> Result<Vec<GroupRef>, QueryError> {
        let query = sqlx::query(sql::OVERDUE_GRANTS).bind(now.timestamp_millis());
        let rows = query.fetch_all(&self.pool()?).await?;
        rows.iter().map(|row| Columns(row).parsed("group_id")).collect()
    }
}

fn allowance_row(row: &SqliteRow) -> Result<GroupAllowanceRow, QueryError> {
    let row = Columns(row);
    Ok(GroupAllowanceRow {
        group: row.parsed("id")?,
        name: row.text("name")?,
        tier: row.optional_word("tier")?,
        account: row.optional_parsed("account")?,
        vendor_name: row.optional_text("vendor_name")?,
        allowed: Allowed::of(&row, row.json("limits")?, row.optional_parsed("approval")?)?,
    })
}
