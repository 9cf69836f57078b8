//! Production groups: for the members of their account, and for staff as promotions.

use super::{Listed, Page, QueryError, account, account::ContactRow, allowance::Allowed, sql};
use crate::{ReadModel, columns::Columns, promotion::PromotionState};
use chrono::{DateTime, Utc};
use domain::{
    developer::Role,
    ids::{DeveloperId, IntegrationId, ProdAccountId, ProdGroupId, StaffId, SubmissionId},
    integration::facts::Facts,
    policy::Tier,
    prodgroup::{Asked, ReasonCode, checklist::Evidence},
    sealed::Sealed,
};
use eventlog::StreamVersion;
use sqlx::sqlite::SqliteRow;

/// A production group with its promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProdGroupRow {
    /// Which.
    pub id: ProdGroupId,
    /// Whose.
    pub account: ProdAccountId,
    /// Public name of the vendor.
    pub vendor_name: String,
    /// Current name.
    pub name: String,
    /// Phase as last recorded; [`state_at`](Self::state_at) also knows of a deadline that passed since.
    pub state: PromotionState,
    /// Role of the asking developer in the account; none when staff ask.
    pub role: Option<Role>,
    /// Its integrations, oldest first, at most 100.
    pub integrations: Vec<IntegrationId>,
    /// What it may use.
    pub allowed: Allowed,
    /// Named size granted.
    pub tier: Option<Tier>,
    /// What is asked for.
    pub asked: Option<Asked>,
    /// Why.
    pub justification: Option<Sealed>,
    /// The newest submission.
    pub submission: Option<SubmissionRow>,
    /// When submission or request for changes expires if nobody acts.
    pub expires_at: Option<DateTime<Utc>>,
    /// What staff answered, while changes are requested or after a refusal.
    pub answer: Option<Answer>,
    /// When production was granted.
    pub approved_at: Option<DateTime<Utc>>,
    /// Of the group's stream.
    pub version: StreamVersion,
}

/// A submission for review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionRow {
    /// Which.
    pub id: SubmissionId,
    /// Who handed it in.
    pub by: DeveloperId,
    /// When.
    pub at: DateTime<Utc>,
    /// What the checks saw.
    pub evidence: Evidence,
    /// Who began the review.
    pub reviewer: Option<StaffId>,
    /// Who gave the first of two approvals.
    pub first_approver: Option<StaffId>,
}

/// Why staff sent back or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which rule it fails.
    pub reason: ReasonCode,
    /// More.
    pub note: Option<Sealed>,
}

/// Everything staff look at before they decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionRow {
    /// The group.
    pub group: ProdGroupRow,
    /// The account's contact as it is now.
    pub contact: ContactRow,
    /// Where customers find help.
    pub support_url: Option<String>,
    /// The group's integrations as they are now, oldest first, at most 100.
    pub integrations: Vec<PromotionIntegration>,
}

/// An integration under review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionIntegration {
    /// Which.
    pub id: IntegrationId,
    /// What is said of it.
    pub facts: Facts,
    /// How often the facts were declared; differs from the evidence when they changed since.
    pub facts_version: u32,
}

impl ProdGroupRow {
    /// Phase at an instant: a deadline ends a submission whether or not that was recorded yet.
    pub fn state_at(&self, now: DateTime<Utc>) -> PromotionState {
        match self.expires_at {
            Some(expires_at) if expires_at <= now => PromotionState::Expired,
            Some(_) | None => self.state,
        }
    }
}

