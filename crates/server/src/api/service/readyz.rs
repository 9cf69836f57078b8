//! `GET /readyz`

use crate::{portal::Portal, problem::Problem};
use actix_web::{HttpResponse, web::Data};
use app::quota::Door;
use serde::Serialize;
use utoipa::ToSchema;

/// What the server can do at this moment, part by part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// Whether requests should come here: all of it works, or does as well as on any other node.
    ready: bool,
    /// Changes are taken: the log can be written.
    writing: Part,
    /// Queries are answered: the read model has caught up.
    reading: Part,
    /// Calls are counted at the door: it knows who is who, and reaches the quota ledger.
    quota: Part,
    /// The server is about to stop.
    draining: bool,
}

/// One part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    ready: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Events the read model has still to fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    lag: Option<u64>,
    /// The position that can't be folded: the read model ends before it until another program folds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    stopped_at: Option<u64>,
    /// Type of the event there; empty when it is not an event that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<String>,
}

/// Whether the server should get requests.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "service",
    responses(
        (status = 200, description = "It should.", body = Readiness),
        (status = 503, description = "It should not, or only some.", body = Readiness),
    )
)]
pub(crate) async fn handle(portal: Data<Portal>) -> Result<HttpResponse, Problem> {
    let readiness = Readiness::of(&portal);
    let mut response = if readiness.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    Ok(response.json(readiness))
}

impl Readiness {
    fn of(portal: &Portal) -> Self {
        let writing = Part {
            ready: portal.app.is_writable(),
            reason: (!portal.app.is_writable()).then_some("the log takes no appends"),
            lag: None,
            stopped_at: None,
            event_type: None,
        };
        let status = portal.app.read().status();
        let lag = portal.app.head().position.0.saturating_sub(status.position.0);
        let reason = if status.failed.is_some() {
            Some("the projector has stopped")
        } else if status.is_stalled {
            Some("the read model cannot be written at this moment")
        } else if !status.serving {
            Some("the read model is being built")
        } else {
            (lag > CAUGHT_UP_LAG).then_some("the read model is behind")
        };
        let reading = Part {
            ready: reason.is_none(),
            reason,
            lag: Some(lag),
            stopped_at: status.failed.as_ref().map(|failed| failed.position.0),
            event_type: status.failed.map(|failed| failed.event_type),
        };
        let (reason, answers) = match portal.app.door() {
            Door::Open => (None, true),
            // Another node can do no better, and a production group's grace is here.
            Door::LedgerAway => (Some("the quota ledger cannot be reached"), true),
            Door::Filling => (Some("the door does not know who is who"), false),
            Door::ClockAstray => (Some("this clock is too far from the quota ledger's"), false),
            Door::Stopped => (Some("nothing counts calls any more"), false),
        };
        let quota = Part { ready: reason.is_none(), reason, lag: None, stopped_at: None, event_type: None };
        let draining = portal.is_draining();
        Self {
            ready: writing.ready && reading.ready && answers && !draining,
            writing,
            reading,
            quota,
            draining,
        }
    }
}

/// A read model in use is always a few events behind; reads wait for those.
const CAUGHT_UP_LAG: u64 = 10_000;
