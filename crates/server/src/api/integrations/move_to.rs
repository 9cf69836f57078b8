//! `POST /v1/integrations/{integration}/move`

use super::Integration;
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
use domain::{group::GroupRef, ids::IntegrationId};
use serde::Deserialize;
use utoipa::ToSchema;

/// Where it goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// A group of either kind.
    #[schema(value_type = schemas::GroupId)]
    group: GroupRef,
}

impl Body for Destination {}

/// Move an integration to another group; its ID stays.
#[utoipa::path(
    post, path = "/v1/integrations/{integration}/move", operation_id = "move_integration", tag = "integrations",
    params(("integration" = schemas::IntegrationId, Path, description = "Which integration.")),
    request_body = Destination,
    responses((status = 200, description = "The integration in its group.", body = Integration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    integration: Path<IntegrationId>,
    request: Json<Destination>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.move_integration(meta, me.0, *integration, request.body.group).await?;
    let row = Integration::after(&portal, &done, *integration, me.0).await?;
    Ok(answer::changed(&portal, &done, row.version, &Integration::from(row)))
}
