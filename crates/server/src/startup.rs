//! The running server: everything opened, a port bound, workers started, and all of it ended in order.

use crate::{
    api,
    config::Config,
    exit::Failure,
    extract::query,
    gateway::{self, grpc::Listening, own::OwnDoor},
    middleware::edge,
    parts::{self, Counting, Opened},
    portal::{Fatal, Portal},
    post::{self, Returning},
    prober,
    problem::{Problem, failures::chain, kinds},
};
use actix_web::{
    App as HttpApp, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{Data, PathConfig, QueryConfig, ServiceConfig},
};
use anyhow::Context as _;
use app::{
    App,
    clock::Clock,
    contact_checks::{CheckSettings, ContactWatch, Look},
    ids::Ids,
    mail::Worker,
    quota::Follower,
};
use eventlog::{EventLog, OnFatal};
use readmodel::Projector;
use rustls::ServerConfig;
use std::{
    future::Future,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// The head of a request must have arrived by then; the body counts against the handler's time.
const HEAD_MAX: Duration = Duration::from_secs(5);
/// An idle connection is kept so long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Connections of one worker thread; more wait to be accepted.
const CONNECTIONS_MAX: usize = 2_048;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Requests under way get so long to end when the server stops.
const DRAIN_S: u64 = 10;
/// A worker gets so long to end what it is doing.
const WORKER_END_MAX: Duration = Duration::from_secs(20);

/// A server ready to run.
pub struct Application {
    address: SocketAddr,
    server: Server,
    portal: Data<Portal>,
    log: EventLog,
    projector: Projector,
    mail: Option<Worker>,
    counting: Counting,
    grpc: Option<Listening>,
    door: Option<OwnDoor>,
    looking: Option<ContactWatch>,
    returning: Option<Returning>,
}

impl Application {
    /// Opens the data directory and binds the port; nothing is answered yet.
    pub async fn build(config: Config, clock: Clock, ids: Ids) -> Result<Self, Failure> {
        let fatal = watch::Sender::new(None);
        let Opened { app, log, projector, counting } =
            parts::open(&config, clock.clone(), ids.clone(), Some(on_fatal(&fatal))).await?;
        let listener = TcpListener::bind(config.listen)
            .map_err(|error| Failure::Unavailable(format!("cannot listen on {}: {error}", config.listen)))?;
        let address = listener.local_addr().context("the port has no address")?;
        let grpc = config.gateway.grpc_listen.map(Listening::bind).transpose()?;
        let base_url = config.base_url.unwrap_or_else(|| format!("http://{address}"));
        let https = base_url.starts_with("https://");
        let mail = if let Some(smtp) = &config.smtp {
            Some(app.mail_worker(post::mailer(&app, smtp)?, base_url))
        } else {
            tracing::warn!("no mail relay is configured (smtp.url): codes and notices wait unsent");
            None
        };
        let returning =
            config.smtp.as_ref().and_then(|smtp| Returning::open(&app, smtp).transpose()).transpose()?;
        let looking = match &config.reachability {
            Some(settings) => Some(prober::watch(&app, settings, &config.policy)?),
            None => None,
        };
        let mut portal = Portal::new(app, clock, ids, https, fatal);
        portal.has_own_door = config.gateway.listen.is_some();
        portal.audience.clone_from(&config.gateway.audience);
        let portal = Data::new(portal);
        let everybody = portal.clone();
        let server = serve(listener, None, config.workers, move |config| wire(config, everybody.clone()))?;
        let door = OwnDoor::open(&config.gateway, config.workers, &portal)?;
        Ok(Self { address, server, portal, log, projector, mail, counting, grpc, door, looking, returning })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it listens for gRPC.
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().map(Listening::address)
    }

    /// Where it listens for gateways only.
    pub fn door_address(&self) -> Option<SocketAddr> {
        self.door.as_ref().map(OwnDoor::address)
    }

    /// Where it takes mail that comes back.
    pub fn inbound_address(&self) -> Option<SocketAddr> {
        self.returning.as_ref().and_then(Returning::address)
    }

    /// Its use cases, for what has no route.
    pub fn app(&self) -> App {
        self.portal.app.clone()
    }

    /// The same with somebody else who looks at contacts, for tests.
    #[must_use]
    pub fn looking_with(self, look: Arc<dyn Look>, settings: CheckSettings) -> Self {
        let looking = Some(self.portal.app.contact_watch(look, settings));
        Self { looking, ..self }
    }

    /// Answers until `stop` completes or something is wrong that only a new process can mend. Then: not ready,
    /// no new connections, requests under way end, workers end, the log closes.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let Self { address, server, portal, log, projector, mail, counting, grpc, door, looking, returning } =
            self;
        let Counting { ledger, worker, follower, notices } = counting;
        let (workers_stop, stopped) = watch::channel(false);
        let mut fatal = portal.fatal();
        let mut workers = vec![tokio::spawn(project(projector, stopped.clone()))];
        workers.extend(mail.map(|worker| tokio::spawn(send_mails(worker, portal.clone(), stopped.clone()))));
        workers.push(tokio::spawn(count(worker, portal.clone(), stopped.clone())));
        workers.push(tokio::spawn(follow(follower, stopped.clone())));
        workers.push(tokio::spawn(keep_house(portal.app.clone(), stopped.clone())));
        workers.extend(looking.map(|watch| tokio::spawn(watch.run(until(stopped.clone())))));
        workers.extend(returning.map(|returning| tokio::spawn(returning.take(stopped.clone()))));
        workers.push(tokio::spawn(tell_thresholds(portal.app.clone(), notices, stopped.clone())));
        workers.push(tokio::spawn(keep_usage(portal.app.clone(), stopped.clone())));
        let (doors_stop, shut) = watch::channel(false);
        let grpc = grpc.map(|grpc| tokio::spawn(answer_grpc(grpc, portal.clone(), shut)));
        let door = door.map(OwnDoor::start);
        let handle = server.handle();
        let serving = tokio::spawn(answer(server, portal.clone()));
        tracing::info!(%address, "listening");
        let outcome = tokio::select! {
            () = stop => Ok(()),
            reason = fatal.wait_for(Option::is_some) => Err(failure(reason.ok().and_then(|reason| *reason))),
        };
        portal.drain();
        tracing::info!("stopping");
        doors_stop.send_replace(true);
        if let Some(door) = door {
            door.stop(outcome.is_ok()).await;
        }
        // What only a new process can mend is not waited for: who waits for an answer is in doubt either way.
        handle.stop(outcome.is_ok()).await;
        if let Some(grpc) = grpc
            && tokio::time::timeout(Duration::from_secs(DRAIN_S), grpc).await.is_err()
        {
            tracing::warn!("gRPC connections did not end in time");
        }
        workers.push(serving);
        workers_stop.send_replace(true);
        for worker in workers {
            if tokio::time::timeout(WORKER_END_MAX, worker).await.is_err() {
                tracing::error!("a worker did not end in time");
            }
        }
        if tokio::time::timeout(WORKER_END_MAX, portal.app.finish()).await.is_err() {
            tracing::error!("a command did not end in time");
        }
        ledger.close().await;
        log.close().await;
        tracing::info!("stopped");
        outcome
    }
}

