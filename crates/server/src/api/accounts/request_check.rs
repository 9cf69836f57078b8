//! `POST /v1/production-accounts/{account}/contact/checks`

use crate::{
    api::{answer, schemas, values::Empty},
    extract::{Call, Developer, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use chrono::{DateTime, Utc};
use domain::ids::ProdAccountId;
use serde::Serialize;
use utoipa::ToSchema;

/// A look at the mail hosts of the contact that is to come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContactCheck)]
pub struct ContactCheck {
    /// Which declaration of the contact is looked at.
    #[schema(minimum = 1)]
    epoch: u32,
    /// It is looked at from then on; what was found shows in the account's `contact.checked`.
    due_at: DateTime<Utc>,
}

/// Have the mail hosts of the newest declared contact looked at. Nothing is mailed; a look that is due already is the one
/// that comes.
#[utoipa::path(
    post, path = "/v1/production-accounts/{account}/contact/checks", operation_id = "request_check",
    tag = "production accounts", request_body = Empty,
    params(("account" = schemas::ProdAccountId, Path, description = "Which account.")),
    responses((status = 202, description = "It will be looked at.", body = ContactCheck))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    account: Path<ProdAccountId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.ask_for_check(call.meta(&request), me.0, *account).await?;
    let check = ContactCheck { epoch: done.value.epoch, due_at: done.value.due_at };
    Ok(answer::done(&portal, StatusCode::ACCEPTED, &done).json(check))
}
