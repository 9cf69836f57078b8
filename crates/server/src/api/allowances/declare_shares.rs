//! `PUT /v1/groups/{group}/shares`

use super::shares::{DeclaredShares, PartedCalls};
use crate::{
    api::{answer, schemas},
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::group::GroupRef;
use readmodel::ReadModel;

/// Part the calls of a group among its integrations.
#[utoipa::path(
    put, path = "/v1/groups/{group}/shares", operation_id = "declare_shares", tag = "allowances",
    request_body = DeclaredShares,
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The shares.", body = PartedCalls))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    group: Path<GroupRef>,
    request: Json<DeclaredShares>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.declare_shares(meta, me.0, *group, request.body.parse()?).await?;
    let query = async |read: &ReadModel| Ok(read.group_allowance_of(*group, me.0).await?);
    let row = portal.show(&done, (*group).into(), query).await?;
    Ok(answer::changed(&portal, &done, row.allowed.version, &PartedCalls::of(&portal, &row)))
}