/// Folds the log. When it fails, queries stop and commands go on: readiness tells.
async fn project(projector: Projector, stopped: watch::Receiver<bool>) {
    if let Err(error) = projector.run(until(stopped)).await {
        tracing::error!(error = %chain(&error), "the projector has stopped");
    }
}

/// Keeps the door's directory up to date. When it ends, calls are refused and all else goes on: readiness tells.
async fn follow(follower: Follower, stopped: watch::Receiver<bool>) {
    if let Err(error) = follower.run(until(stopped)).await {
        tracing::error!(error = %chain(&error), "the door is shut");
    }
}

/// Counts calls. The worker ends early only by a fault of the program.
async fn count(worker: quota::Worker, portal: Data<Portal>, stopped: watch::Receiver<bool>) {
    let work = tokio::spawn(worker.run(until(stopped)));
    if let Err(error) = work.await {
        tracing::error!(%error, "the quota worker has stopped");
        portal.fail(Fatal::CountingStopped);
    }
}

/// Sends mails. The worker ends early only when nothing may go on.
async fn send_mails(worker: Worker, portal: Data<Portal>, stopped: watch::Receiver<bool>) {
    if let Err(error) = worker.run(until(stopped)).await {
        tracing::error!(error = %chain(&error), "the mail worker has stopped");
        portal.fail(Fatal::MailStopped);
    }
}

