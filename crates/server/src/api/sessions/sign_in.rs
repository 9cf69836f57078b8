//! `POST /v1/sessions`

use crate::{
    api::{parse, schemas},
    extract::{Body, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use app::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(max_length = 254, example = "ada@acme.example")]
    email: String,
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Secret<String>,
}

impl Body for SignIn {
    const SECRET: &'static [&'static str] = &["password"];
}

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedIn {
    /// Send it as `Authorization: Bearer …`; shown this once.
    #[schema(value_type = schemas::SessionToken)]
    token: String,
    /// The session's absolute end; an idle one ends after an hour.
    expires_at: DateTime<Utc>,
    #[schema(value_type = schemas::DeveloperId)]
    developer: String,
}

/// Sign in as a developer.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "sign_in", tag = "sessions", request_body = SignIn,
    responses((status = 201, description = "The session began.", body = SignedIn))
)]
pub(crate) async fn handle(portal: Data<Portal>, request: Json<SignIn>) -> Result<HttpResponse, Problem> {
    let SignIn { email, password } = request.body;
    let email = parse::known_address(&email, portal.app.policy())?;
    let signed_in = portal.app.sign_in(email, password).await?;
    Ok(HttpResponse::Created().json(SignedIn {
        token: signed_in.token.reveal().clone(),
        expires_at: signed_in.expires_at,
        developer: signed_in.developer.to_string(),
    }))
}
