//! `POST /v1/sign-ups/{sign_up}/proof`

use crate::{
    api::{accounts::Proof, answer, schemas},
    extract::{Call, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path},
};
use domain::ids::SignUpId;
use serde::Serialize;
use utoipa::ToSchema;

/// The account that begins.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeveloper {
    #[schema(value_type = schemas::DeveloperId)]
    developer: String,
    /// Its personal group.
    #[schema(value_type = schemas::DevGroupId)]
    default_group: String,
}

/// Give back the code that was mailed: the account begins.
#[utoipa::path(
    post, path = "/v1/sign-ups/{sign_up}/proof", operation_id = "prove_sign_up", tag = "sign-up",
    request_body = Proof,
    params(("sign_up" = schemas::SignUpId, Path, description = "Which sign-up.")),
    responses((status = 201, description = "The account exists.", body = NewDeveloper))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    sign_up: Path<SignUpId>,
    request: Json<Proof>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let done = portal.app.prove_sign_up(meta, *sign_up, request.body.code).await?;
    let body = NewDeveloper {
        developer: done.value.developer.to_string(),
        default_group: done.value.default_group.to_string(),
    };
    let mut response = answer::done(&portal, StatusCode::CREATED, &done);
    Ok(response.insert_header((header::LOCATION, "/v1/me")).json(body))
}
