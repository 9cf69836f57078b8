//! One line for each answer: method, route pattern, status, time. Never the path as it came, a query, a
//! header or a body: any of them may hold an address or a code.

use crate::problem::Kind;
use actix_web::dev::ServiceResponse;
use std::time::Duration;
use uuid::Uuid;

/// Target of the lines, to filter by.
pub(crate) const TARGET: &str = "access";

/// Writes the line.
pub(crate) fn write<B>(response: &ServiceResponse<B>, kind: Option<&Kind>, request_id: Uuid, took: Duration) {
    let request = response.request();
    let route = request.match_pattern().unwrap_or_else(|| "(none)".to_owned());
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        // A method is free text of the client's.
        _ => "(other)",
    };
    tracing::info!(
        target: TARGET,
        method,
        route,
        status = response.status().as_u16(),
        code = kind.map(|kind| kind.code),
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        %request_id,
    );
}
