//! The read model: one SQLite file per node, folded from the log by one projector and disposable at any time.
//! Nothing decides from it.
//!
//! Position and rows move in one transaction; an event that can't be folded stops the projector, it is never
//! skipped. A file of another log, another version or another history is deleted and built anew.

mod apply;
pub mod card;
mod columns;
mod digest;
mod excerpt;
mod files;
mod open;
mod passing;
mod projector;
mod promotion;
pub mod query;
mod rebuild;
mod sql;
#[cfg(test)]
mod tests;
mod version;
mod writer;

use eventlog::Position;
use sqlx::SqlitePool;
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::watch;

pub use apply::ApplyError;
pub use excerpt::excerpt;
pub use open::{OpenError, open};
pub use projector::{ProjectionError, Projector};
pub use promotion::{InvalidPromotionState, PromotionState};
pub use query::{Listed, Member, PAGE_MAX, Page, QueryError};
pub use version::READMODEL_VERSION;

/// Queries and status. Cheap to clone.
#[derive(Clone)]
pub struct ReadModel {
    pool: Arc<OnceLock<SqlitePool>>,
    status: watch::Receiver<Status>,
}

/// How far the read model is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Position folded and visible to queries.
    pub position: Position,
    /// End of the log as the projector last saw it.
    pub head_seen: Position,
    /// Whether queries are answered; not while the file is being built.
    pub serving: bool,
    /// Whether the file could not be moved along when it was last tried; it is tried again.
    pub is_stalled: bool,
    /// Why the projector has stopped; it stays so until the next start.
    pub failed: Option<Failed>,
}

/// Where the projector has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Position it could not fold.
    pub position: Position,
    /// Stored type of the event there; empty when log or file failed, not an event.
    pub event_type: String,
}

/// The read model did not reach a position in time, or has stopped before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the read model is at position {}, not at {}", reached.0, wanted.0)]
pub struct Behind {
    /// Where it should have been.
    pub wanted: Position,
    /// Where it was when the wait ended.
    pub reached: Position,
}

impl ReadModel {
    /// How far it is.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Waits until a position is visible to queries; ends early when the projector has stopped before it.
    pub async fn wait_for(&self, wanted: Position, at_most: Duration) -> Result<(), Behind> {
        let reached = |status: &Status| status.serving && status.position >= wanted;
        let mut status = self.status.clone();
        let ended = tokio::time::timeout(
            at_most,
            status.wait_for(|status| reached(status) || status.failed.is_some()),
        )
        .await;
        match ended {
            Ok(Ok(status)) if reached(&status) => Ok(()),
            Ok(_) | Err(_) => Err(Behind { wanted, reached: self.status.borrow().position }),
        }
    }

    /// Waits for a position as [`wait_for`](Self::wait_for) does, but only while there is reason to hope: a file
    /// that is being built or stands still is not waited for.
    pub async fn is_soon_at(&self, wanted: Position, at_most: Duration) -> bool {
        let moves = {
            let status = self.status.borrow();
            status.serving && !status.is_stalled
        };
        moves && self.wait_for(wanted, at_most).await.is_ok()
    }

    fn pool(&self) -> Result<SqlitePool, QueryError> {
        self.pool.get().cloned().ok_or(QueryError::Rebuilding)
    }
}
