//! `PATCH /v1/production-groups/{group}`

use super::ProductionGroup;
use crate::{
    api::{answer, schemas},
    extract::{Body, Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameProductionGroup {
    /// `Company`, `Product` or `Company - Product`.
    #[schema(min_length = 1, max_length = 100, example = "Acme - Attendance")]
    name: String,
}

impl Body for RenameProductionGroup {}

/// Give a production group another name; not while it is submitted or in review.
#[utoipa::path(
    patch, path = "/v1/production-groups/{group}", operation_id = "rename_production_group",
    tag = "production groups", request_body = RenameProductionGroup,
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The group with its name.", body = ProductionGroup))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    group: Path<ProdGroupId>,
    request: Json<RenameProductionGroup>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.rename_production_group(meta, me.0, *group, request.body.name).await?;
    let (group, version) = ProductionGroup::after(&portal, &done, *group, me.0).await?;
    Ok(answer::changed(&portal, &done, version, &group))
}
