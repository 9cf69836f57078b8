//! The door for Envoy's rate limit filter: `envoy.service.ratelimit.v3.RateLimitService` over gRPC.
//!
//! A descriptor names the caller by an entry `credential` (an `Authorization` header, or the secret alone) or
//! `key` (a public key; Envoy's configuration vouches for it), and perhaps a `site`. The gateway shows its own
//! credential as metadata `portal-gateway`.
//!
//! Whatever a client can bring about is answered, with the status that is meant in `Portal-Status`: a failure may
//! let the call pass, as Envoy's configuration says.

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
use messages::{
    Code, DescriptorStatus, Duration, HeaderValue, RateLimitDescriptor, RateLimitRequest, RateLimitResponse,
};
use std::{
    convert::Infallible,
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{BoxFuture, Service, StdError, http},
    server::{Grpc, NamedService, UnaryService},
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;

/// Descriptors of one request; Envoy makes one for each rate limit of a route.
const DESCRIPTORS_MAX: usize = 10;
/// Requests of one connection at once.
const STREAMS_MAX: u32 = 1_024;
/// Longest message in bytes: a client's headers, of which Envoy takes 60 KiB, make no question too long to be answered.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// Stands for an entry that is no text: it opens nothing, and is the id of no site.
const NO_TEXT: &str = "\u{fffd}";
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
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        Server::builder()
            .max_concurrent_streams(STREAMS_MAX)
            .add_service(RateLimitService { portal })
            .serve_with_incoming_shutdown(incoming, stop)
            .await
            .context("the gRPC server has stopped")
    }
}

/// The service: one method.
#[derive(Clone)]
struct RateLimitService {
    portal: Arc<Portal>,
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
            let codec = ProstCodec::<RateLimitResponse, RateLimitRequest>::default();
            let mut grpc = Grpc::new(codec).max_decoding_message_size(MESSAGE_BYTES_MAX);
            Ok(grpc.unary(service, request).await)
        })
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
    let credential = request.metadata().get("portal-gateway").and_then(|value| value.to_str().ok());
    let asked = request.get_ref();
    if asked.descriptors.is_empty() || asked.descriptors.len() > DESCRIPTORS_MAX {
        return Err(Status::invalid_argument("1 to 10 descriptors are expected"));
    }
    let mut response = RateLimitResponse { overall_code: Code::Ok.into(), ..RateLimitResponse::default() };
    for descriptor in &asked.descriptors {
        // What was refused is refused as a whole: what follows is not asked, and costs nothing.
        if response.overall_code != i32::from(Code::Ok) {
            response.statuses.push(DescriptorStatus::default());
            continue;
        }
        match decide(portal, credential.unwrap_or_default(), descriptor, asked.hits_addend).await {
            Ok(allowed) => admit(&mut response, &allowed),
            Err(refused) if refused.problem().kind.status < 500 => refuse(&mut response, &refused),
            Err(refused) => return Err(undecided(refused.problem())),
        }
    }
    Ok(response)
}

async fn decide(
    portal: &Portal,
    credential: &str,
    descriptor: &RateLimitDescriptor,
    hits: u32,
) -> Result<Allowed, Refused> {
    let known = super::by_credential(portal, credential).await?;
    if !portal.app.keeps_pace(&known) {
        return Err(Problem::new(&kinds::DOOR_PACE).into());
    }
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
    // No addend is one unit: the protocol can't tell it from zero.
    let cost = hits.map_err(|_| Problem::new(&kinds::DOOR_COST))?.max(1);
    let site = ask::site(entry("site"))?;
    let question = Question { caller: shown.caller(), site: site.as_deref(), cost };
    refusal::of(portal.app.authorise(question).await.map_err(Problem::from)?)
}

fn admit(response: &mut RateLimitResponse, allowed: &Allowed) {
    response.statuses.push(DescriptorStatus {
        code: Code::Ok.into(),
        limit_remaining: allowed.left,
        duration_until_reset: Some(Duration { seconds: allowed.window_s.into() }),
    });
    // Of several descriptors the last one is told.
    response.response_headers_to_add = left_headers(allowed).into_iter().map(header).collect();
    response.request_headers_to_add = whose_headers(allowed).into_iter().map(header).collect();
}

fn refuse(response: &mut RateLimitResponse, refused: &Refused) {
    response.overall_code = Code::OverLimit.into();
    let (problem, exceeded) = (refused.problem(), refused.exceeded());
    response.statuses.push(DescriptorStatus {
        code: Code::OverLimit.into(),
        limit_remaining: exceeded.map_or(0, |exceeded| exceeded.would.left),
        duration_until_reset: exceeded.map(|exceeded| Duration { seconds: exceeded.retry_after_s.into() }),
    });
    let status = ("portal-status", problem.kind.status.to_string());
    let challenge = problem.scheme().map(|scheme| ("www-authenticate", scheme.to_owned()));
    let headers = refused_headers(refused).into_iter().chain([status]).chain(challenge);
    response.response_headers_to_add = headers.map(header).collect();
    response.request_headers_to_add.clear();
    // Numbers and texts of ours: they always are JSON.
    response.raw_body = serde_json::to_vec(&problem.body(None)).unwrap_or_default();
}

fn header((key, value): (&'static str, String)) -> HeaderValue {
    HeaderValue { key: key.to_owned(), value }
}

/// What is wrong with us is a failure: Envoy's configuration says what becomes of the call then.
fn undecided(problem: &Problem) -> Status {
    Status::unavailable(problem.detail.clone().unwrap_or_else(|| problem.kind.when.to_owned()))
}
