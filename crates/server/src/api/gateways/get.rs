//! `GET /v1/staff/gateways/{gateway}`

use super::Gateway;
use crate::{
    api::{answer, schemas},
    extract::query::NoQuery,
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::GatewayId;

/// A gateway and its live credentials.
#[utoipa::path(
    get, path = "/v1/staff/gateways/{gateway}", operation_id = "get_gateway", tag = "gateways",
    params(("gateway" = schemas::GatewayId, Path, description = "Which gateway.")),
    responses((status = 200, description = "The gateway.", body = Gateway))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    gateway: Path<GatewayId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let row = portal.app.read().gateway(*gateway).await?.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    Ok(answer::versioned(&portal, row.version, &Gateway::from(row)))
}