impl ReadModel {
    /// The production groups of all accounts a developer is a member of.
    pub async fn prod_groups_of(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<ProdGroupRow>, QueryError> {
        let rows = sqlx::query(sql::PROD_GROUPS_OF)
            .bind(developer.to_string())
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("position")?, prod_group_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }

    /// One production group, when the developer is a member of its account.
    pub async fn prod_group(
        &self,
        id: ProdGroupId,
        developer: DeveloperId,
    ) -> Result<Option<ProdGroupRow>, QueryError> {
        let row = sqlx::query(sql::PROD_GROUP)
            .bind(id.to_string())
            .bind(developer.to_string())
            .fetch_optional(&self.pool()?)
            .await?;
        row.as_ref().map(prod_group_row).transpose()
    }

    /// For staff: every group that was ever submitted, in the order of their newest submissions; `state`
    /// narrows it to one phase, as it is at `now`.
    pub async fn promotions(
        &self,
        state: Option<PromotionState>,
        now: DateTime<Utc>,
        page: Page,
    ) -> Result<Listed<ProdGroupRow>, QueryError> {
        let rows = sqlx::query(sql::PROMOTIONS)
            .bind(state.map(PromotionState::as_str))
            .bind(now.timestamp_millis())
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| Ok((Columns(row).key("submitted_position")?, prod_group_row(row)?)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }

    /// For the worker that records deadlines: groups whose submission, or request for changes, has ended by time
    /// without that being recorded; the longest overdue first, at most 100.
    pub async fn overdue(&self, now: DateTime<Utc>) -> Result<Vec<ProdGroupId>, QueryError> {
        let rows = sqlx::query(sql::OVERDUE).bind(now.timestamp_millis()).fetch_all(&self.pool()?).await?;
        rows.iter().map(|row| Columns(row).parsed("id")).collect()
    }

    /// For staff: one group that was ever submitted, with what a decision needs.
    pub async fn promotion(&self, id: ProdGroupId) -> Result<Option<PromotionRow>, QueryError> {
        // One snapshot for both statements, so that facts and evidence are of one instant.
        let mut tx = self.pool()?.begin().await?;
        let row = sqlx::query(sql::PROMOTION).bind(id.to_string()).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(None) };
        let integrations =
            sqlx::query(sql::PROMOTION_INTEGRATIONS).bind(id.to_string()).fetch_all(&mut *tx).await?;
        let columns = Columns(&row);
        Ok(Some(PromotionRow {
            group: prod_group_row(&row)?,
            contact: account::contact_row(&columns)?,
            support_url: columns.optional_text("support_url")?,
            integrations: integrations
                .iter()
                .map(|row| {
                    let row = Columns(row);
                    Ok(PromotionIntegration {
                        id: row.parsed("id")?,
                        facts: row.json("facts")?,
                        facts_version: row.number("facts_version")?,
                    })
                })
                .collect::<Result<_, QueryError>>()?,
        }))
    }
}

fn prod_group_row(row: &SqliteRow) -> Result<ProdGroupRow, QueryError> {
    let row = Columns(row);
    let answer = match row.optional_word("reason")? {
        None => None,
        Some(reason) => Some(Answer { reason, note: row.optional_json("note")? }),
    };
    let state: PromotionState = row.parsed("state")?;
    let submission = submission_row(&row)?;
    let approved = submission.as_ref().filter(|_| state == PromotionState::Approved);
    let approval = approved.map(|submission| submission.id);
    Ok(ProdGroupRow {
        id: row.parsed("id")?,
        account: row.parsed("account")?,
        vendor_name: row.text("vendor_name")?,
        name: row.text("name")?,
        state,
        role: row.optional_word("role")?,
        integrations: row.json("integrations")?,
        allowed: Allowed::of(&row, row.json("limits")?, approval)?,
        tier: row.optional_word("tier")?,
        asked: row.optional_json("asked")?,
        justification: row.optional_json("justification")?,
        submission,
        expires_at: row.optional_instant("expires_at")?,
        answer,
        approved_at: row.optional_instant("approved_at")?,
        version: row.version()?,
    })
}

fn submission_row(row: &Columns<'_>) -> Result<Option<SubmissionRow>, QueryError> {
    let Some(id) = row.optional_parsed("submission")? else { return Ok(None) };
    Ok(Some(SubmissionRow {
        id,
        by: row.parsed("submitted_by")?,
        at: row.instant("submitted_at")?,
        evidence: row.json("evidence")?,
        reviewer: row.optional_parsed("reviewer")?,
        first_approver: row.optional_parsed("first_approver")?,
    }))
}
