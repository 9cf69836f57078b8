//! `GET /v1/integrations/{integration}`

use super::Integration;
use crate::{
    api::{answer, schemas},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::IntegrationId;

/// An integration of one of one's groups.
#[utoipa::path(
    get, path = "/v1/integrations/{integration}", operation_id = "get_integration", tag = "integrations",
    params(("integration" = schemas::IntegrationId, Path, description = "Which integration.")),
    responses((status = 200, description = "The integration.", body = Integration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    integration: Path<IntegrationId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let row = portal
        .app
        .read()
        .integration(*integration, me.0)
        .await?
        .ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    Ok(answer::versioned(&portal, row.version, &Integration::from(row)))
}
