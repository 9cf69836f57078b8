//! `GET /v1/production-groups/{group}/checklist`

use crate::{
    api::{answer, checks::Checklist, schemas},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;

/// What the machine checks say now.
#[utoipa::path(
    get, path = "/v1/production-groups/{group}/checklist", operation_id = "get_checklist",
    tag = "production groups",
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The checks.", body = Checklist))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    group: Path<ProdGroupId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let evidence = portal.app.checklist(me.0, *group).await?;
    Ok(answer::plain(&Checklist::from(evidence.checklist)))
}
