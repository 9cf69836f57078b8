//! `POST /v1/staff/gateways/{gateway}/retirement`

use super::Gateway;
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

/// Dismiss a gateway for good, and with it all its credentials.
#[utoipa::path(
    post, path = "/v1/staff/gateways/{gateway}/retirement", operation_id = "retire_gateway", tag = "gateways",
    request_body = Empty,
    params(("gateway" = schemas::GatewayId, Path, description = "Which gateway.")),
    responses((status = 200, description = "The gateway, retired.", body = Gateway))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    gateway: Path<GatewayId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.retire_gateway(call.meta(&request), me.0, *gateway).await?;
    let row = Gateway::after(&portal, &done, *gateway).await?;
    Ok(answer::changed(&portal, &done, row.version, &Gateway::from(row)))
}
