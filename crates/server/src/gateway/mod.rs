//! The door over HTTP: gateways ask here for each call to the platform whether it may pass. Two dialects of one
//! answer: `/gateway/authorize` with bodies, and `/gateway/auth-request` for nginx, which relays neither a body
//! nor any status but 401 and 403.
//!
//! Both are matched before the router and answered without the layers around it: this is the one path whose
//! every microsecond is paid by each call to the platform. Methods that neither takes are left to the router.

mod answer;
mod ask;
pub mod grpc;
pub(crate) mod own;
mod refusal;

use crate::{
    portal::Portal,
    problem::{Kind, Problem, kinds},
};
use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web::Data,
};
use app::gateways::{KnownGateway, Signed, Unsigned};
pub(crate) use ask::pair;
use ask::{Asked, Gateway};
use futures_util::FutureExt as _;
use refusal::Refused;
use std::panic::AssertUnwindSafe;

/// How a gateway wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Any status, with a body.
    Full,
    /// 204, 401 or 403, without one.
    Bare,
}

impl Dialect {
    /// The dialect spoken at a path. Envoy appends the path of the call to the one that it is given.
    fn of(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/gateway/auth")?;
        if rest == "-request" {
            return Some(Self::Bare);
        }
        let rest = rest.strip_prefix("orize")?;
        (rest.is_empty() || rest.starts_with('/')).then_some(Self::Full)
    }

    /// Whether it is asked with this method. Envoy asks with that of the call; nginx always with its own.
    fn takes(self, method: &Method) -> bool {
        match *method {
            Method::GET | Method::HEAD => true,
            Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
                self == Self::Full
            }
            _ => false,
        }
    }
}

/// The outermost layer: answers what is asked at the door, and passes everything else on.
pub(crate) async fn first<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(dialect) = Dialect::of(request.path())
        && dialect.takes(request.method())
    {
        let answer = handle(request.request(), dialect).await;
        return Ok(request.into_response(answer));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// Answers one question.
pub(crate) async fn handle(request: &HttpRequest, dialect: Dialect) -> HttpResponse {
    let answered = AssertUnwindSafe(decide(request)).catch_unwind().await;
    let answered = answered.unwrap_or_else(|_panic| Err(Problem::new(&kinds::INTERNAL).into()));
    match answered {
        Ok(allowed) => answer::allow(&allowed, dialect),
        Err(refused) => answer::refuse(refused, dialect),
    }
}

async fn decide(request: &HttpRequest) -> Result<app::quota::Allowed, Refused> {
    let portal = request.app_data::<Data<Portal>>().ok_or_else(|| Problem::new(&kinds::INTERNAL))?;
    if portal.has_own_door && request.app_data::<own::Here>().is_none() {
        return Err(Problem::new(&kinds::NO_ROUTE).into());
    }
    let asked = Asked::read(request)?;
    identify(portal, &asked).await?;
    let verdict = portal.app.authorise(asked.question()).await.map_err(Problem::from)?;
    refusal::of(verdict)
}

/// Refuses whoever is no gateway, or asks too often, or again.
async fn identify(portal: &Portal, asked: &Asked<'_>) -> Result<(), Refused> {
    match asked.gateway {
        Gateway::Credential(text) => keeps_pace(portal, &by_credential(portal, text).await?),
        Gateway::Signature { credential, time, nonce, signature } => {
            let (audience, parts) = (portal.audience.as_deref(), asked.parts.as_slice());
            let signed = Signed { credential, time, nonce, signature, audience, parts };
            let known = portal.app.signer_of(&signed).await.map_err(Problem::from)?;
            let unsigned = |unsigned| Problem::new(unsigned_kind(unsigned));
            keeps_pace(portal, &known.map_err(unsigned)?)?;
            Ok(portal.app.use_up(&signed).map_err(unsigned)?)
        }
    }
}

fn keeps_pace(portal: &Portal, known: &KnownGateway) -> Result<(), Refused> {
    if portal.app.keeps_pace(known) { Ok(()) } else { Err(Problem::new(&kinds::DOOR_PACE).into()) }
}

/// A gateway that shows its credential; not one that has to sign.
async fn by_credential(portal: &Portal, text: &str) -> Result<KnownGateway, Refused> {
    let known = portal.app.authenticate_gateway(text).await.map_err(Problem::from)?;
    let known = known.ok_or_else(|| Problem::new(&kinds::GATEWAY_UNKNOWN))?;
    if known.settings.signed { Err(Problem::new(&kinds::DOOR_SIGNATURE).into()) } else { Ok(known) }
}

/// What is wrong with a signature.
pub(crate) fn unsigned_kind(unsigned: Unsigned) -> &'static Kind {
    match unsigned {
        Unsigned::Wrong => &kinds::DOOR_SIGNATURE,
        Unsigned::Untimely => &kinds::DOOR_UNTIMELY,
        Unsigned::Replayed => &kinds::DOOR_REPLAYED,
        Unsigned::Busy => &kinds::BUSY,
    }
}
