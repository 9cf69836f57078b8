//! `POST /v1/sign-ups`

use crate::{
    api::{parse::Fields, schemas},
    extract::{Body, Call, Json},
    portal::Portal,
    problem::Problem,
};
use actix_web::{HttpResponse, web::Data};
use app::{secret::Secret, sign_up::SignUp};
use chrono::{DateTime, Utc};
use domain::{address, policy::Policy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignUp)]
pub struct StartSignUp {
    /// Address to be proven.
    #[schema(min_length = 3, max_length = 254, example = "ada@acme.example")]
    email: String,
    /// Neither short nor common.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Secret<String>,
    /// Name as it shall be shown.
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    name: String,
    /// The terms accepted: those in force, as `GET /v1/policy` tells.
    #[schema(min_length = 1, max_length = 32, example = "2026-11")]
    terms_version: String,
    /// BCP 47 tag for mails; `en` when absent.
    #[schema(max_length = 35, example = "en")]
    locale: Option<String>,
}

impl Body for StartSignUp {
    const SECRET: &'static [&'static str] = &["password"];
}

impl StartSignUp {
    fn parse(self, policy: &Policy) -> Result<SignUp, Problem> {
        let mut fields = Fields::default();
        let email = fields.address("/email", &self.email, policy);
        let Self { password, name, terms_version, .. } = self;
        let locale = self.locale.unwrap_or_else(|| "en".to_owned());
        fields.extend(app::sign_up::check(&password, &name, &locale, &terms_version, policy));
        fields.finish(email.map(|email| SignUp { email, password, name, locale, terms_version }))
    }
}

/// A mail is on its way: with a code, or with the news that the address has an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpStarted {
    #[schema(value_type = schemas::SignUpId)]
    id: String,
    /// From then on the code is dead.
    expires_at: DateTime<Utc>,
    /// The domain that was probably meant, when the address holds what looks like a slip of the pen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254, example = "gmail.com")]
    did_you_mean: Option<String>,
}

/// Sign up; the answer is the same for known and unknown addresses.
#[utoipa::path(
    post, path = "/v1/sign-ups", operation_id = "start_sign_up", tag = "sign-up", request_body = StartSignUp,
    responses((status = 202, description = "A mail is on its way.", body = SignUpStarted))
)]
pub(crate) async fn handle(
    portal: Data<Portal>,
    call: Call,
    request: Json<StartSignUp>,
) -> Result<HttpResponse, Problem> {
    let meta = call.meta(&request);
    let did_you_mean = address::domain_meant(&request.body.email);
    let sign_up = request.body.parse(portal.app.policy())?;
    let started = portal.app.start_sign_up(meta, sign_up).await?;
    let body = SignUpStarted { id: started.id.to_string(), expires_at: started.expires_at, did_you_mean };
    Ok(HttpResponse::Accepted().json(body))
}
