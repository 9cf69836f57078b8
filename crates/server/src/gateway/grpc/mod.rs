//! The door for Envoy's rate limit filter: `envoy.service.ratelimit.v3.RateLimitService` over gRPC.
//!
//! A descriptor names the caller by an entry `credential` (an `Authorization` header, or the secret alone) or
//! `key` (a public key; Envoy's configuration vouches for it), and perhaps a `site`. The gateway shows its own
//! credential as metadata `portal-gateway`. A request has one descriptor: several could not be charged all or none, and
//! Envoy refuses a call of which one is refused.
//!
//! Whatever a client can bring about is answered, with the status that is meant in `Portal-Status`: a failure may
//! let the call pass, as Envoy's configuration says.

mod incoming;
pub mod messages;

use super::{
    answer::{left_headers, refused_headers, whose_headers},
    ask::{self, Shown},
    refusal::{self, Refused},
};
use crate::{
    exit::Failure,
    portal::Portal,
    problem::{Problem, kinds},
};
use anyhow::Context as _;
use app::quota::{Allowed, Question};
use futures_util::FutureExt as _;
use incoming::Bounds;
use messages::{
    Code, DescriptorStatus, Duration, HeaderValue, RateLimitDescriptor, RateLimitRequest, RateLimitResponse,
};
use std::{
    convert::Infallible,
    future::{Future, Ready},
    net::{SocketAddr, TcpListener},
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::Duration as Time,
};
use tokio::sync::Semaphore;
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{BoxFuture, Service, StdError, http},
    server::{Grpc, NamedService, UnaryService},
    transport::Server,
};
use tonic_prost::ProstCodec;

/// Connections; a live one is pinged so often, and so answers well before it counts as silent.
const BOUNDS: Bounds = Bounds { connections: 2_048, silence: Time::from_secs(15) };
const PING_EVERY: Time = Time::from_secs(5);
/// Longest run of a request.
const REQUEST_MAX: Time = Time::from_secs(10);
/// Requests of one connection at once.
const STREAMS_MAX: u32 = 128;
/// Requests of all connections that are read or answered at once; one more is a failure, and nothing of it is read.
const REQUESTS_MAX: usize = 1_024;
/// Longest message in bytes: a client's headers, of which Envoy takes 60 KiB, make no question too long to be answered.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// Stands for an entry that is no text: it opens nothing, and is the id of no site.
const NO_TEXT: &str = "\u{fffd}";
/// A frame with nothing in it: neither compressed nor long (gRPC over HTTP/2, Length-Prefixed-Message).
const EMPTY_MESSAGE: &str = "\0\0\0\0\0";
const METHOD: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/// A bound port for gRPC.
pub(crate) struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Binds the port.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let unavailable = |error| Failure::Unavailable(format!("cannot listen on {address}: {error}"));
        let listener = TcpListener::bind(address).map_err(unavailable)?;
        listener.set_nonblocking(true).map_err(unavailable)?;
        let address = listener.local_addr().map_err(unavailable)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until told to stop; requests under way end first.
    pub(crate) async fn serve(
        self,
        portal: Arc<Portal>,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener).context("the port cannot be used")?;
        let incoming = incoming::accept(listener, BOUNDS);
        Server::builder()
            .max_concurrent_streams(STREAMS_MAX)
            .http2_keepalive_interval(Some(PING_EVERY))
            .http2_keepalive_timeout(Some(PING_EVERY))
            .add_service(RateLimitService { portal, places: Arc::new(Semaphore::new(REQUESTS_MAX)) })
            .serve_with_incoming_shutdown(incoming, stop)
            .await
            .context("the gRPC server has stopped")
    }
}

/// The service: one method.
#[derive(Clone)]
struct RateLimitService {
    portal: Arc<Portal>,
    /// For requests at once.
    places: Arc<Semaphore>,
}

impl NamedService for RateLimitService {
    const NAME: &'static str = "envoy.service.ratelimit.v3.RateLimitService";
}

impl<B> Service<http::Request<B>> for RateLimitService
where
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            if request.uri().path() != METHOD {
                return Ok(Status::unimplemented("there is ShouldRateLimit only").into_http());
            }
            let Ok(_place) = service.places.try_acquire() else {
                return Ok(Status::resource_exhausted(kinds::BUSY.when).into_http());
            };
            let answered = bounded(service.answer(request)).await;
            Ok(answered.unwrap_or_else(Status::into_http))
        })
    }
}

impl RateLimitService {
    /// Nothing of what a stranger sends is read: the credential stands before it.
    async fn answer<B>(&self, request: http::Request<B>) -> http::Response<Body>
    where
        B: tonic::codegen::Body + Send + 'static,
        B::Error: Into<StdError> + Send + 'static,
    {
        let codec = ProstCodec::<RateLimitResponse, RateLimitRequest>::default();
        let mut grpc = Grpc::new(codec).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let shown = request.headers().get("portal-gateway").and_then(|value| value.to_str().ok());
        let shown = shown.unwrap_or_default().to_owned();
        match self.admits(&shown).await {
            Ok(()) => grpc.unary(self.clone(), request).await,
            Err(refused) if refused.problem().kind.status < 500 => {
                let unread = request.map(|_| EMPTY_MESSAGE.to_owned());
                grpc.unary(Refusal(refuse(&refused)), unread).await
            }
            Err(refused) => undecided(refused.problem()).into_http(),
        }
    }

    async fn admits(&self, shown: &str) -> Result<(), Refused> {
        let known = super::by_credential(&self.portal, shown).await?;
        super::keeps_pace(&self.portal, &known)
    }
}

