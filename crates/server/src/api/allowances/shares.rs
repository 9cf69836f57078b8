//! How a vendor parts the calls of a group among its integrations.

use super::declared;
use crate::{
    api::{schemas, values::Limits},
    extract::Body,
    portal::Portal,
    problem::{Problem, kinds},
};
use chrono::{DateTime, Utc};
use domain::{
    allowance::{self, parse},
    ids::IntegrationId,
};
use readmodel::query::allowance::GroupAllowanceRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a group's calls are parted, beside what it has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartedCalls {
    #[schema(value_type = schemas::GroupId)]
    group: String,
    /// Limits in force.
    limits: Limits,
    /// Until when they hold by themselves: the end of a grant, on which no reserve can be built.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits_until: Option<DateTime<Utc>>,
    /// Since when every call is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_since: Option<DateTime<Utc>>,
    /// Integrations without one draw on what nobody has reserved.
    #[schema(max_items = 20)]
    shares: Vec<ShareOfCalls>,
}

/// One integration's part of the group's calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareOfCalls {
    #[schema(value_type = schemas::IntegrationId)]
    integration: String,
    /// It never uses more of the group's calls than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    at_most: Option<u32>,
    /// Of the group's calls so many are nobody else's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    reserved: Option<u32>,
}

impl From<&allowance::Share> for ShareOfCalls {
    fn from(share: &allowance::Share) -> Self {
        let integration = share.integration.to_string();
        Self { integration, at_most: share.at_most, reserved: share.reserved }
    }
}

impl PartedCalls {
    pub(super) fn of(portal: &Portal, row: &GroupAllowanceRow) -> Self {
        let in_force = row.allowed.at(portal.clock.now());
        Self {
            group: row.group.to_string(),
            limits: in_force.limits.into(),
            limits_until: in_force.until,
            suspended_since: in_force.suspended,
            shares: row.allowed.allowance.terms().map(declared).unwrap_or_default(),
        }
    }
}

/// The whole of the shares, replacing the former; none at all parts nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredShares {
    #[schema(max_items = 20)]
    shares: Vec<DeclaredShare>,
}

/// One integration's part of the group's calls: a most, a reserve, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredShare {
    #[schema(value_type = schemas::IntegrationId)]
    integration: IntegrationId,
    /// It never uses more of the group's calls than this.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 8000)]
    at_most: Option<i64>,
    /// Of the group's calls so many are nobody else's.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 2000)]
    reserved: Option<i64>,
}

impl Body for DeclaredShares {}

impl DeclaredShares {
    pub(super) fn parse(self) -> Result<Vec<allowance::Share>, Problem> {
        let draft = |share: &DeclaredShare| parse::DraftShare {
            integration: share.integration,
            at_most: share.at_most,
            reserved: share.reserved,
        };
        let drafts: Vec<_> = self.shares.iter().map(draft).collect();
        parse::shares(&drafts).map_err(|errors| Problem::new(&kinds::FIELDS).fields(errors))
    }
}
