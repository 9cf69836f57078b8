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

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STATE: HeaderName = HeaderName::from_static("ratelimit");
static LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
static INTEGRATION: HeaderName = HeaderName::from_static("portal-integration");
static GROUP: HeaderName = HeaderName::from_static("portal-group");
static REASON: HeaderName = HeaderName::from_static("portal-reason");
static STATUS: HeaderName = HeaderName::from_static("portal-status");

/// The call may pass.
pub(super) fn allow(allowed: &Allowed, dialect: Dialect) -> HttpResponse {
    let status = match dialect {
        Dialect::Full => StatusCode::OK,
        Dialect::Bare => StatusCode::NO_CONTENT,
    };
    let mut response = HttpResponse::new(status);
    let headers = response.headers_mut();
    // The latest instant by which everything is free again is a window away.
    let state = format!("\"group\";r={};t={}", allowed.left, allowed.window_s);
    limits(headers, allowed, state);
    put(headers, &INTEGRATION, allowed.integration.to_string());
    put(headers, &GROUP, allowed.group.to_string());
    response
}

/// The call may not pass.
pub(super) fn refuse(refused: Refused, dialect: Dialect) -> HttpResponse {
    let problem = refused.problem();
    let mut response = match dialect {
        Dialect::Full => problem.respond(None),
        Dialect::Bare => bare(problem.kind, problem.retry_after_s),
    };
    let headers = response.headers_mut();
    headers.insert(REASON.clone(), HeaderValue::from_static(refused.reason()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(exceeded) = refused.exceeded() {
        exhausted(headers, exceeded);
    }
    response.extensions_mut().insert(Finished);
    response
}

/// What nginx relays: that the caller is not known, or that the call may not pass.
fn bare(kind: &Kind, retry_after_s: Option<u32>) -> HttpResponse {
    let status = if kind.status == 401 { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((STATUS.clone(), HeaderValue::from(kind.status)));
    if let Some(seconds) = retry_after_s {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if kind.status == 401 {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.finish()
}

fn exhausted(headers: &mut HeaderMap, exceeded: &Exceeded) {
    let name = policy_name(exceeded.violated);
    let left = if exceeded.violated == Violated::Pool { exceeded.would.left } else { 0 };
    limits(headers, &exceeded.would, format!("\"{name}\";r={left};t={}", exceeded.retry_after_s));
    if exceeded.violated != Violated::Pool {
        let policy = format!(
            "\"group\";q={};w={}, \"{name}\";q={};w={}",
            exceeded.would.limit,
            exceeded.would.window_s,
            exceeded.violated_units,
            exceeded.violated_window_s
        );
        put(headers, &POLICY, policy);
        put(headers, &REMAINING, "0".to_owned());
    }
}

fn limits(headers: &mut HeaderMap, allowed: &Allowed, state: String) {
    put(headers, &POLICY, format!("\"group\";q={};w={}", allowed.limit, allowed.window_s));
    put(headers, &STATE, state);
    put(headers, &LIMIT, allowed.limit.to_string());
    put(headers, &REMAINING, allowed.left.to_string());
}

/// Numbers, ids and words of ours: they always are header values.
fn put(headers: &mut HeaderMap, name: &HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name.clone(), value);
    }
}
