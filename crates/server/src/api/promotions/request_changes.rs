//! `POST /v1/staff/promotions/{group}/changes-request`

use super::{Objecting, Promotion};
use crate::{
    api::{answer, schemas},
    extract::{Call, Json, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdGroupId;

/// Send a submission back to its vendor.
#[utoipa::path(
    post, path = "/v1/staff/promotions/{group}/changes-request", operation_id = "request_changes", tag = "promotions",
    request_body = Objecting,
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The promotion, changes requested.", body = Promotion))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<ProdGroupId>,
    request: Json<Objecting>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.request_changes(meta, me.0, *group, request.body.parse()?).await?;
    let (promotion, version) = Promotion::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &promotion))
}
