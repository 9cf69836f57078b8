//! `PUT /v1/integrations/{integration}/secrets/{secret}/test-mode`

use super::{Integration, TestMode};
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
use domain::ids::{IntegrationId, SecretId};
use serde::Deserialize;
use utoipa::ToSchema;

/// How calls with the secret are to be answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answering {
    mode: TestMode,
}

impl Body for Answering {}

/// Have calls with a secret answered as if the limit were near or passed, to see what a program makes of it; in
/// development only, until it is turned off or the integration moves into a production group.
#[utoipa::path(
    put, path = "/v1/integrations/{integration}/secrets/{secret}/test-mode", operation_id = "set_test_mode",
    tag = "integrations", request_body = Answering,
    params(
        ("integration" = schemas::IntegrationId, Path, description = "Which integration."),
        ("secret" = schemas::SecretId, Path, description = "Which of its secrets."),
    ),
    responses((status = 200, description = "The integration with the secret's mode.", body = Integration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    path: Path<(IntegrationId, SecretId)>,
    request: Json<Answering>,
) -> Result<HttpResponse, Problem> {
    let (integration, secret) = path.into_inner();
    let mode = request.body.mode.into();
    let done = portal.app.set_test_mode(call.meta(&request), me.0, integration, secret, mode).await?;
    let row = Integration::after(&portal, &done, integration, me.0).await?;
    Ok(answer::changed(&portal, &done, row.version, &Integration::from(row)))
}
