//! `GET /v1/staff/gateways`

use super::Gateway;
use crate::{
    api::answer::{self, PageOf},
    extract::{PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// All gateways, retired ones included.
#[utoipa::path(
    get, path = "/v1/staff/gateways", operation_id = "list_gateways", tag = "gateways", params(Paging),
    responses((status = 200, description = "A page of gateways.", body = PageOf<Gateway>))
)]
pub(crate) async fn handle(portal: Data<Portal>, query: PageQuery) -> Result<HttpResponse, Problem> {
    let listed = portal.app.read().gateways(query.page()?).await?;
    Ok(answer::plain(&PageOf::of(listed, Gateway::from)))
}
