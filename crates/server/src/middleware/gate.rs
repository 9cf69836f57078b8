//! Around each operation of the table: is the answer acceptable, may the caller, is the version given, has
//! the read model caught up; then a bounded, panic-proof run of the handler.

use super::gateway;
use crate::{
    api::{Endpoint, Shape, Who},
    extract::{Call, accept::preferred, call::single, token},
    portal::Portal,
    problem::{Problem, kinds},
};
use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};
use app::sessions::Principal;
use domain::{actor::Actor, staff::StaffRole};
use futures_util::FutureExt as _;
use std::{panic::AssertUnwindSafe, time::Duration};

/// Longest run of a handler.
const HANDLER_MAX: Duration = Duration::from_secs(10);

/// Lets a request through to its handler, or not.
pub(crate) async fn pass<B: MessageBody + 'static>(
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if endpoint.shape == Shape::Door {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    match admit(endpoint, &request).await {
        Ok(call) => {
            request.extensions_mut().insert(call);
        }
        Err(problem) => return Ok(request.error_response(problem)),
    }
    let bare = request.request().clone();
    let run = AssertUnwindSafe(next.call(request)).catch_unwind();
    let failed = match tokio::time::timeout(HANDLER_MAX, run).await {
        Ok(Ok(Ok(response))) => return Ok(response.map_into_boxed_body()),
        Ok(Ok(Err(error))) => return Ok(ServiceResponse::from_err(error, bare)),
        Ok(Err(_panic)) => Problem::new(&kinds::INTERNAL),
        Err(_elapsed) => Problem::new(&kinds::TIMED_OUT),
    };
    Ok(ServiceResponse::from_err(failed, bare))
}

async fn admit(endpoint: &'static Endpoint, request: &ServiceRequest) -> Result<Call, Problem> {
    let portal = request.app_data::<Data<Portal>>().ok_or_else(|| Problem::new(&kinds::INTERNAL))?;
    accepts(endpoint, request)?;
    let head = portal.app.head().position;
    let (actor, role) = identify(endpoint.who, request, portal).await?;
    if endpoint.shape == Shape::Change && !request.headers().contains_key(header::IF_MATCH) {
        return Err(Problem::new(&kinds::PRECONDITION_REQUIRED));
    }
    if endpoint.shape == Shape::Read {
        let name = header::HeaderName::from_static("portal-min-position");
        let asked = match single(request.headers(), &name)? {
            Some(text) if endpoint.takes_position() => token::position(text, &portal.log_tag())?,
            Some(_) | None => head,
        };
        portal.caught_up(asked.max(head)).await?;
    }
    Call::new(endpoint, actor, role, request, portal)
}

/// Finds out who calls, and whether they may.
async fn identify(
    who: Who,
    request: &ServiceRequest,
    portal: &Portal,
) -> Result<(Actor, Option<StaffRole>), Problem> {
    if who == Who::Public {
        return Ok((Actor::Anonymous, None));
    }
    if who == Who::Gateway {
        return Ok((Actor::Gateway(gateway::identify(request, portal).await?), None));
    }
    let unknown = || Problem::new(&kinds::SIGN_IN_NEEDED);
    let header = single(request.headers(), &header::AUTHORIZATION).ok().flatten().ok_or_else(unknown)?;
    let (scheme, token) = header.split_once(' ').ok_or_else(unknown)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unknown());
    }
    let Principal { actor, role } = portal.app.authenticate(token.trim()).await?.ok_or_else(unknown)?;
    let permitted = match (who, &actor, role) {
        (Who::Public | Who::SignedIn, _, _)
        | (Who::Developer, Actor::Developer(..), _)
        | (Who::Staff, Actor::Staff(..), Some(_))
        | (Who::Approver, Actor::Staff(..), Some(StaffRole::Approver)) => true,
        (Who::Developer | Who::Staff | Who::Approver | Who::Gateway, _, _) => false,
    };
    if permitted { Ok((actor, role)) } else { Err(Problem::new(&kinds::FORBIDDEN)) }
}

/// A client that takes no form of the answer is told so before anything happens.
fn accepts(endpoint: &Endpoint, request: &ServiceRequest) -> Result<(), Problem> {
    let offered = endpoint.media_types();
    if preferred(request.headers(), offered).is_some() {
        return Ok(());
    }
    let problem = Problem::new(&kinds::NOT_ACCEPTABLE);
    match offered {
        [_] => Err(problem),
        several => Err(problem.detail(format!("the answer is available as {}", several.join(", ")))),
    }
}
