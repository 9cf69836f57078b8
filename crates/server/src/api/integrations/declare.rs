//! `PUT /v1/integrations/{integration}`

use super::{Integration, facts::DeclaredFacts};
use crate::{
    api::{answer, parse, schemas},
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::IntegrationId;

/// Replace the whole of what is said of an integration.
#[utoipa::path(
    put, path = "/v1/integrations/{integration}", operation_id = "declare_integration", tag = "integrations",
    params(("integration" = schemas::IntegrationId, Path, description = "Which integration.")),
    request_body = DeclaredFacts,
    responses((status = 200, description = "The integration as declared.", body = Integration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    integration: Path<IntegrationId>,
    request: Json<DeclaredFacts>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let (facts, notes) = parse::facts(request.body)?;
    let done = portal.app.declare_facts(meta, me.0, *integration, facts).await?;
    let row = Integration::after(&portal, &done, *integration, me.0).await?;
    Ok(answer::changed(&portal, &done, row.version, &Integration::from(row).noted(notes)))
}
