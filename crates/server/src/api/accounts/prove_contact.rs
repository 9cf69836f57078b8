//! `POST /v1/production-accounts/{account}/contact/challenges/{challenge}/proof`

use super::{Account, Proof};
use crate::{
    api::{answer, schemas},
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::ids::{IntentId, ProdAccountId};

/// Give back the code that was mailed to the contact.
#[utoipa::path(
    post, path = "/v1/production-accounts/{account}/contact/challenges/{challenge}/proof",
    operation_id = "prove_contact", tag = "production accounts", request_body = Proof,
    params(
        ("account" = schemas::ProdAccountId, Path, description = "Which account."),
        ("challenge" = schemas::ChallengeId, Path, description = "Which challenge."),
    ),
    responses((status = 200, description = "The account with its proven contact.", body = Account))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    path: Path<(ProdAccountId, IntentId)>,
    request: Json<Proof>,
) -> Result<HttpResponse, Problem> {
    let (account, challenge) = path.into_inner();
    let meta = call.meta(&request);
    let done = portal.app.confirm_contact(meta, me.0, account, challenge, request.body.code).await?;
    let (account, version) = Account::after(&portal, &done, account, me.0).await?;
    Ok(answer::changed(&portal, &done, version, &account))
}
