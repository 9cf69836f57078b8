//! `GET /v1/groups`

use super::Group;
use crate::{
    api::answer::{self, PageOf},
    extract::{Developer, PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// The development groups one belongs to.
#[utoipa::path(
    get, path = "/v1/groups", operation_id = "list_groups", tag = "groups", params(Paging),
    responses((status = 200, description = "A page of groups.", body = PageOf<Group>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let listed = portal.app.read().groups_of(me.0, query.page()?).await?;
    let now = portal.clock.now();
    Ok(answer::plain(&PageOf::of(listed, |row| Group::of(row, now))))
}
