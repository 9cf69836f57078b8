//! `GET /v1/production-groups/{group}/timeline`

use crate::{
    api::{
        answer::{self, PageOf},
        schemas,
    },
    extract::{Call, PageQuery, query::Paging},
    portal::Portal,
    problem::{Problem, kinds},
    reads::TimelineView,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use chrono::{DateTime, Utc};
use domain::{actor::Actor, ids::ProdGroupId};
use serde::Serialize;
use utoipa::ToSchema;

/// One fact of the group's or its account's history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineItem {
    /// Place in the portal's log.
    #[schema(minimum = 1)]
    position: u64,
    at: DateTime<Utc>,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "prodgroup.submitted")]
    event_type: String,
    actor: TimelineActor,
    /// What is worth knowing of it, by name.
    #[schema(value_type = Object, additional_properties = true)]
    data: serde_json::Map<String, serde_json::Value>,
    /// What staff wrote; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Who did it. Vendors see that it was staff, not who of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineActor {
    /// `developer`, `staff`, `system`, …
    #[schema(example = "developer")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// What happened to a production group and its account, in order.
#[utoipa::path(
    get, path = "/v1/production-groups/{group}/timeline", operation_id = "get_timeline",
    tag = "production groups",
    params(("group" = schemas::ProdGroupId, Path, description = "Which group."), Paging),
    responses((status = 200, description = "A page of facts.", body = PageOf<TimelineItem>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    group: Path<ProdGroupId>,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let row = match call.actor {
        Actor::Developer(me, _) => portal.app.read().prod_group(*group, me).await?,
        Actor::Staff(..) => portal.app.read().promotion(*group).await?.map(|promotion| promotion.group),
        Actor::Gateway(_) | Actor::Anonymous | Actor::Operator | Actor::System => None,
    };
    let row = row.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    let names_staff = call.role.is_some();
    let listed = portal.prod_group_timeline(&row, page).await?;
    Ok(answer::plain(&PageOf::of(listed, |view| TimelineItem::of(view, names_staff))))
}

impl TimelineItem {
    fn of(view: TimelineView, names_staff: bool) -> Self {
        let TimelineView { row, note } = view;
        let is_named = !row.actor_id.is_empty() && (names_staff || row.actor_kind != "staff");
        Self {
            position: row.position.0,
            at: row.at,
            event_type: row.event_type,
            actor: TimelineActor { kind: row.actor_kind, id: is_named.then_some(row.actor_id) },
            data: row.data,
            note: note.map(|note| note.shown().to_owned()),
        }
    }
}
