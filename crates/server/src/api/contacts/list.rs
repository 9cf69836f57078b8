//! `GET /v1/staff/contacts`

use super::InTrouble;
use crate::{
    api::answer::{self, PageOf},
    extract::{PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// The contacts that want somebody: never proven, in doubt, or with a proof that has ended; the oldest trouble first.
#[utoipa::path(
    get, path = "/v1/staff/contacts", operation_id = "list_contacts", tag = "contacts", params(Paging),
    responses((status = 200, description = "A page of contacts in trouble.", body = PageOf<InTrouble>))
)]
pub(crate) async fn handle(portal: Data<Portal>, query: PageQuery) -> Result<HttpResponse, Problem> {
    let listed = portal.app.read().troubled_contacts(query.page()?).await?;
    let (now, policy) = (portal.clock.now(), portal.app.policy());
    Ok(answer::plain(&PageOf::of(listed, |row| InTrouble::of(row, now, policy))))
}
