//! `GET /openapi.json`

use crate::{
    api::openapi,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpResponse,
    http::header::{CacheControl, CacheDirective},
};
use std::sync::OnceLock;

/// How long caches may keep the description.
const MAX_AGE_S: u32 = 300;

static DOCUMENT: OnceLock<Option<String>> = OnceLock::new();

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "service",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = Object))
)]
pub(crate) async fn handle() -> Result<HttpResponse, Problem> {
    let document = DOCUMENT.get_or_init(|| serde_json::to_string(&openapi::document()).ok());
    let document = document.as_deref().ok_or_else(|| Problem::new(&kinds::INTERNAL))?;
    Ok(HttpResponse::Ok()
        .insert_header(CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(MAX_AGE_S)]))
        .content_type("application/json")
        .body(document))
}
