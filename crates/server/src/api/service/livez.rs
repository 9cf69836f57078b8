//! `GET /livez`

use crate::{api::answer, problem::Problem};
use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Alive {
    /// Always true.
    alive: bool,
}

/// Whether the process answers at all.
#[utoipa::path(
    get, path = "/livez", operation_id = "livez", tag = "service",
    responses((status = 200, description = "It does.", body = Alive))
)]
pub(crate) async fn handle() -> Result<HttpResponse, Problem> {
    Ok(answer::plain(&Alive { alive: true }))
}