async fn keep_house(app: App, stopped: watch::Receiver<bool>) {
    app.keep_house(until(stopped)).await;
}

async fn tell_thresholds(app: App, notices: mpsc::Receiver<quota::Notice>, stopped: watch::Receiver<bool>) {
    app.tell_thresholds(notices, until(stopped)).await;
}

async fn keep_usage(app: App, stopped: watch::Receiver<bool>) {
    app.keep_usage(until(stopped)).await;
}

async fn answer(server: Server, portal: Data<Portal>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the HTTP server has stopped");
    }
    portal.fail(Fatal::ServerStopped);
}

async fn answer_grpc(grpc: Listening, portal: Data<Portal>, stopped: watch::Receiver<bool>) {
    let address = grpc.address();
    tracing::info!(%address, "listening for gRPC");
    if let Err(error) = grpc.serve(portal.clone().into_inner(), until(stopped)).await {
        tracing::error!(error = %chain(&*error), "gateways are not answered over gRPC any more");
        portal.fail(Fatal::ServerStopped);
    }
}

pub(crate) async fn until(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        tracing::debug!("nobody is left who could stop this worker");
    }
}

fn failure(fatal: Option<Fatal>) -> Failure {
    match fatal {
        Some(fatal @ Fatal::NotDurable) => Failure::NotDurable(fatal.to_string()),
        Some(fatal) => Failure::Failed(anyhow::Error::new(fatal)),
        None => Failure::Failed(anyhow::anyhow!("the server stopped by itself")),
    }
}

/// The log tells on its writer's thread that writing has ended.
fn on_fatal(fatal: &watch::Sender<Option<Fatal>>) -> OnFatal {
    let fatal = fatal.clone();
    Arc::new(move |reason| {
        tracing::error!(reason, "the log can't be written any more");
        fatal.send_replace(Some(Fatal::NotDurable));
    })
}

/// Everything within the outermost layer.
pub(crate) fn wire(config: &mut ServiceConfig, portal: Data<Portal>) {
    config
        .app_data(portal)
        .app_data(PathConfig::default().error_handler(|_, _| Problem::new(&kinds::NOT_FOUND).into()))
        .app_data(QueryConfig::default().error_handler(|error, _| query::refuse(&error).into()))
        .configure(api::register);
}

/// One HTTP server: the same layers and bounds for every listener.
pub(crate) fn serve(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    workers: usize,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<Server, Failure> {
    let workers = match workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    };
    let server = HttpServer::new(move || {
        HttpApp::new().wrap(from_fn(edge::wrap)).wrap(from_fn(gateway::first)).configure(&configure)
    });
    let server = server
        .workers(workers)
        .disable_signals()
        .backlog(BACKLOG)
        .max_connections(CONNECTIONS_MAX)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_MAX)
        .client_disconnect_timeout(HEAD_MAX)
        .shutdown_timeout(DRAIN_S);
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls),
        None => server.listen(listener),
    };
    Ok(server.context("the port cannot be used")?.run())
}
