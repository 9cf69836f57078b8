//! `DELETE /v1/integrations/{integration}/secrets/{secret}`

use super::Integration;
use crate::{
    api::{answer, schemas},
    extract::{Call, Developer},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::{IntegrationId, SecretId};

/// End a REST secret; the very next call with it is refused.
#[utoipa::path(
    delete, path = "/v1/integrations/{integration}/secrets/{secret}", operation_id = "revoke_secret",
    tag = "integrations",
    params(
        ("integration" = schemas::IntegrationId, Path, description = "Which integration."),
        ("secret" = schemas::SecretId, Path, description = "Which of its secrets."),
    ),
    responses((status = 200, description = "The integration without it.", body = Integration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    path: Path<(IntegrationId, SecretId)>,
) -> Result<HttpResponse, Problem> {
    let (integration, secret) = path.into_inner();
    let done = portal.app.revoke_secret(call.bare_meta(), me.0, integration, secret).await?;
    let row = Integration::after(&portal, &done, integration, me.0).await?;
    Ok(answer::changed(&portal, &done, row.version, &Integration::from(row)))
}
