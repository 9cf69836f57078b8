//! `GET /v1/integrations`

use super::Integration;
use crate::{
    api::answer::{self, PageOf},
    extract::{Developer, PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// The integrations of all groups one belongs to.
#[utoipa::path(
    get, path = "/v1/integrations", operation_id = "list_integrations", tag = "integrations", params(Paging),
    responses((status = 200, description = "A page of integrations.", body = PageOf<Integration>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let listed = portal.app.read().integrations_of(me.0, query.page()?).await?;
    Ok(answer::plain(&PageOf::of(listed, Integration::from)))
}
