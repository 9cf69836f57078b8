//! `DELETE /v1/staff/groups/{group}/shadow`

use super::GroupAllowance;
use crate::{
    api::{answer, schemas},
    extract::{Call, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::group::GroupRef;

/// Observe no limit any more.
#[utoipa::path(
    delete, path = "/v1/staff/groups/{group}/shadow", operation_id = "end_shadow", tag = "allowances",
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What the group may use.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<GroupRef>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.end_shadow(call.bare_meta(), me.0, *group).await?;
    let (allowance, version) = GroupAllowance::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &allowance))
}
