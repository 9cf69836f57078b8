//! Calls to the platform: may this one pass? Who calls is found in memory, and what they have left in the quota
//! engine; nothing here waits for a disk while a lease lasts.

mod access;
mod directory;
mod door;
mod fold;
pub mod forecast;
mod notices;
pub mod parts;
mod rules;
pub mod usage;
pub mod view;

pub use access::{AccessToken, TOKEN_LIFE};
pub use directory::{DirectoryError, Follower};
pub use door::{Allowed, Caller, Exceeded, Question, Refusal, Verdict};
pub use fold::FoldedBadly;
pub use quota::Violated;

use crate::{App, clock::Clock};
use access::Known;
use directory::Directory;
use eventlog::Position;
use quota::{Engine, Health, Tally, Time};
use std::{sync::Arc, time::Duration};

/// How long the answer to a command waits until what it recorded is in force at the door of this node.
const IN_FORCE_MAX: Duration = Duration::from_secs(2);

/// What the door works with.
pub(crate) struct Quota {
    pub(crate) engine: Engine,
    pub(crate) directory: Arc<Directory>,
    pub(crate) known: Known,
    tally: Tally,
}

/// How calls are answered at the door of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// As their limits say.
    Open,
    /// It does not know yet who is who, or not any more.
    Filling,
    /// The ledger can't be reached: by what is leased, and then by grace or not at all.
    LedgerAway,
    /// The same, because this node's clock is too far from the ledger's.
    ClockAstray,
    /// Nothing counts them any more.
    Stopped,
}

impl Quota {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, directory: Arc::default(), known: Known::default(), tally: Tally::default() }
    }

    /// Waits, but not for ever, until what stands at a position is in force at this node's door.
    pub(crate) async fn in_force(&self, position: Position) {
        if tokio::time::timeout(IN_FORCE_MAX, self.directory.applied(position)).await.is_err() {
            tracing::warn!(position = position.0, "a change is not yet in force at the door");
        }
    }
}

impl App {
    /// The task that keeps the door's directory up to date. One per node.
    pub fn quota_follower(&self) -> Follower {
        let inner = &self.inner;
        Follower {
            log: inner.log.clone(),
            directory: inner.quota.directory.clone(),
            engine: inner.quota.engine.clone(),
            clock: inner.clock.clone(),
            policy: inner.policy.clone(),
        }
    }

    /// Waits until the door knows who is who.
    pub async fn door_ready(&self) {
        self.inner.quota.directory.filled().await;
    }

    /// How calls are answered at the door.
    pub fn door(&self) -> Door {
        match self.inner.quota.engine.health() {
            Health::Stopped => Door::Stopped,
            _ if !self.inner.quota.directory.is_ready() => Door::Filling,
            Health::Astray(_) => Door::ClockAstray,
            Health::Away => Door::LedgerAway,
            Health::Sound => Door::Open,
        }
    }
}

/// The clock as the quota engine wants it: one that is moved by hand is all there is; else the engine looks at
/// the machine's monotonic clocks itself.
pub fn time_of(clock: &Clock) -> Time {
    let shown = clock.clone();
    let now = Arc::new(move || shown.now().timestamp_millis());
    match clock {
        Clock::System => Time::System(now),
        Clock::Manual(_) => Time::followed(now),
    }
}
