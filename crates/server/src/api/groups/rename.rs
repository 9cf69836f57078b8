//! `PATCH /v1/groups/{group}`

use super::{Group, Named};
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
use domain::ids::DevGroupId;

/// Give a development group another name.
#[utoipa::path(
    patch, path = "/v1/groups/{group}", operation_id = "rename_group", tag = "groups", request_body = Named,
    params(("group" = schemas::DevGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The group with its name.", body = Group))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    group: Path<DevGroupId>,
    request: Json<Named>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.rename_group(meta, me.0, *group, request.body.name).await?;
    let row = Group::after(&portal, &done, *group, me.0).await?;
    Ok(answer::changed(&portal, &done, row.version, &Group::of(row, portal.clock.now())))
}
