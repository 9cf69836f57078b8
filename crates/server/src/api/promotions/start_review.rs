//! `POST /v1/staff/promotions/{group}/review`

use super::Promotion;
use crate::{
    api::{answer, schemas, values::Empty},
    extract::{Call, Json, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;

/// Begin to look at a submission.
#[utoipa::path(
    post, path = "/v1/staff/promotions/{group}/review", operation_id = "start_review", tag = "promotions",
    request_body = Empty,
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The promotion, in review.", body = Promotion))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<ProdGroupId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.start_review(call.meta(&request), me.0, *group).await?;
    let (promotion, version) = Promotion::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &promotion))
}
