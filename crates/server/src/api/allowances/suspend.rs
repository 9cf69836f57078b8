//! `POST /v1/staff/groups/{group}/suspension`

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

/// Refuse every call of a group, from the very next one on; customers see since when.
#[utoipa::path(
    post, path = "/v1/staff/groups/{group}/suspension", operation_id = "suspend_group", tag = "allowances",
    request_body = Why,
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What the group may use: nothing.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<GroupRef>,
    request: Json<Why>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.suspend(meta, me.0, *group, request.body.parse()?).await?;
    let (allowance, version) = GroupAllowance::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &allowance))
}
