//! `DELETE /gateway/sites/{integration}/{site}`

use super::Registration;
use crate::{
    api::{answer, schemas},
    extract::Call,
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{ids::IntegrationId, roster::SiteId};

/// Release a customer site: an institution removes an integration there. Its place stays taken for a while.
#[utoipa::path(
    delete, path = "/gateway/sites/{integration}/{site}", operation_id = "release_site", tag = "sites",
    params(
        ("integration" = schemas::IntegrationId, Path, description = "Which integration."),
        ("site" = schemas::SiteId, Path, description = "Which site.")
    ),
    responses((status = 200, description = "The site uses the integration no more.", body = Registration))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    path: Path<(IntegrationId, SiteId)>,
) -> Result<HttpResponse, Problem> {
    let (integration, site) = path.into_inner();
    let done = portal.app.release_site(call.bare_meta(), integration, site.clone()).await?;
    let (integration, site, group) = (integration.to_string(), site.into(), done.value.group.to_string());
    let body = Registration { integration, site, group, frees_at: done.value.frees_at };
    Ok(answer::changed(&portal, &done, done.version, &body))
}
