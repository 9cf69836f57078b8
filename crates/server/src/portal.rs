//! What every handler works with.

use crate::problem::{Problem, kinds};
use app::{About, App, Done, clock::Clock, ids::Ids};
use eventlog::{Position, StreamVersion};
use readmodel::ReadModel;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::sync::watch;

/// How long the answer to a write waits for the read model, which usually takes a few milliseconds.
const SHOW_WAIT_MAX: Duration = Duration::from_millis(250);

/// Why the process has to end although nobody asked it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// The device did not confirm a write: what is durable is unknown.
    #[error("the device did not confirm a write; start again to find out what is durable")]
    NotDurable,
    /// Sealed fields don't open: keyring or side state do not belong to this log.
    #[error("stored personal data does not open; keyring and side state must be those of this log")]
    KeysLost,
    /// Mails can't go on.
    #[error("the mail worker has stopped; the log says why")]
    MailStopped,
    /// Calls are not counted any more.
    #[error("the quota worker has stopped; the log says why")]
    CountingStopped,
    /// Nobody answers any more.
    #[error("the HTTP server has stopped")]
    ServerStopped,
}

/// State of the server, shared by all workers.
pub struct Portal {
    /// Use cases.
    pub app: App,
    /// The clock.
    pub clock: Clock,
    /// Ids of requests.
    pub ids: Ids,
    /// Whether answers may demand https from now on: the portal's origin has it.
    pub https: bool,
    /// Whether gateways have a listener of their own: then the door is shut at the other one.
    pub has_own_door: bool,
    /// What gateways call this node where they sign.
    pub audience: Option<String>,
    draining: AtomicBool,
    fatal: watch::Sender<Option<Fatal>>,
}

impl Portal {
    /// Puts the parts together.
    pub fn new(app: App, clock: Clock, ids: Ids, https: bool, fatal: watch::Sender<Option<Fatal>>) -> Self {
        let draining = AtomicBool::new(false);
        Self { app, clock, ids, https, has_own_door: false, audience: None, draining, fatal }
    }

    /// First part of position tokens and entity tags: 8 hex digits of the log's id.
    pub fn log_tag(&self) -> String {
        self.app.head().log_id.simple().to_string()[..8].to_owned()
    }

    /// The entity tag of a version.
    pub fn etag(&self, version: StreamVersion) -> String {
        format!("\"{}.{}\"", self.log_tag(), version.0)
    }

    /// The token of a position.
    pub fn position_token(&self, position: Position) -> String {
        format!("{}.{}", self.log_tag(), position.0)
    }

    /// What a command left behind, as a query shows it. The read model answers when it is there at once, else
    /// an excerpt of the log: a write never hangs on the projector. The command stands, whatever comes of
    /// showing it.
    pub(crate) async fn show<T, R>(
        &self,
        done: &Done<T>,
        about: About,
        query: impl AsyncFn(&ReadModel) -> Result<Option<R>, Problem>,
    ) -> Result<R, Problem> {
        let read = self.app.read();
        if read.is_soon_at(done.position, SHOW_WAIT_MAX).await
            && let Ok(Some(shown)) = query(read).await
        {
            return Ok(shown);
        }
        let shown = match self.app.excerpt(about).await {
            Ok(excerpt) => query(&excerpt).await,
            Err(error) => Err(error.into()),
        };
        match shown {
            Ok(shown) => shown.ok_or_else(|| Problem::new(&kinds::NOT_FOUND)),
            Err(fatal) if *fatal.kind == kinds::KEYS_LOST => Err(fatal),
            Err(_) => Err(Problem::new(&kinds::ANSWER_PENDING)
                .header("Portal-Command", done.command.to_string())
                .header("Portal-Position", self.position_token(done.position))),
        }
    }

    /// From now on the server is not ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the server is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// The process has to end.
    pub fn fail(&self, fatal: Fatal) {
        self.fatal.send_if_modified(|current| current.is_none() && current.replace(fatal).is_none());
    }

    /// Tells when the process has to end.
    pub fn fatal(&self) -> watch::Receiver<Option<Fatal>> {
        self.fatal.subscribe()
    }
}
