//! `GET /v1/production-groups/{group}`

use super::ProductionGroup;
use crate::{
    api::{answer, schemas},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;

/// A production group of an account one belongs to.
#[utoipa::path(
    get, path = "/v1/production-groups/{group}", operation_id = "get_production_group", tag = "production groups",
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The group.", body = ProductionGroup))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    group: Path<ProdGroupId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let (group, version) = ProductionGroup::read(&portal, *group, me.0).await?;
    Ok(answer::versioned(&portal, version, &group))
}
