//! `GET /v1/notices`

use crate::{
    api::{
        answer::{self, PageOf},
        schemas,
    },
    extract::{Developer, PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use readmodel::query::notice::NoticeRow;
use serde::Serialize;
use utoipa::ToSchema;

/// Something the members of a group are told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Place in the portal's log.
    #[schema(minimum = 1)]
    position: u64,
    #[schema(value_type = schemas::GroupId)]
    group: String,
    at: DateTime<Utc>,
    /// What happened: `usagewatch.threshold_reached`, `allowance.limits_set`, `allowance.granted`,
    /// `allowance.grant_ended`, `allowance.suspended`, `allowance.resumed`, `prodgroup.production_approved`,
    /// `roster.nearly_full`, `roster.refused`.
    #[serde(rename = "type")]
    #[schema(example = "usagewatch.threshold_reached")]
    event_type: String,
    /// What is worth knowing of it, by name. Of a threshold, `limit_of` says which limit: `group`, `owner` (all
    /// development groups of one's account together), `organisation` (all of one's organisation), or `share` (that of
    /// an `integration` in the calls of its group).
    #[schema(value_type = Object, additional_properties = true)]
    data: serde_json::Map<String, serde_json::Value>,
}

/// What the groups one belongs to are told, newest first: thresholds of 50, 80, 90 and 100 % of each limit, once a
/// window and again when the limit is raised or lowered, places for customer sites that run out, and what staff set.
/// From 80 % on owners get a mail as well, of production groups every owner of the account; 50 % stands here only. Of
/// windows shorter than an hour a threshold is told once an hour, and mailed once a day.
#[utoipa::path(
    get, path = "/v1/notices", operation_id = "list_notices", tag = "quota", params(Paging),
    responses((status = 200, description = "A page of notices.", body = PageOf<Notice>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let listed = portal.app.read().notices_of(me.0, query.page()?).await?;
    Ok(answer::plain(&PageOf::of(listed, Notice::from)))
}

impl From<NoticeRow> for Notice {
    fn from(row: NoticeRow) -> Self {
        Self {
            position: row.position.0,
            group: row.group.to_string(),
            at: row.at,
            event_type: row.event_type,
            data: row.data,
        }
    }
}
