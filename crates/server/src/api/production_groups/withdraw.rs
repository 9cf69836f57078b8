//! `POST /v1/production-groups/{group}/withdrawal`

use super::ProductionGroup;
use crate::{
    api::{answer, schemas, values::Empty},
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;

/// Take the submission back.
#[utoipa::path(
    post, path = "/v1/production-groups/{group}/withdrawal", operation_id = "withdraw_production_group",
    tag = "production groups", request_body = Empty,
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The group, withdrawn.", body = ProductionGroup))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    group: Path<ProdGroupId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.withdraw(call.meta(&request), me.0, *group).await?;
    let (group, version) = ProductionGroup::after(&portal, &done, *group, me.0).await?;
    Ok(answer::changed(&portal, &done, version, &group))
}
