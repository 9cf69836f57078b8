//! Answers of the door, in both dialects. Limits stand in the headers of every answer to a caller who is known.

use super::{
    Dialect,
    refusal::{Refused, policy_name},
};
use crate::{middleware::edge::Finished, problem::Kind};
use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use app::quota::{Allowed, Exceeded, Violated};

const POLICY: &str = "ratelimit-policy";
const STATE: &str = "ratelimit";
const LIMIT: &str = "x-rate-limit-limit";
const REMAINING: &str = "x-rate-limit-remaining";

/// The call may pass.
pub(super) fn allow(allowed: &Allowed, dialect: Dialect) -> HttpResponse {
    let status = match dialect {
        Dialect::Full => StatusCode::OK,
        Dialect::Bare => StatusCode::NO_CONTENT,
    };
    let mut response = HttpResponse::new(status);
    put(response.headers_mut(), left_headers(allowed));
    put(response.headers_mut(), whose_headers(allowed));
    response
}

/// The call may not pass.
pub(super) fn refuse(refused: Refused, dialect: Dialect) -> HttpResponse {
    let problem = refused.problem();
    let mut response = match dialect {
        Dialect::Full => problem.respond(None),
        Dialect::Bare => bare(problem.kind),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    put(headers, refused_headers(&refused));
    response.extensions_mut().insert(Finished);
    response
}

/// What the client of a call that may pass is told, whatever the protocol.
pub(super) fn left_headers(allowed: &Allowed) -> [(&'static str, String); 4] {
    // The latest instant by which everything is free again is a window away.
    limits(allowed, format!("\"group\";r={};t={}", allowed.left, allowed.window_s))
}

/// What the API behind the gateway is told, whatever the protocol.
pub(super) fn whose_headers(allowed: &Allowed) -> [(&'static str, String); 2] {
    let integration = ("portal-integration", allowed.integration.to_string());
    [integration, ("portal-group", allowed.group.to_string())]
}

/// What is said of a call that may not, whatever the protocol.
pub(super) fn refused_headers(refused: &Refused) -> Vec<(&'static str, String)> {
    let mut headers = vec![("portal-reason", refused.reason().to_owned())];
    if let Some(seconds) = refused.problem().retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
    }
    headers.extend(refused.exceeded().into_iter().flat_map(exhausted));
    headers
}

/// What nginx relays: that the caller is not known, or that the call may not pass.
fn bare(kind: &Kind) -> HttpResponse {
    let status = if kind.status == 401 { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header(("portal-status", kind.status.to_string()));
    if kind.status == 401 {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.finish()
}

fn exhausted(exceeded: &Exceeded) -> [(&'static str, String); 4] {
    let (name, would) = (policy_name(exceeded.violated), &exceeded.would);
    let is_own = exceeded.violated == Violated::Pool;
    let left = if is_own { would.left } else { 0 };
    let mut headers = limits(would, format!("\"{name}\";r={left};t={}", exceeded.retry_after_s));
    if !is_own {
        let (units, window_s) = (exceeded.violated_units, exceeded.violated_window_s);
        headers[0].1 = format!("{}, \"{name}\";q={units};w={window_s}", headers[0].1);
        headers[3] = (REMAINING, "0".to_owned());
    }
    headers
}

fn limits(allowed: &Allowed, state: String) -> [(&'static str, String); 4] {
    let policy = format!("\"group\";q={};w={}", allowed.limit, allowed.window_s);
    let (limit, left) = (allowed.limit.to_string(), allowed.left.to_string());
    [(POLICY, policy), (STATE, state), (LIMIT, limit), (REMAINING, left)]
}

/// Numbers, ids and words of ours: they always are header values.
fn put(headers: &mut HeaderMap, values: impl IntoIterator<Item = (&'static str, String)>) {
    for (name, text) in values {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
