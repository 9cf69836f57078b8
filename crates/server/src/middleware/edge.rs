//! The outermost layer: an id for every request, every failure as a problem document, the headers every
//! answer carries, one line in the access log.

use super::access_log;
use crate::{
    extract::RequestId,
    portal::{Fatal, Portal},
    problem::{Kind, Problem, kinds},
};
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use std::time::Instant;
use uuid::Uuid;

/// Marks an answer that says all there is to say, whatever its status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finished;

/// Wraps the whole application.
pub(crate) async fn wrap<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let portal = request.app_data::<Data<Portal>>().cloned();
    let request_id = portal.as_ref().map_or_else(Uuid::nil, |portal| portal.ids.v4());
    request.extensions_mut().insert(RequestId(request_id));
    let mut response = next.call(request).await?.map_into_boxed_body();
    let kind = failure(&mut response, request_id);
    if let (Some(kind), Some(portal)) = (kind, &portal) {
        stop_if_fatal(portal, kind);
    }
    let https = portal.as_ref().is_some_and(|portal| portal.https);
    finish(response.headers_mut(), request_id, https);
    access_log::write(&response, kind, request_id, started.elapsed());
    Ok(response)
}

/// Turns a failed answer into a problem document bound to the request. Tells its kind.
fn failure(response: &mut ServiceResponse<BoxBody>, request_id: Uuid) -> Option<&'static Kind> {
    let status = response.status();
    if status.as_u16() < 400 || response.response().extensions().contains::<Finished>() {
        return None;
    }
    let inner = response.response();
    let problem = inner.error().and_then(|error| error.as_error::<Problem>());
    let (kind, mut rendered) = match problem {
        Some(problem) => (problem.kind, problem.respond(Some(request_id))),
        // A handler that answers with a status of its own, such as readiness, says all there is to say.
        None if inner.headers().contains_key(header::CONTENT_TYPE) && inner.error().is_none() => return None,
        None => {
            let kind = of_status(status);
            (kind, Problem::new(kind).respond(Some(request_id)))
        }
    };
    for (name, value) in inner.headers() {
        if !rendered.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    *response.response_mut() = rendered;
    Some(kind)
}

/// What the framework means by a status it answers on its own.
fn of_status(status: StatusCode) -> &'static Kind {
    match status {
        StatusCode::NOT_FOUND => &kinds::NO_ROUTE,
        StatusCode::METHOD_NOT_ALLOWED => &kinds::NO_METHOD,
        StatusCode::PAYLOAD_TOO_LARGE => &kinds::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &kinds::UNSUPPORTED_TYPE,
        status if status.is_client_error() => &kinds::BAD_REQUEST,
        _ => &kinds::INTERNAL,
    }
}

fn stop_if_fatal(portal: &Portal, kind: &'static Kind) {
    if *kind == kinds::IN_DOUBT {
        portal.fail(Fatal::NotDurable);
    } else if *kind == kinds::KEYS_LOST {
        portal.fail(Fatal::KeysLost);
    }
}

/// Headers of every answer (OWASP ASVS 5.0, 3.4 and 14.3.2).
fn finish(headers: &mut HeaderMap, request_id: Uuid, https: bool) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in fixed {
        // A picture says for itself what its one style is.
        if name != header::CONTENT_SECURITY_POLICY || !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
