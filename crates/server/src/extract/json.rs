//! The body of a request: JSON of at most 64 KiB, strict (see [`super::strict`]), fitted to its type with
//! the place of every misfit, and digested for idempotency without its secret members.

use super::{
    call::single,
    strict::{self, Fault},
};
use crate::problem::{Problem, kinds};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web::BytesMut};
use data_encoding::BASE64;
use domain::fields::FieldError;
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Largest body in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request body.
pub trait Body: DeserializeOwned {
    /// Top-level members that are secret: left out of the digest.
    const SECRET: &'static [&'static str] = &[];
}

/// A parsed body and the digest of the request it came with.
#[derive(Debug)]
pub struct Json<T> {
    /// As typed.
    pub body: T,
    /// SHA-256 over the path and the body without secret members.
    pub digest: [u8; 32],
}

impl<T: Body> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            check_media_type(&request)?;
            let bytes = read(&request, payload).await?;
            check_digest(&request, &bytes)?;
            parse(request.path(), &bytes)
        })
    }
}

/// Fits bytes to a type.
pub fn parse<T: Body>(path: &str, bytes: &[u8]) -> Result<Json<T>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(&kinds::NOT_UTF8))?;
    let value = strict::parse(text).map_err(|Fault { kind, pointer }| {
        let field = FieldError::new(pointer, kind.code, kind.when);
        Problem::new(kind).fields([field])
    })?;
    let digest = digest(path, &value, T::SECRET);
    let body = serde_path_to_error::deserialize(value).map_err(|error| misfit(&error))?;
    Ok(Json { body, digest })
}

/// SHA-256 over path and body; equal for equal requests whatever their blanks and order of members, because
/// `serde_json` keeps members sorted.
fn digest(path: &str, body: &Value, secret: &[&str]) -> [u8; 32] {
    let mut open = body.clone();
    if let Some(object) = open.as_object_mut() {
        object.retain(|name, _| !secret.contains(&name.as_str()));
    }
    let mut hasher = Sha256::new();
    hasher.update(path.as_bytes());
    hasher.update([0]);
    hasher.update(open.to_string().as_bytes());
    hasher.finalize().into()
}

fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let unsupported = || Problem::new(&kinds::UNSUPPORTED_TYPE);
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(unsupported().detail("the body must not be compressed"));
    }
    let mime = request.mime_type().ok().flatten().ok_or_else(unsupported)?;
    let charset = mime.get_param("charset");
    let utf8 = charset.is_none_or(|charset| charset.as_str().eq_ignore_ascii_case("utf-8"));
    if mime.essence_str() == "application/json" && utf8 { Ok(()) } else { Err(unsupported()) }
}

/// A digest sent with the body (RFC 9530) must be its own: a signature may go over it in place of the body.
fn check_digest(request: &HttpRequest, body: &[u8]) -> Result<(), Problem> {
    let name = header::HeaderName::from_static("content-digest");
    let Some(stated) = single(request.headers(), &name)? else { return Ok(()) };
    let encoded = stated.trim().strip_prefix("sha-256=:").and_then(|rest| rest.strip_suffix(':'));
    let stated = encoded.and_then(|text| BASE64.decode(text.as_bytes()).ok()).ok_or_else(|| {
        Problem::new(&kinds::BAD_HEADER).detail("Content-Digest is of the form sha-256=:…: in base64")
    })?;
    if stated == Sha256::digest(body).as_slice() { Ok(()) } else { Err(Problem::new(&kinds::OTHER_DIGEST)) }
}

async fn read(request: &HttpRequest, mut payload: Payload) -> Result<BytesMut, Problem> {
    let announced =
        request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > BODY_BYTES_MAX as u64) {
        return Err(Problem::new(&kinds::TOO_LARGE));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(&kinds::BAD_REQUEST).detail("the body ended early"))?;
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Problem::new(&kinds::TOO_LARGE));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Where and how a value does not fit its type. Serde's words name types and known fields; values are cut
/// out, so that no secret comes back.
fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_path_to_error::Segment;
    let mut path: Vec<String> = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        })
        .collect();
    let text = error.inner().to_string();
    let quoted = || text.split('`').nth(1).unwrap_or_default().to_owned();
    let (code, detail) = if text.starts_with("unknown field") {
        if path.last() != Some(&quoted()) {
            path.push(quoted());
        }
        let known = text.split_once("`, ").map_or("", |(_, known)| known);
        ("body.unknown_field", format!("the field is unknown: {known}"))
    } else if text.starts_with("missing field") {
        path.push(quoted());
        ("body.missing_field", "the field is needed".to_owned())
    } else if text.starts_with("unknown variant") {
        let known = text.split_once("`, ").map_or("", |(_, known)| known);
        ("body.unknown_word", format!("the word is unknown: {known}"))
    } else {
        let wanted = text.rsplit_once("expected ").map_or(text.as_str(), |(_, wanted)| wanted);
        ("body.wrong_type", format!("expected {wanted}"))
    };
    let field = FieldError::new(strict::pointer(&path), code, detail.clone());
    Problem::new(&kinds::DOES_NOT_FIT).detail(detail).fields([field])
}
