//! `GET /v1/production-accounts/{account}`

use super::Account;
use crate::{
    api::{answer, schemas},
    extract::{Developer, query::NoQuery},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdAccountId;

/// A production account one belongs to.
#[utoipa::path(
    get, path = "/v1/production-accounts/{account}", operation_id = "get_account", tag = "production accounts",
    params(("account" = schemas::ProdAccountId, Path, description = "Which account.")),
    responses((status = 200, description = "The account.", body = Account))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    account: Path<ProdAccountId>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let (account, version) = Account::read(&portal, *account, me.0).await?;
    Ok(answer::versioned(&portal, version, &account))
}
