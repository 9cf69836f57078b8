//! `POST /v1/staff/groups/{group}/resumption`

use super::{GroupAllowance, why::Why};
use crate::{
    api::{answer, schemas},
    extract::{Call, Json, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::group::GroupRef;

/// Let the calls of a suspended group pass again.
#[utoipa::path(
    post, path = "/v1/staff/groups/{group}/resumption", operation_id = "resume_group", tag = "allowances",
    request_body = Why,
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What the group may use again.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<GroupRef>,
    request: Json<Why>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.resume(meta, me.0, *group, request.body.parse()?).await?;
    let (allowance, version) = GroupAllowance::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &allowance))
}
