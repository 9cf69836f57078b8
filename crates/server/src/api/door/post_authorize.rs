//! `POST /gateway/authorize`

use crate::{
    gateway::{self, Dialect},
    problem::Problem,
};
use actix_web::{HttpRequest, HttpResponse};

/// May this call pass? For gateways that ask with the method of the call; a body is not read.
#[utoipa::path(
    post, path = "/gateway/authorize", operation_id = "authorize_by_post", tag = "gateway",
    responses((status = 200, description = "It may; it is counted."))
)]
pub(crate) async fn handle(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(gateway::handle(&request, Dialect::Full).await)
}
