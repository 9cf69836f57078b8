//! `POST /v1/staff/promotions/{group}/refusal`

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

/// Refuse a submission; a new one is possible.
#[utoipa::path(
    post, path = "/v1/staff/promotions/{group}/refusal", operation_id = "refuse_promotion", tag = "promotions",
    request_body = Objecting,
    params(("group" = schemas::ProdGroupId, Path, description = "Which group.")),
    responses((status = 200, description = "The promotion, refused.", body = Promotion))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    group: Path<ProdGroupId>,
    request: Json<Objecting>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.refuse(meta, me.0, *group, request.body.parse()?).await?;
    let (promotion, version) = Promotion::after(&portal, &done, *group).await?;
    Ok(answer::changed(&portal, &done, version, &promotion))
}
