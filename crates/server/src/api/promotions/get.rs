//! `GET /v1/staff/promotions/{group}`

use super::Promotion;
use crate::{
    api::{answer, schemas},
    extract::query::NoQuery,
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;

/// A promotion with everything a decision needs.
#[utoipa::path(
    get, path = "/v1/staff/promotions/{group}", operation_id = "get_promotion", tag = "promotions",
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The promotion.", body = Promotion))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    group: Path<ProdGroupId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let (promotion, version) = Promotion::read(&portal, *group).await?;
    Ok(answer::versioned(&portal, version, &promotion))
}
