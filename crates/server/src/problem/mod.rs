//! Problem documents (RFC 9457): the one form in which anything fails over HTTP.

pub(crate) mod failures;
pub mod kinds;
pub(crate) mod rejections;
#[cfg(test)]
mod tests;

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{StatusCode, header},
};
use domain::fields::FieldError;
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;
use uuid::Uuid;

pub use kinds::Kind;

/// Media type of problem documents.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A failure to be told to the client. Its text holds nothing personal and nothing internal; the request id
/// leads to the log.
#[derive(Debug)]
pub struct Problem {
    /// Which row of the table.
    pub kind: &'static Kind,
    /// This occurrence, in words; the table's explanation when absent.
    pub detail: Option<String>,
    /// Fields at fault.
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again is sensible.
    pub retry_after_s: Option<u32>,
    /// Headers that go with it.
    pub headers: Vec<(&'static str, String)>,
}

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Relative reference that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/name.taken")]
    problem_type: String,
    /// The kind in words; never changes for a type.
    #[schema(example = "Name taken")]
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Stable code; `api-spec/problems.md` lists all.
    #[schema(example = "name.taken")]
    code: &'static str,
    /// This occurrence, in words.
    detail: String,
    /// The request id, as in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    instance: Option<String>,
    /// Fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemField>,
}

/// A field at fault.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProblemField {
    /// JSON pointer (RFC 6901) into the request body, empty for the whole; a query parameter as `?name`.
    pointer: String,
    /// Stable code of the broken rule.
    code: &'static str,
    /// The rule, in words.
    detail: String,
    /// What would be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            retry_after_s: kind.retry_after_s,
            headers: Vec::new(),
        }
    }

    /// Says what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says more in a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn fields(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// The answer, bound to the request it failed.
    pub fn respond(&self, request_id: Option<Uuid>) -> HttpResponse {
        let kind = self.kind;
        let field = |error: &FieldError| ProblemField {
            pointer: error.pointer.clone(),
            code: error.code,
            detail: error.detail.clone(),
            fix: error.fix.clone(),
        };
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        for (name, value) in &self.headers {
            response.insert_header((*name, value.as_str()));
        }
        if kind.status == 401 {
            let scheme = if *kind == kinds::GATEWAY_UNKNOWN { "Portal-Gateway" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, scheme));
        }
        response.content_type(MEDIA_TYPE).json(ProblemBody {
            problem_type: kind.uri(),
            title: kind.title,
            status: kind.status,
            code: kind.code,
            detail: self.detail.clone().unwrap_or_else(|| kind.when.to_owned()),
            instance: request_id.map(|id| id.to_string()),
            errors: self.errors.iter().map(field).collect(),
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(None)
    }
}
