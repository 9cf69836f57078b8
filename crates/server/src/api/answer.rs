//! Answers that succeed: status, body, and the headers that go with commands and versions.

use crate::portal::Portal;
use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode, http::header};
use app::Done;
use eventlog::StreamVersion;
use readmodel::Listed;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageOf<T> {
    /// The items, oldest first where the list does not say otherwise.
    #[schema(max_items = 100)]
    items: Vec<T>,
    /// Cursor of the next page; null at the end.
    #[schema(required, min_length = 12, max_length = 12)]
    next: Option<String>,
}

impl<T> PageOf<T> {
    /// Rows as items.
    pub(crate) fn of<R>(listed: Listed<R>, item: impl Fn(R) -> T) -> Self {
        Self {
            items: listed.items.into_iter().map(item).collect(),
            next: listed.next.map(crate::extract::query::cursor),
        }
    }
}

/// 200 with a body that has no version.
pub(crate) fn plain(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 200 with the version of what is shown.
pub(crate) fn versioned(portal: &Portal, version: StreamVersion, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, portal.etag(version))).json(body)
}

/// What a command gave.
pub(crate) fn done<T>(portal: &Portal, status: StatusCode, done: &Done<T>) -> HttpResponseBuilder {
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header(("Portal-Position", portal.position_token(done.position)));
    response.insert_header(("Portal-Command", done.command.to_string()));
    if done.replayed {
        response.insert_header(("Idempotent-Replay", "true"));
    }
    response
}

/// 201 with the place and version of what was made.
pub(crate) fn created<T>(
    portal: &Portal,
    result: &Done<T>,
    (location, version): (String, StreamVersion),
    body: &impl Serialize,
) -> HttpResponse {
    done(portal, StatusCode::CREATED, result)
        .insert_header((header::LOCATION, location))
        .insert_header((header::ETAG, portal.etag(version)))
        .json(body)
}

/// 200 with the version of what was changed.
pub(crate) fn changed<T>(
    portal: &Portal,
    result: &Done<T>,
    version: StreamVersion,
    body: &impl Serialize,
) -> HttpResponse {
    done(portal, StatusCode::OK, result).insert_header((header::ETAG, portal.etag(version))).json(body)
}
