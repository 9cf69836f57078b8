//! `GET /v1/groups/{group}/shares`

use super::shares::PartedCalls;
use crate::{
    api::{answer, schemas},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::group::GroupRef;

/// How the calls of a group of either kind are parted, with the version that a change must name.
#[utoipa::path(
    get, path = "/v1/groups/{group}/shares", operation_id = "get_shares", tag = "allowances",
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The shares.", body = PartedCalls))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    group: Path<GroupRef>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let row = portal.app.read().group_allowance_of(*group, me.0).await?;
    let row = row.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    Ok(answer::versioned(&portal, row.allowed.version, &PartedCalls::of(&portal, &row)))
}
