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
use chrono::{DateTime, Utc};
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
    /// The limit that is reached.
    pub quota: Option<Box<QuotaFacts>>,
}

/// A limit that is reached, for programs (draft-ietf-httpapi-ratelimit-headers).
#[derive(Debug, Clone)]
pub struct QuotaFacts {
    /// Names of the limits that are reached, as in `RateLimit-Policy`.
    pub violated_policies: Vec<&'static str>,
    /// Units of the limit in a window.
    pub limit: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Units that are left all the same, too few for this call.
    pub remaining: u32,
    /// When such a call may pass, in UTC.
    pub next_free_at: DateTime<Utc>,
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
    /// Names of the limits that are reached, as in `RateLimit-Policy`.
    #[serde(rename = "violated-policies", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 5, nullable = false)]
    violated_policies: Option<Vec<&'static str>>,
    /// Units in a window of the limit that is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    limit: Option<u32>,
    /// Length of that window in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    window_s: Option<u32>,
    /// Units that are left all the same, too few for this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, nullable = false)]
    remaining: Option<u32>,
    /// When such a call may pass, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_free_at: Option<DateTime<Utc>>,
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
            quota: None,
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

    /// Says which limit is reached.
    #[must_use]
    pub fn quota(mut self, facts: QuotaFacts) -> Self {
        self.quota = Some(Box::new(facts));
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
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        for (name, value) in &self.headers {
            response.insert_header((*name, value.as_str()));
        }
        if let Some(scheme) = self.scheme() {
            response.insert_header((header::WWW_AUTHENTICATE, scheme));
        }
        response.content_type(MEDIA_TYPE).json(self.body(request_id))
    }

    /// How to show who one is, where that is missing.
    pub(crate) fn scheme(&self) -> Option<&'static str> {
        let scheme = if *self.kind == kinds::GATEWAY_UNKNOWN { "Portal-Gateway" } else { "Bearer" };
        (self.kind.status == 401).then_some(scheme)
    }

    /// The document.
    pub(crate) fn body(&self, request_id: Option<Uuid>) -> ProblemBody {
        let (kind, quota) = (self.kind, self.quota.as_ref());
        let field = |error: &FieldError| ProblemField {
            pointer: error.pointer.clone(),
            code: error.code,
            detail: error.detail.clone(),
            fix: error.fix.clone(),
        };
        ProblemBody {
            problem_type: kind.uri(),
            title: kind.title,
            status: kind.status,
            code: kind.code,
            detail: self.detail.clone().unwrap_or_else(|| kind.when.to_owned()),
            instance: request_id.map(|id| id.to_string()),
            errors: self.errors.iter().map(field).collect(),
            violated_policies: quota.map(|quota| quota.violated_policies.clone()),
            limit: quota.map(|quota| quota.limit),
            window_s: quota.map(|quota| quota.window_s),
            remaining: quota.map(|quota| quota.remaining),
            next_free_at: quota.map(|quota| quota.next_free_at),
        }
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
