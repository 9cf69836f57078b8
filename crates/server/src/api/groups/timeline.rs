//! `GET /v1/groups/{group}/timeline`

use crate::{
    api::{
        answer::{self, PageOf},
        schemas,
        timeline::TimelineItem,
    },
    extract::{Call, PageQuery, query::Paging},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{actor::Actor, group::GroupRef};

/// What happened to a group of either kind, what was set for it, and what happened to its account, in order.
#[utoipa::path(
    get, path = "/v1/groups/{group}/timeline", operation_id = "get_group_timeline", tag = "groups",
    params(("group" = schemas::GroupId, Path, description = "Which group."), Paging),
    responses((status = 200, description = "A page of facts.", body = PageOf<TimelineItem>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    group: Path<GroupRef>,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let row = match call.actor {
        Actor::Developer(me, _) => portal.app.read().group_allowance_of(*group, me).await?,
        Actor::Staff(..) => portal.app.read().group_allowance(*group).await?,
        Actor::Gateway(_) | Actor::Anonymous | Actor::Operator | Actor::System => None,
    };
    let row = row.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    let names_staff = call.role.is_some();
    let listed = portal.group_timeline(row.group, row.account, page).await?;
    Ok(answer::plain(&PageOf::of(listed, |view| TimelineItem::of(view, names_staff))))
}
