//! `GET /v1/production-groups`

use super::ProductionGroup;
use crate::{
    api::answer::{self, PageOf},
    extract::{Developer, PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// The production groups of all accounts one belongs to.
#[utoipa::path(
    get, path = "/v1/production-groups", operation_id = "list_production_groups", tag = "production groups",
    params(Paging), responses((status = 200, description = "A page of groups.", body = PageOf<ProductionGroup>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let listed = portal.prod_groups(me.0, query.page()?).await?;
    Ok(answer::plain(&PageOf::of(listed, |view| ProductionGroup::of_view(&portal, view))))
}
