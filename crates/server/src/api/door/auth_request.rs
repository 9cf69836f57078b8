//! `GET /gateway/auth-request`

use crate::{
    gateway::{self, Dialect},
    problem::Problem,
};
use actix_web::{HttpRequest, HttpResponse};

/// May this call pass? For nginx: told in status and headers only.
///
/// nginx relays 401 and 403 and neither a body nor any other status, so whatever else is wrong is a 403 here:
/// `Portal-Status` holds the status that `/gateway/authorize` would have answered, `Portal-Reason` the reason.
#[utoipa::path(
    get, path = "/gateway/auth-request", operation_id = "auth_request", tag = "gateway",
    responses(
        (status = 204, description = "It may; it is counted."),
        (status = 401, description = "Gateway or caller are not known."),
        (status = 403, description = "It may not; `Portal-Reason` says why."),
    )
)]
pub(crate) async fn handle(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(gateway::handle(&request, Dialect::Bare).await)
}
