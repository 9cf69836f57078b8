//! `GET /gateway/authorize`

use crate::{
    gateway::{self, Dialect},
    problem::Problem,
};
use actix_web::{HttpRequest, HttpResponse};

/// May this call pass? Told in status, headers and body.
///
/// For Envoy (ext_authz over HTTP), Traefik and Caddy (forward_auth) and HAProxy. The call is counted when it may
/// pass, and only then. Asked with whatever method the call has, and at any path below this one, it is answered
/// alike.
#[utoipa::path(
    get, path = "/gateway/authorize", operation_id = "authorize", tag = "gateway",
    responses((status = 200, description = "It may; it is counted."))
)]
pub(crate) async fn handle(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(gateway::handle(&request, Dialect::Full).await)
}
