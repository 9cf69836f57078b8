//! A portal that answers that it can't decide, in the way that a gateway asks.

use crate::{kinds::Kind, upstream::Upstream};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::task::JoinHandle;
use tonic::{
    Status,
    body::Body,
    codegen::{Service, http},
    server::NamedService,
    transport::{Server, server::TcpIncoming},
};

/// The portal.
pub(crate) enum Undecided {
    Http(Upstream),
    Grpc { address: SocketAddr, asked: Arc<AtomicUsize>, serving: JoinHandle<()> },
}

impl Undecided {
    pub(crate) async fn start(kind: Kind) -> Self {
        if kind.speaks_grpc() {
            let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port");
            let address = incoming.local_addr().expect("an address");
            let asked = Arc::<AtomicUsize>::default();
            let router = Server::builder().add_service(RateLimitService { asked: asked.clone() });
            let serving =
                tokio::spawn(async { router.serve_with_incoming(incoming).await.expect("it serves") });
            return Self::Grpc { address, asked, serving };
        }
        // In nginx's dialect every refusal is 401 or 403.
        let says = if kind == Kind::Nginx { "403 No\r\nPortal-Status: 507" } else { "503 No" };
        Self::Http(Upstream::saying(says).await)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Http(upstream) => upstream.address(),
            Self::Grpc { address, .. } => *address,
        }
    }

    /// How many questions reached it since this was asked last.
    pub(crate) fn take(&self) -> usize {
        match self {
            Self::Http(upstream) => upstream.take().len(),
            Self::Grpc { asked, .. } => asked.swap(0, Ordering::SeqCst),
        }
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        if let Self::Grpc { serving, .. } = self {
            serving.abort();
        }
    }
}

/// Says of every call that it can't be decided.
#[derive(Clone)]
struct RateLimitService {
    asked: Arc<AtomicUsize>,
}

impl NamedService for RateLimitService {
    const NAME: &'static str = "envoy.service.ratelimit.v3.RateLimitService";
}

impl<B> Service<http::Request<B>> for RateLimitService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<B>) -> Self::Future {
        self.asked.fetch_add(1, Ordering::SeqCst);
        ready(Ok(Status::unavailable("not now").into_http()))
    }
}
