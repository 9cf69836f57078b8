//! `POST /v1/integrations/{integration}/secrets`

use super::Credentials;
use crate::{
    api::{answer, schemas, values::Empty},
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path},
};
use domain::ids::IntegrationId;

/// Make another REST key pair.
#[utoipa::path(
    post, path = "/v1/integrations/{integration}/secrets", operation_id = "issue_secret", tag = "integrations",
    params(("integration" = schemas::IntegrationId, Path, description = "Which integration.")),
    request_body = Empty,
    responses((status = 201, description = "The pair; its secret is shown this once.", body = Credentials))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    integration: Path<IntegrationId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.issue_secret(call.meta(&request), me.0, *integration).await?;
    let mut response = answer::done(&portal, StatusCode::CREATED, &done);
    response.insert_header((header::LOCATION, format!("/v1/integrations/{integration}")));
    response.insert_header((header::ETAG, portal.etag(done.version)));
    Ok(response.json(Credentials::from(done.value)))
}
