//! `POST /v1/production-accounts/{account}/contact/challenges`

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

/// A code is on its way to the contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Challenge)]
pub struct Challenge {
    #[schema(value_type = schemas::ChallengeId)]
    id: String,
    /// From then on the code is dead.
    expires_at: DateTime<Utc>,
}

/// Have a code mailed to the contact that waits for proof.
#[utoipa::path(
    post, path = "/v1/production-accounts/{account}/contact/challenges", operation_id = "request_challenge",
    tag = "production accounts", request_body = Empty,
    params(("account" = schemas::ProdAccountId, Path, description = "Which account.")),
    responses((status = 202, description = "A code is on its way.", body = Challenge))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    me: Developer,
    call: Call,
    account: Path<ProdAccountId>,
    request: Json<Empty>,
) -> Result<HttpResponse, Problem> {
    let done = portal.app.request_contact_challenge(call.meta(&request), me.0, *account).await?;
    let challenge = Challenge { id: done.value.intent.to_string(), expires_at: done.value.expires_at };
    Ok(answer::done(&portal, StatusCode::ACCEPTED, &done).json(challenge))
}
