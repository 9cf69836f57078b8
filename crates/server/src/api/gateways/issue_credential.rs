//! `POST /v1/staff/gateways/{gateway}/credentials`

use super::ShownCredential;
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
use domain::ids::GatewayId;

/// Give a gateway another credential; the old one goes on until it is revoked.
#[utoipa::path(
    post, path = "/v1/staff/gateways/{gateway}/credentials", operation_id = "issue_gateway_credential",
    tag = "gateways", request_body = Empty,
    params(("gateway" = schemas::GatewayId, Path, description = "Which gateway.")),
    responses((status = 201, description = "The credential, shown this once.", body = ShownCredential))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    gateway: Path<GatewayId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.issue_gateway_credential(call.meta(&request), me.0, *gateway).await?;
    let place = (format!("/v1/staff/gateways/{gateway}"), done.version);
    Ok(answer::created(&portal, &done, place, &ShownCredential::from(&done.value)))
}
