//! Production groups and their promotion, for the members of their account.

pub mod ask_limits;
pub mod checklist;
pub mod draft;
pub mod get;
pub mod list;
pub mod rename;
pub mod submit;
pub mod timeline;
pub mod withdraw;

use super::{
    schemas,
    values::{Asked, Limits, Reason, Role, Tier},
};
use crate::{
    portal::Portal,
    problem::{Problem, kinds},
    reads::ProdGroupView,
};
use app::{About, Done, sealing::Opened};
use chrono::{DateTime, Utc};
use domain::ids::{DeveloperId, ProdGroupId};
use eventlog::StreamVersion;
use readmodel::{
    PromotionState, ReadModel,
    query::production::{ProdGroupRow, SubmissionRow},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A production group with its promotion.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductionGroup {
    #[schema(value_type = schemas::ProdGroupId)]
    pub(super) id: String,
    #[schema(value_type = schemas::ProdAccountId)]
    account: String,
    /// Public name of the vendor.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    vendor_name: String,
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    name: String,
    state: State,
    /// Role of whoever asks; absent for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    /// Oldest first, at most 100.
    #[schema(value_type = Vec<schemas::IntegrationId>, max_items = 100)]
    integrations: Vec<String>,
    /// Limits in force.
    limits: Limits,
    /// Until when they hold by themselves: the end of a grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits_until: Option<DateTime<Utc>>,
    /// Since when every call is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_since: Option<DateTime<Utc>>,
    /// Named size granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
    /// What is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    /// Why it is asked for; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    /// The newest submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<Submission>,
    /// When submission or request for changes expires if nobody acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// What staff want changed, while it is the vendor's turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes_requested: Option<Objection>,
    /// Why staff refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Objection>,
    /// When production was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_at: Option<DateTime<Utc>>,
}

/// Phase of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PromotionState)]
pub enum State {
    /// Being prepared.
    Draft,
    /// Handed in, nobody looks yet.
    Submitted,
    /// Staff look at it.
    InReview,
    /// The vendor's turn.
    ChangesRequested,
    /// Released.
    Approved,
    /// Refused; may be submitted anew.
    Refused,
    /// Taken back; may be submitted anew.
    Withdrawn,
    /// Ran out; may be submitted anew.
    Expired,
}

/// A submission for review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    #[schema(value_type = schemas::SubmissionId)]
    id: String,
    #[schema(value_type = schemas::DeveloperId)]
    by: String,
    at: DateTime<Utc>,
    /// One of two approvals was given.
    awaits_second_approval: bool,
}

/// Why staff sent back or refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    reason: Reason,
    /// In words; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<PromotionState> for State {
    fn from(state: PromotionState) -> Self {
        match state {
            PromotionState::Draft => Self::Draft,
            PromotionState::Submitted => Self::Submitted,
            PromotionState::InReview => Self::InReview,
            PromotionState::ChangesRequested => Self::ChangesRequested,
            PromotionState::Approved => Self::Approved,
            PromotionState::Refused => Self::Refused,
            PromotionState::Withdrawn => Self::Withdrawn,
            PromotionState::Expired => Self::Expired,
        }
    }
}

impl ProductionGroup {
    /// A group with what is sealed in it, opened.
    pub(super) fn of(
        row: ProdGroupRow,
        justification: Option<Opened>,
        note: Option<Opened>,
        now: DateTime<Utc>,
    ) -> Self {
        let state = row.state_at(now);
        let in_force = row.allowed.at(now);
        let objection = row.answer.as_ref().map(|answer| Objection {
            reason: answer.reason.into(),
            note: note.map(|note| note.shown().to_owned()),
        });
        let (changes_requested, refused) = match state {
            PromotionState::Refused => (None, objection),
            _ => (objection, None),
        };
        Self {
            id: row.id.to_string(),
            account: row.account.to_string(),
            vendor_name: row.vendor_name,
            name: row.name,
            state: state.into(),
            role: row.role.map(Role::from),
            integrations: row.integrations.iter().map(ToString::to_string).collect(),
            limits: in_force.limits.into(),
            limits_until: in_force.until,
            suspended_since: in_force.suspended,
            tier: row.tier.map(Tier::from),
            asked: row.asked.map(Asked::from),
            justification: justification.map(|text| text.shown().to_owned()),
            submission: row.submission.as_ref().map(Submission::from),
            expires_at: row.expires_at,
            changes_requested,
            refused,
            approved_at: row.approved_at,
        }
    }

    fn of_view(portal: &Portal, view: ProdGroupView) -> Self {
        let ProdGroupView { row, justification, note } = view;
        Self::of(row, justification, note, portal.clock.now())
    }

    /// The group as it is now, with its version.
    async fn read(
        portal: &Portal,
        id: ProdGroupId,
        developer: DeveloperId,
    ) -> Result<(Self, StreamVersion), Problem> {
        let view = portal.prod_group(portal.app.read(), developer, id).await?;
        let view = view.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
        let version = view.row.version;
        Ok((Self::of_view(portal, view), version))
    }

    /// The group as a command left it.
    async fn after<T>(
        portal: &Portal,
        done: &Done<T>,
        id: ProdGroupId,
        developer: DeveloperId,
    ) -> Result<(Self, StreamVersion), Problem> {
        let query = async |read: &ReadModel| portal.prod_group(read, developer, id).await;
        let view = portal.show(done, About::ProdGroup(id), query).await?;
        let version = view.row.version;
        Ok((Self::of_view(portal, view), version))
    }
}

impl From<&SubmissionRow> for Submission {
    fn from(row: &SubmissionRow) -> Self {
        Self {
            id: row.id.to_string(),
            by: row.by.to_string(),
            at: row.at,
            awaits_second_approval: row.first_approver.is_some(),
        }
    }
}
