//! What the table of routes says of one operation.

use super::{proofs, usage};
use actix_web::{Route, http::Method};

/// Who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without signing in.
    Public,
    /// A signed-in developer.
    Developer,
    /// A signed-in member of staff, whatever the role.
    Staff,
    /// A member of staff who decides.
    Approver,
    /// Anybody signed in.
    SignedIn,
    /// A gateway, by its credential.
    Gateway,
}

/// How it behaves towards the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Neither reads nor changes what the log holds.
    Apart,
    /// Reads; waits until the read model has caught up with the log as it was when the request arrived.
    Read,
    /// Changes; may carry an idempotency key.
    Command,
    /// Changes what must be at the version in `If-Match`.
    Change,
    /// Asks at the door, which reads its own headers.
    Door,
}

/// One operation.
#[derive(Debug)]
pub struct Endpoint {
    /// Method and path template, such as `POST /v1/groups`.
    pub route: &'static str,
    /// Operation id in the OpenAPI document.
    pub operation: &'static str,
    /// Who may call it.
    pub who: Who,
    /// How it behaves.
    pub shape: Shape,
    /// Puts its handler on a route.
    pub bind: fn(Route) -> Route,
}

impl Endpoint {
    /// The path template.
    pub fn path(&self) -> &'static str {
        self.route.split_once(' ').map_or(self.route, |(_, path)| path)
    }

    /// The method.
    pub fn method(&self) -> Method {
        match self.route.split_once(' ') {
            Some(("POST", _)) => Method::POST,
            Some(("PUT", _)) => Method::PUT,
            Some(("PATCH", _)) => Method::PATCH,
            Some(("DELETE", _)) => Method::DELETE,
            Some(("OPTIONS", _)) => Method::OPTIONS,
            _ => Method::GET,
        }
    }

    /// Whether it takes a JSON body.
    pub fn has_body(&self) -> bool {
        matches!(self.method(), Method::POST | Method::PUT | Method::PATCH) && self.shape != Shape::Door
    }

    /// What its answers can be, the usual first.
    pub fn media_types(&self) -> &'static [&'static str] {
        match self.operation {
            "get_usage" => usage::get::MEDIA_TYPES,
            "show_proof" | "answer_proof" => proofs::MEDIA_TYPES,
            _ => &["application/json"],
        }
    }

    /// Whether it takes a position to wait for; what strangers wait for would tell them how far the log is.
    pub fn takes_position(&self) -> bool {
        self.shape == Shape::Read && self.who != Who::Public
    }

    /// Whether it takes an idempotency key.
    pub fn takes_key(&self) -> bool {
        self.method() == Method::POST && matches!(self.shape, Shape::Command | Shape::Change)
    }
}
