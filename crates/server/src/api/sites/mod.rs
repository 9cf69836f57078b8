//! Customer sites: which of them use which integrations.

pub mod list;
pub mod register;
pub mod release;
pub mod remove;

use super::schemas;
use crate::{portal::Portal, problem::Problem};
use app::{AppError, sites};
use chrono::{DateTime, Utc};
use domain::{ids::IntegrationId, roster};
use readmodel::{
    card::Card,
    query::site::{SiteRow, SiteUse},
};
use serde::Serialize;
use std::fmt::Write as _;
use utoipa::ToSchema;

/// A site that uses an integration, or has just ended using it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    #[schema(value_type = schemas::IntegrationId)]
    integration: String,
    #[schema(value_type = schemas::SiteId)]
    site: String,
    /// Where the integration lives.
    #[schema(value_type = schemas::GroupId)]
    group: String,
    /// After a release: until then the site's place stays taken; absent while it uses another integration of the
    /// group.
    #[serde(skip_serializing_if = "Option::is_none")]
    frees_at: Option<DateTime<Utc>>,
}

/// A site that takes a place in a group.
#[expect(clippy::struct_field_names, reason = "the field is what people call it")]
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    #[schema(value_type = schemas::SiteId)]
    site: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", max_length = 255)]
    url: Option<String>,
    /// What it uses; empty while its place is not free yet.
    integrations: Vec<SiteIntegration>,
    /// When its place will be free; absent while it uses something.
    #[serde(skip_serializing_if = "Option::is_none")]
    frees_at: Option<DateTime<Utc>>,
}

/// An integration that a site uses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteIntegration {
    #[schema(value_type = schemas::IntegrationId)]
    integration: String,
    /// Since when, in this group.
    registered_at: DateTime<Utc>,
}

/// Places for customer sites.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// Sites the group may have.
    limit: u32,
    /// Places taken.
    used: u32,
    /// Taken ones whose site uses nothing any more.
    cooling: u32,
    /// Sums that a new site must fit as well: over the development groups of the owner, and of the organisation.
    #[schema(max_items = 2)]
    ceilings: Vec<PlacesCeiling>,
}

/// A sum over several groups.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacesCeiling {
    scope: PlacesScope,
    limit: u32,
    used: u32,
}

/// Whose places are counted.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlacesScope {
    /// The group's own.
    Group,
    /// Those of all development groups of the owner.
    Owner,
    /// Those of all development groups of the organisation.
    Organisation,
}

impl From<roster::Scope> for PlacesScope {
    fn from(scope: roster::Scope) -> Self {
        match scope {
            roster::Scope::Group => Self::Group,
            roster::Scope::Owner => Self::Owner,
            roster::Scope::Organisation => Self::Organisation,
        }
    }
}

impl From<sites::Places> for Places {
    fn from(places: sites::Places) -> Self {
        let ceiling = |count: sites::Count| PlacesCeiling {
            scope: count.scope.into(),
            limit: count.limit,
            used: count.used,
        };
        Self {
            limit: places.own.limit,
            used: places.own.used,
            cooling: places.cooling,
            ceilings: places.ceilings.into_iter().map(ceiling).collect(),
        }
    }
}

impl From<SiteRow> for Site {
    fn from(row: SiteRow) -> Self {
        let integration = |used: SiteUse| SiteIntegration {
            integration: used.integration.to_string(),
            registered_at: used.registered_at,
        };
        Self {
            site: row.site.into(),
            url: row.url.map(String::from),
            integrations: row.uses.into_iter().map(integration).collect(),
            frees_at: row.frees_at,
        }
    }
}

/// What a customer is told who was refused: who is behind the integration as far as that is public, the limit,
/// and what to do.
async fn explained(portal: &Portal, integration: IntegrationId, error: AppError) -> Problem {
    let AppError::Roster(roster::Rejection::Full { limit, .. }) = error else { return error.into() };
    let problem = Problem::from(error);
    // Without the read model the rule itself has to do.
    let Ok(Some(view)) = portal.card(integration).await else { return problem };
    problem.detail(match view.card {
        Card::Development(_) => format!(
            "The integration is in development, and all {limit} places its developer has for customer sites are \
             taken. Ask the developer who gave you its ID to free a place, or to release the integration."
        ),
        Card::Released(card) => {
            let vendor = card.vendor_name;
            let contact = view.contact.map(|contact| format!(" ({})", contact.shown())).unwrap_or_default();
            format!(
                "All {limit} places that {vendor}{contact} has for customer sites are taken. Ask {vendor} to free \
                 a place or to have the limit raised, and register again."
            )
        }
    })
}

/// A site's id as a segment of a path.
fn segment(site: &str) -> String {
    let mut text = String::with_capacity(site.len());
    for byte in site.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a String has no way to fail.
            write!(text, "%{byte:02X}").unwrap_or_default();
        }
    }
    text
}
