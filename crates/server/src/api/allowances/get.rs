//! `GET /v1/staff/groups/{group}`

use super::GroupAllowance;
use crate::{
    api::{answer, schemas},
    extract::query::NoQuery,
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::group::GroupRef;

/// What a group of either kind may use.
#[utoipa::path(
    get, path = "/v1/staff/groups/{group}", operation_id = "get_group_allowance", tag = "allowances",
    params(("group" = schemas::GroupId, Path, description = "Which group.")),
    responses((status = 200, description = "What it may use.", body = GroupAllowance))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    group: Path<GroupRef>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let (allowance, version) = GroupAllowance::read(&portal, *group).await?;
    Ok(answer::versioned(&portal, version, &allowance))
}
