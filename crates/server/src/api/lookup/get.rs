//! `GET /v1/lookup/{integration}`

use super::card::Card;
use crate::{
    api::schemas,
    extract::query::NoQuery,
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CacheControl, CacheDirective, EntityTag, Header, IfNoneMatch},
    web::{Data, Path},
};
use data_encoding::HEXLOWER;
use domain::ids::IntegrationId;
use sha2::{Digest, Sha256};

/// How long caches may keep a card.
const MAX_AGE_S: u32 = 60;

/// Who is behind an integration ID, whether their contact works, and what it will be allowed to do. Unknown
/// and hidden integrations are alike.
#[utoipa::path(
    get, path = "/v1/lookup/{integration}", operation_id = "look_up", tag = "lookup",
    params(("integration" = schemas::IntegrationId, Path, description = "The ID to look up.")),
    responses((status = 200, description = "The card.", body = Card))
)]
pub(crate) async fn handle(
    request: HttpRequest,
    portal: Data<Portal>,
    integration: Path<IntegrationId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let card = portal.card(*integration).await?.ok_or_else(|| Problem::new(&kinds::NOT_FOUND))?;
    let body = serde_json::to_vec(&Card::of(&portal, card)).map_err(|_| Problem::new(&kinds::INTERNAL))?;
    let tag = EntityTag::new_strong(HEXLOWER.encode(&Sha256::digest(&body)[..16]));
    let is_known = IfNoneMatch::parse(&request).is_ok_and(|known| match known {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
    });
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(MAX_AGE_S)]));
    response.insert_header((header::ETAG, tag.to_string()));
    Ok(if is_known { response.finish() } else { response.content_type("application/json").body(body) })
}
