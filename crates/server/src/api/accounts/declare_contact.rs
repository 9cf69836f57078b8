//! `PUT /v1/production-accounts/{account}/contact`

use super::Account;
use crate::{
    api::{answer, parse::Fields, schemas},
    extract::{Body, Call, Developer, Json},
    portal::Portal,
    problem::{Problem, failures},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::ProdAccountId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Another contact.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareContact {
    /// Mailbox that customers can write to.
    #[schema(min_length = 3, max_length = 254, example = "support@acme.example")]
    email: String,
}

impl Body for DeclareContact {}

/// Name another contact; the proven one stays shown until this one is proven.
#[utoipa::path(
    put, path = "/v1/production-accounts/{account}/contact", operation_id = "declare_contact",
    tag = "production accounts", request_body = DeclareContact,
    params(("account" = schemas::ProdAccountId, Path, description = "Which account.")),
    responses((status = 200, description = "The account with its new contact.", body = Account))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    account: Path<ProdAccountId>,
    request: Json<DeclareContact>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let mut fields = Fields::default();
    let contact = fields.address("/email", &request.body.email, portal.app.policy());
    let declared = portal.app.declare_contact(meta, me.0, *account, fields.finish(contact)?).await;
    let done = declared.map_err(|error| failures::contact_at("/email", &request.body.email, error.into()))?;
    let (account, version) = Account::after(&portal, &done, *account, me.0).await?;
    Ok(answer::changed(&portal, &done, version, &account))
}
