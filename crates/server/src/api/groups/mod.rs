//! Development groups.

pub mod create;
pub mod get;
pub mod list;
pub mod rename;
pub mod timeline;

use super::{
    schemas,
    values::{Limits, MemberOf, Role},
};
use crate::{portal::Portal, problem::Problem};
use app::{About, Done};
use chrono::{DateTime, Utc};
use domain::ids::{DevGroupId, DeveloperId};
use readmodel::{ReadModel, query::group::GroupRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A development group as one of its members sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    #[schema(value_type = schemas::DevGroupId)]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    name: String,
    /// Whether it is its owner's personal default group.
    personal: bool,
    /// Role of whoever asks.
    role: Role,
    #[schema(min_items = 1)]
    members: Vec<MemberOf>,
    /// Oldest first, at most 100; the list of integrations has them all.
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
}

impl Group {
    /// The group as it is at an instant.
    fn of(row: GroupRow, now: DateTime<Utc>) -> Self {
        let in_force = row.allowed.at(now);
        Self {
            id: row.id.to_string(),
            name: row.name,
            personal: row.personal,
            role: row.role.into(),
            members: row.members.into_iter().map(MemberOf::from).collect(),
            integrations: row.integrations.iter().map(ToString::to_string).collect(),
            limits: in_force.limits.into(),
            limits_until: in_force.until,
            suspended_since: in_force.suspended,
        }
    }

    /// The group as a command left it.
    async fn after<T>(
        portal: &Portal,
        done: &Done<T>,
        id: DevGroupId,
        developer: DeveloperId,
    ) -> Result<GroupRow, Problem> {
        let query = async |read: &ReadModel| Ok(read.group(id, developer).await?);
        portal.show(done, About::DevGroup(id), query).await
    }
}

/// A name, as typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Up to three parts between " - ", such as `Company - Product - Team`.
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    pub name: String,
}

impl crate::extract::Body for Named {}
