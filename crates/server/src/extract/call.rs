//! Who calls, and with which headers: what the gate found out before the handler runs.

use super::json::Json;
use crate::{
    api::{Endpoint, Shape},
    extract::token,
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
};
use app::Meta;
use domain::{
    actor::Actor,
    ids::{DeveloperId, GatewayId, SessionId, StaffId},
    staff::StaffRole,
};
use eventlog::StreamVersion;
use std::future::{Ready, ready};
use uuid::Uuid;

/// Longest idempotency key in characters.
pub const KEY_CHARS_MAX: usize = 128;

/// Our id of the request; in the request's extensions from its first instant.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// A request that passed the gate.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who acts.
    pub actor: Actor,
    /// Role of staff, none for others.
    pub role: Option<StaffRole>,
    request_id: Uuid,
    route: &'static str,
    idempotency_key: Option<String>,
    if_match: Option<StreamVersion>,
}

impl Call {
    /// Reads the headers that go with commands.
    pub fn new(
        endpoint: &'static Endpoint,
        actor: Actor,
        role: Option<StaffRole>,
        request: &impl HttpMessage,
        portal: &Portal,
    ) -> Result<Self, Problem> {
        let headers = request.headers();
        let request_id = request.extensions().get::<RequestId>().map_or_else(Uuid::nil, |id| id.0);
        let idempotency_key = if endpoint.takes_key() { idempotency_key(headers)? } else { None };
        let changes = matches!(endpoint.shape, Shape::Command | Shape::Change);
        let if_match = if changes { single(headers, &header::IF_MATCH)? } else { None };
        let if_match = if_match.map(|text| token::version(text, &portal.log_tag())).transpose()?;
        Ok(Self { actor, role, request_id, route: endpoint.route, idempotency_key, if_match })
    }

    /// What goes with a command to the application.
    pub fn meta<T>(&self, body: &Json<T>) -> Meta {
        self.with_digest(body.digest)
    }

    /// What goes with a command whose request has no body: its path says everything.
    pub fn bare_meta(&self) -> Meta {
        self.with_digest([0; 32])
    }

    fn with_digest(&self, request_digest: [u8; 32]) -> Meta {
        Meta {
            actor: self.actor,
            request_id: self.request_id,
            idempotency_key: self.idempotency_key.clone(),
            route: self.route,
            request_digest,
            if_match: self.if_match,
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(text) = single(headers, &header::HeaderName::from_static("idempotency-key"))? else {
        return Ok(None);
    };
    // The draft standard writes the key as a quoted string; both forms name the same key.
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.filter(|key| !key.is_empty()).unwrap_or(text);
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    let malformed =
        || Problem::new(&kinds::BAD_HEADER).detail("Idempotency-Key has 1 to 128 visible ASCII characters");
    if fits { Ok(Some(key.to_owned())) } else { Err(malformed()) }
}

/// The value of a header that may stand once.
pub(crate) fn single<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    text.map(Some)
        .ok_or_else(|| Problem::new(&kinds::BAD_HEADER).detail(format!("{name} is malformed or given twice")))
}

impl FromRequest for Call {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Absent only when a handler is bound outside the table; then nobody is let in.
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| Problem::new(&kinds::SIGN_IN_NEEDED)))
    }
}

/// The signed-in developer.
#[derive(Debug, Clone, Copy)]
pub struct Developer(pub DeveloperId);

impl FromRequest for Developer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match actor(request) {
            Some(Actor::Developer(developer, _)) => Ok(Self(developer)),
            _ => Err(Problem::new(&kinds::FORBIDDEN)),
        })
    }
}

/// The signed-in member of staff.
#[derive(Debug, Clone, Copy)]
pub struct Staff(pub StaffId);

impl FromRequest for Staff {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match actor(request) {
            Some(Actor::Staff(staff, _)) => Ok(Self(staff)),
            _ => Err(Problem::new(&kinds::FORBIDDEN)),
        })
    }
}

/// The gateway whose credential was shown.
#[derive(Debug, Clone, Copy)]
pub struct Gateway(pub GatewayId);

impl FromRequest for Gateway {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match actor(request) {
            Some(Actor::Gateway(gateway)) => Ok(Self(gateway)),
            _ => Err(Problem::new(&kinds::GATEWAY_UNKNOWN)),
        })
    }
}

/// The session of whoever is signed in.
#[derive(Debug, Clone, Copy)]
pub struct Session(pub SessionId);

impl FromRequest for Session {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match actor(request) {
            Some(Actor::Developer(_, session) | Actor::Staff(_, session)) => Ok(Self(session)),
            _ => Err(Problem::new(&kinds::FORBIDDEN)),
        })
    }
}

fn actor(request: &HttpRequest) -> Option<Actor> {
    request.extensions().get::<Call>().map(|call| call.actor)
}
