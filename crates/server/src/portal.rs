//! What every handler works with.

use crate::problem::{Problem, kinds};
use app::{App, Done, clock::Clock, ids::Ids};
use eventlog::{Position, StreamVersion};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

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
    draining: AtomicBool,
    fatal: watch::Sender<Option<Fatal>>,
}

impl Portal {
    /// Puts the parts together.
    pub fn new(app: App, clock: Clock, ids: Ids, https: bool, fatal: watch::Sender<Option<Fatal>>) -> Self {
        Self { app, clock, ids, https, draining: AtomicBool::new(false), fatal }
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

    /// Waits until a command's events can be read. The command stands, whatever comes of waiting.
    pub async fn wait_for<T>(&self, done: &Done<T>) -> Result<(), Problem> {
        self.caught_up(done.position).await.map_err(|_| {
            Problem::new(&kinds::ANSWER_PENDING)
                .header("Portal-Command", done.command.to_string())
                .header("Portal-Position", self.position_token(done.position))
        })
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
