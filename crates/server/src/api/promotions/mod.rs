//! Promotions: what staff look at and decide.

pub mod approve;
pub mod get;
pub mod list;
pub mod refuse;
pub mod request_changes;
pub mod start_review;

use super::{
    checks::Checklist,
    contact::Contact,
    integrations::facts::{Lti, Rest},
    production_groups::{ProductionGroup, State},
    schemas,
    values::{Asked, ContactClass, Kind, Reason},
};
use crate::{
    extract::Body,
    portal::Portal,
    problem::{Problem, kinds},
    reads::PromotionView,
};
use app::{About, Done, review::Objection};
use chrono::{DateTime, Utc};
use domain::{
    ids::{ProdGroupId, StaffId},
    prodgroup::checklist,
};
use eventlog::StreamVersion;
use readmodel::{
    ReadModel,
    query::production::{ProdGroupRow, PromotionIntegration},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A promotion in the queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromotionItem {
    #[schema(value_type = schemas::ProdGroupId)]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    name: String,
    /// Public name of the vendor.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    vendor_name: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    /// What the checks saw at the submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

/// What the checks saw.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// SHA-256 in hex; both approvals bind to it.
    #[schema(min_length = 64, max_length = 64)]
    hash: String,
    group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<EvidenceContact>,
    /// Integrations with the declaration of facts that was checked.
    integrations: Vec<EvidenceIntegration>,
    checklist: Checklist,
}

/// The contact as it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceContact {
    #[schema(minimum = 1)]
    epoch: u32,
    class: ContactClass,
    proven_at: DateTime<Utc>,
}

/// An integration as it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceIntegration {
    #[schema(value_type = schemas::IntegrationId)]
    id: String,
    #[schema(minimum = 1)]
    facts_version: u32,
}

/// Everything staff look at before they decide.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    group: ProductionGroup,
    /// The account's contact as it is now.
    contact: Contact,
    /// Where customers find help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    support_url: Option<String>,
    /// The group's integrations as they are now.
    integrations: Vec<IntegrationUnderReview>,
    /// What the checks saw at the submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    /// Who began the review.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::StaffId>, nullable = false)]
    reviewer: Option<String>,
    /// Who gave the first of two approvals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schemas::StaffId>, nullable = false)]
    first_approver: Option<String>,
}

/// An integration under review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntegrationUnderReview {
    #[schema(value_type = schemas::IntegrationId)]
    id: String,
    /// Counts declarations; differs from the evidence when the facts changed since.
    #[schema(minimum = 1)]
    facts_version: u32,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    kinds: Vec<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    support_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lti: Option<Lti>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

/// Why staff send back or refuse.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Objecting {
    reason: Reason,
    /// More, in words to the vendor.
    #[schema(min_length = 1, max_length = 2000, example = "Please name a mailbox of your own domain.")]
    note: Option<String>,
}

/// Longest note in characters.
const NOTE_CHARS_MAX: usize = 2_000;

impl Body for Objecting {}

impl Objecting {
    fn parse(self) -> Result<Objection, Problem> {
        let mut fields = super::parse::Fields::default();
        let note = self.note.map(|note| fields.text("/note", &note, NOTE_CHARS_MAX));
        fields.finish(Some(Objection { reason: self.reason.into(), note }))
    }
}

impl PromotionItem {
    fn of(row: ProdGroupRow, now: DateTime<Utc>) -> Self {
        Self {
            state: row.state_at(now).into(),
            id: row.id.to_string(),
            name: row.name,
            vendor_name: row.vendor_name,
            submitted_at: row.submission.as_ref().map(|submission| submission.at),
            asked: row.asked.map(Asked::from),
            evidence: row.submission.map(|submission| Evidence::from(submission.evidence)),
        }
    }
}

impl Promotion {
    fn of(portal: &Portal, view: PromotionView) -> Self {
        let PromotionView { row, justification, note, contact } = view;
        let now = portal.clock.now();
        let submission = row.group.submission.clone();
        let named = |staff: Option<StaffId>| staff.map(|staff| staff.to_string());
        Self {
            contact: Contact::of(row.contact, &contact, now, portal.app.policy()).for_staff(),
            support_url: row.support_url,
            integrations: row.integrations.into_iter().map(IntegrationUnderReview::from).collect(),
            reviewer: named(submission.as_ref().and_then(|submission| submission.reviewer)),
            first_approver: named(submission.as_ref().and_then(|submission| submission.first_approver)),
            evidence: submission.map(|submission| Evidence::from(submission.evidence)),
            group: ProductionGroup::of(row.group, justification, note, now),
        }
    }

    /// The promotion as it is now, with the version of its group.
    async fn read(portal: &Portal, id: ProdGroupId) -> Result<(Self, StreamVersion), Problem> {
        let view = portal.promotion(portal.app.read(), id).await?;
        let view = view.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
        let version = view.row.group.version;
        Ok((Self::of(portal, view), version))
    }

    /// The promotion as a command left it.
    async fn after<T>(
        portal: &Portal,
        done: &Done<T>,
        id: ProdGroupId,
    ) -> Result<(Self, StreamVersion), Problem> {
        let query = async |read: &ReadModel| portal.promotion(read, id).await;
        let view = portal.show(done, About::ProdGroup(id), query).await?;
        let version = view.row.group.version;
        Ok((Self::of(portal, view), version))
    }
}

impl From<checklist::Evidence> for Evidence {
    fn from(evidence: checklist::Evidence) -> Self {
        let integration = |(id, facts_version): (_, u32)| EvidenceIntegration {
            id: domain::ids::IntegrationId::to_string(&id),
            facts_version,
        };
        Self {
            hash: evidence.hash(),
            group_name: evidence.group_name,
            contact: evidence.contact.map(|contact| EvidenceContact {
                epoch: contact.epoch,
                class: contact.class.into(),
                proven_at: contact.proven_at,
            }),
            integrations: evidence.integrations.into_iter().map(integration).collect(),
            checklist: evidence.checklist.into(),
        }
    }
}

impl From<PromotionIntegration> for IntegrationUnderReview {
    fn from(row: PromotionIntegration) -> Self {
        let facts = row.facts;
        Self {
            id: row.id.to_string(),
            facts_version: row.facts_version,
            name: facts.name,
            kinds: facts.kinds.into_iter().map(Kind::from).collect(),
            description: facts.description,
            hosts: facts.hosts,
            support_url: facts.support_url,
            lti: facts.lti.map(Lti::from),
            rest: facts.rest.map(Rest::from),
        }
    }
}