/// What is answered in place of a message that was not read.
struct Refusal(RateLimitResponse);

impl UnaryService<RateLimitRequest> for Refusal {
    type Response = RateLimitResponse;
    type Future = Ready<Result<Response<RateLimitResponse>, Status>>;

    fn call(&mut self, _: Request<RateLimitRequest>) -> Self::Future {
        std::future::ready(Ok(Response::new(std::mem::take(&mut self.0))))
    }
}

/// An answer in time, or a failure: a panic ends the request, not the connection.
async fn bounded<T>(request: impl Future<Output = T>) -> Result<T, Status> {
    match tokio::time::timeout(REQUEST_MAX, AssertUnwindSafe(request).catch_unwind()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_panic)) => Err(Status::internal("the server failed")),
        Err(_elapsed) => Err(Status::deadline_exceeded(kinds::TIMED_OUT.when)),
    }
}

impl UnaryService<RateLimitRequest> for RateLimitService {
    type Response = RateLimitResponse;
    type Future = BoxFuture<Response<RateLimitResponse>, Status>;

    fn call(&mut self, request: Request<RateLimitRequest>) -> Self::Future {
        let portal = self.portal.clone();
        Box::pin(async move { should_rate_limit(&portal, &request).await.map(Response::new) })
    }
}

async fn should_rate_limit(
    portal: &Portal,
    request: &Request<RateLimitRequest>,
) -> Result<RateLimitResponse, Status> {
    let asked = request.get_ref();
    let [descriptor] = asked.descriptors.as_slice() else {
        return Err(Status::invalid_argument(
            "descriptors must be exactly one: give the route one rate limit",
        ));
    };
    match decide(portal, descriptor, asked.hits_addend).await {
        Ok(allowed) => Ok(admit(&allowed)),
        Err(refused) if refused.problem().kind.status < 500 => Ok(refuse(&refused)),
        Err(refused) => Err(undecided(refused.problem())),
    }
}

async fn decide(portal: &Portal, descriptor: &RateLimitDescriptor, hits: u32) -> Result<Allowed, Refused> {
    let entry = |name: &str| {
        let mut entries = descriptor.entries.iter().filter(|entry| entry.key == name);
        let value = entries.next().map(|entry| str::from_utf8(&entry.value).unwrap_or(NO_TEXT));
        value.filter(|value| !value.is_empty())
    };
    let shown = match (entry("key"), entry("credential")) {
        (Some(key), None) => Shown::Key(key),
        (None, Some(text)) if text.contains(' ') => ask::shown(Some(text)),
        (None, Some(text)) => Shown::Bearer(text),
        (None, None) => Shown::Nothing,
        (Some(_), Some(_)) => Shown::Unreadable,
    };
    let hits = descriptor.hits_addend.map_or(Ok(hits), |own| u32::try_from(own.value));
    // None is one unit, and so is zero: in a request the two look the same, and a descriptor's own means no other.
    let cost = hits.map_err(|_| Problem::new(&kinds::DOOR_COST))?.max(1);
    let site = ask::site(entry("site"))?;
    let question = Question { caller: shown.caller(), site: site.as_deref(), cost };
    refusal::of(portal.app.authorise(question).await.map_err(Problem::from)?)
}

fn admit(allowed: &Allowed) -> RateLimitResponse {
    let status = DescriptorStatus {
        code: Code::Ok.into(),
        limit_remaining: allowed.left,
        duration_until_reset: Some(Duration { seconds: allowed.window_s.into() }),
    };
    RateLimitResponse {
        overall_code: status.code,
        statuses: vec![status],
        response_headers_to_add: left_headers(allowed).into_iter().map(header).collect(),
        request_headers_to_add: whose_headers(allowed).into_iter().map(header).collect(),
        ..RateLimitResponse::default()
    }
}

fn refuse(refused: &Refused) -> RateLimitResponse {
    let (problem, exceeded) = (refused.problem(), refused.exceeded());
    let status = DescriptorStatus {
        code: Code::OverLimit.into(),
        limit_remaining: exceeded.map_or(0, |exceeded| exceeded.would.left),
        duration_until_reset: exceeded.map(|exceeded| Duration { seconds: exceeded.retry_after_s.into() }),
    };
    let meant = ("portal-status", problem.kind.status.to_string());
    let challenge = problem.scheme().map(|scheme| ("www-authenticate", scheme.to_owned()));
    let headers = refused_headers(refused).into_iter().chain([meant]).chain(challenge);
    RateLimitResponse {
        overall_code: status.code,
        statuses: vec![status],
        response_headers_to_add: headers.map(header).collect(),
        // Numbers and texts of ours: they always are JSON.
        raw_body: serde_json::to_vec(&problem.body(None)).unwrap_or_default(),
        ..RateLimitResponse::default()
    }
}

fn header((key, value): (&'static str, String)) -> HeaderValue {
    HeaderValue { key: key.to_owned(), value }
}

/// What is wrong with us is a failure: Envoy's configuration says what becomes of the call then.
fn undecided(problem: &Problem) -> Status {
    Status::unavailable(problem.detail.clone().unwrap_or_else(|| problem.kind.when.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_its_request_and_nothing_else() {
        let failed: Result<(), _> = bounded(async { panic!("on purpose") }).await;
        assert_eq!(failed.unwrap_err().code(), tonic::Code::Internal);
        assert_eq!(bounded(async { 1 }).await.unwrap(), 1);
    }
}
