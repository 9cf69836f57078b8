//! `GET /v1/production-accounts`

use super::Account;
use crate::{
    api::answer::{self, PageOf},
    extract::{Developer, PageQuery, query::Paging},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};

/// The production accounts one belongs to.
#[utoipa::path(
    get, path = "/v1/production-accounts", operation_id = "list_accounts", tag = "production accounts",
    params(Paging), responses((status = 200, description = "A page of accounts.", body = PageOf<Account>))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    query: PageQuery,
) -> Result<HttpResponse, Problem> {
    let listed = portal.accounts(me.0, query.page()?).await?;
    Ok(answer::plain(&PageOf::of(listed, |view| Account::of(&portal, view))))
}
