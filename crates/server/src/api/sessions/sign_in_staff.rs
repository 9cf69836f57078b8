//! `POST /v1/staff/sessions`

use crate::{
    api::{parse, schemas, values::StaffRole},
    extract::{Body, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use app::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which member of staff signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInStaff {
    #[schema(max_length = 254, example = "grace@portal.example")]
    email: String,
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Secret<String>,
    /// Six digits of the authenticator (RFC 6238); good once.
    #[schema(value_type = String, max_length = 16, example = "123456")]
    totp: Secret<String>,
}

impl Body for SignInStaff {
    const SECRET: &'static [&'static str] = &["password", "totp"];
}

/// A session of a member of staff.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedInStaff {
    /// Send it as `Authorization: Bearer …`; shown this once.
    #[schema(value_type = schemas::SessionToken)]
    token: String,
    /// The session's absolute end; an idle one ends after an hour.
    expires_at: DateTime<Utc>,
    #[schema(value_type = schemas::StaffId)]
    staff: String,
    role: StaffRole,
}

/// Sign in as a member of staff, with a second factor.
#[utoipa::path(
    post, path = "/v1/staff/sessions", operation_id = "sign_in_staff", tag = "sessions",
    request_body = SignInStaff,
    responses((status = 201, description = "The session began.", body = SignedInStaff))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    request: Json<SignInStaff>,
) -> Result<HttpResponse, Problem> {
    let SignInStaff { email, password, totp } = request.body;
    let email = parse::known_address(&email, portal.app.policy())?;
    let signed_in = portal.app.sign_in_staff(email, password, totp).await?;
    Ok(HttpResponse::Created().json(SignedInStaff {
        token: signed_in.token.reveal().clone(),
        expires_at: signed_in.expires_at,
        staff: signed_in.staff.to_string(),
        role: signed_in.role.into(),
    }))
}
