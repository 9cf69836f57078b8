//! `DELETE /v1/staff/gateways/{gateway}/credentials/{credential}`

use super::Gateway;
use crate::{
    api::{answer, schemas},
    extract::{Call, Staff},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::{GatewayCredentialId, GatewayId};

/// End a credential; the very next request with it is refused.
#[utoipa::path(
    delete, path = "/v1/staff/gateways/{gateway}/credentials/{credential}",
    operation_id = "revoke_gateway_credential", tag = "gateways",
    params(
        ("gateway" = schemas::GatewayId, Path, description = "Which gateway."),
        ("credential" = schemas::GatewayCredentialId, Path, description = "Which of its credentials."),
    ),
    responses((status = 200, description = "The gateway without it.", body = Gateway))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Staff,
    call: Call,
    path: Path<(GatewayId, GatewayCredentialId)>,
) -> Result<HttpResponse, Problem> {
    let (gateway, credential) = path.into_inner();
    let done = portal.app.revoke_gateway_credential(call.bare_meta(), me.0, gateway, credential).await?;
    let row = Gateway::after(&portal, &done, gateway).await?;
    Ok(answer::changed(&portal, &done, row.version, &Gateway::from(row)))
}
