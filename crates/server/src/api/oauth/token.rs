//! `POST /oauth2/token`

use crate::{gateway::pair, middleware::edge::Finished, portal::Portal, problem::Problem};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Bytes, Data},
};
use app::{quota::TOKEN_LIFE, secret::Secret};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

/// Longest form in bytes.
const FORM_BYTES_MAX: usize = 4_096;

/// What a client asks for. It describes the form, which is read pair by pair: what is not known is ignored
/// (section 3.2).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the description is used")]
pub struct TokenRequest {
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// The public key, unless it comes as user of HTTP Basic.
    client_id: Option<String>,
    /// The secret, unless it comes as password of HTTP Basic.
    #[schema(format = Password)]
    client_secret: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenToken {
    /// Send it as `Authorization: Bearer …`; it ends with its secret.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
}

/// Why there is no token.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenError {
    #[schema(example = "invalid_client")]
    error: &'static str,
    error_description: &'static str,
}

/// Codes of RFC 6749, section 5.2.
enum Refused {
    InvalidRequest(&'static str),
    InvalidClient,
    UnsupportedGrant,
    InvalidScope,
}

/// Get an access token for an integration's secret.
#[utoipa::path(
    post, path = "/oauth2/token", operation_id = "get_token", tag = "gateway",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token.", body = GivenToken),
        (status = 400, description = "The request is not one for a token.", body = TokenError),
        (status = 401, description = "Key and secret are not those of an integration.", body = TokenError),
    )
)]
pub(crate) async fn handle(
    request: HttpRequest,
    portal: Data<Portal>,
    form: Bytes,
) -> Result<HttpResponse, Problem> {
    let client = match read(&request, &form) {
        Ok(client) => client,
        Err(refused) => return Ok(refuse(&refused, &request)),
    };
    let given = portal.app.give_access_token(&client.key, client.secret.reveal()).await?;
    let Some(given) = given else { return Ok(refuse(&Refused::InvalidClient, &request)) };
    let access_token = given.token.reveal().clone();
    let expires_in = TOKEN_LIFE.num_seconds();
    Ok(HttpResponse::Ok().insert_header((header::PRAGMA, "no-cache")).json(GivenToken {
        access_token,
        token_type: "Bearer",
        expires_in,
    }))
}

/// A key and its secret.
struct Client {
    key: String,
    secret: Secret<String>,
}

fn read(request: &HttpRequest, form: &[u8]) -> Result<Client, Refused> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|text| text.split(';').next()).map(str::trim).unwrap_or_default();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") || form.len() > FORM_BYTES_MAX {
        return Err(Refused::InvalidRequest("a form of at most 4096 bytes is expected"));
    }
    let fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = url::form_urlencoded::parse(form).collect();
    let field = |name: &str| {
        let mut values = fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone());
        match (values.next(), values.next()) {
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
            (_, Some(_)) => Err(Refused::InvalidRequest("a field stands twice")),
        }
    };
    match field("grant_type")?.as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(Refused::UnsupportedGrant),
        None => return Err(Refused::InvalidRequest("grant_type is missing")),
    }
    if field("scope")?.is_some() {
        return Err(Refused::InvalidScope);
    }
    let stated = (field("client_id")?, field("client_secret")?);
    match (basic(request)?, stated) {
        (Some(_), (_, Some(_))) => Err(Refused::InvalidRequest("the client shows itself twice")),
        (Some(client), (None, None)) => Ok(client),
        (Some(client), (Some(key), None)) if key == client.key => Ok(client),
        (None, (Some(key), Some(secret))) => {
            Ok(Client { key: key.into_owned(), secret: Secret::new(secret.into_owned()) })
        }
        (Some(_), (Some(_), None)) | (None, _) => Err(Refused::InvalidClient),
    }
}

/// Key and secret as user and password, each encoded as in a form (section 2.3.1).
fn basic(request: &HttpRequest) -> Result<Option<Client>, Refused> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Refused::InvalidRequest("Authorization stands twice"));
    }
    let shown = value.to_str().ok().and_then(|text| text.split_once(' '));
    let (scheme, encoded) = shown.ok_or(Refused::InvalidClient)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Refused::InvalidClient);
    }
    let (text, colon) = pair(encoded.trim()).ok_or(Refused::InvalidClient)?;
    let decoded = |part: &str| {
        let mut pairs = url::form_urlencoded::parse(part.as_bytes());
        pairs.next().map(|(text, _)| text.into_owned()).unwrap_or_default()
    };
    Ok(Some(Client { key: decoded(&text[..colon]), secret: Secret::new(decoded(&text[colon + 1..])) }))
}

fn refuse(refused: &Refused, request: &HttpRequest) -> HttpResponse {
    let (status, error, error_description) = match refused {
        Refused::InvalidRequest(what) => (StatusCode::BAD_REQUEST, "invalid_request", *what),
        Refused::InvalidClient => {
            (StatusCode::UNAUTHORIZED, "invalid_client", "key and secret are not those of an integration")
        }
        Refused::UnsupportedGrant => {
            (StatusCode::BAD_REQUEST, "unsupported_grant_type", "the grant is client_credentials")
        }
        Refused::InvalidScope => (StatusCode::BAD_REQUEST, "invalid_scope", "there are no scopes"),
    };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED && request.headers().contains_key(header::AUTHORIZATION) {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"devportal\""));
    }
    let mut response = response.json(TokenError { error, error_description });
    response.extensions_mut().insert(Finished);
    response
}
