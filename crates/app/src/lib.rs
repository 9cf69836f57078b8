//! What the portal does with its rules: use cases and workers over the log, side state, clock, ids, keys
//! and mail.

pub mod accounts;
mod aead;
mod aggregate;
pub mod allowances;
mod claims;
pub mod clock;
pub mod codes;
pub mod contact_checks;
pub mod deadlines;
mod dossier;
pub mod error;
mod excerpts;
mod execute;
mod folds;
pub mod gateways;
pub mod groups;
mod housekeeping;
pub mod ids;
mod in_flight;
pub mod integrations;
pub mod keyring;
pub mod mail;
mod membership;
pub mod meta;
pub mod outcome;
pub mod passwords;
pub mod promotion;
pub mod proofs;
pub mod quota;
mod refused;
pub mod review;
mod reviewers;
pub mod sealing;
pub mod secret;
pub mod sessions;
pub mod side_state;
pub mod sign_up;
pub mod sites;
pub mod staff;
pub mod tokens;
pub mod totp;
mod work;

pub use error::AppError;
pub use excerpts::About;
pub use folds::FoldError;
pub use meta::{Done, Meta};

use ::quota::Engine;
use clock::Clock;
use contact_checks::Checks;
use domain::policy::Policy;
use eventlog::{EventLog, Head};
use folds::Folds;
use gateways::{Known, Nonces, Paces};
use ids::Ids;
use in_flight::InFlight;
use keyring::BoundKeys;
use mail::{Mailer, Outbox, ReturnedCounts, Worker, WorkerParts};
use passwords::Passwords;
use quota::Quota;
use reachability::dsn::{InvalidBounceDomain, ReturnPaths};
use readmodel::ReadModel;
use refused::Refused;
use sealing::Sealer;
use side_state::SideState;
use sites::Turns;
use std::sync::Arc;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Commands that run at once; one more is told that the portal is busy.
const COMMANDS_MAX: u32 = 1_024;

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

/// What an application is made of.
pub struct Parts {
    /// The log.
    pub log: EventLog,
    /// The read model folded from that log.
    pub read: ReadModel,
    /// Side state of that log.
    pub side: SideState,
    /// Keys bound to that log.
    pub keys: BoundKeys,
    /// The pool that hashes passwords.
    pub passwords: Passwords,
    /// The policy in force.
    pub policy: Policy,
    /// Counts calls; its worker runs elsewhere.
    pub engine: Engine,
    /// The clock.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
}

struct Inner {
    log: EventLog,
    read: ReadModel,
    side: SideState,
    keys: BoundKeys,
    sealer: Sealer,
    outbox: Outbox,
    passwords: Passwords,
    policy: Policy,
    quota: Quota,
    clock: Clock,
    ids: Ids,
    folds: Folds,
    gateways: Known,
    nonces: Nonces,
    paces: Paces,
    turns: Turns,
    in_flight: InFlight,
    refused: Refused,
    checks: Checks,
    returned: ReturnedCounts,
    running: Arc<Semaphore>,
    excerpts: Semaphore,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { log, read, side, keys, passwords, policy, engine, clock, ids } = parts;
        let inner = Inner {
            folds: Folds::new(log.clone()),
            sealer: Sealer::new(side.clone(), keys.clone(), ids.clone(), clock.clone()),
            outbox: Outbox::new(side.clone(), keys.clone(), ids.clone(), clock.clone()),
            gateways: Known::default(),
            nonces: Nonces::new(&clock),
            paces: Paces::default(),
            turns: Turns::default(),
            in_flight: InFlight::default(),
            refused: Refused::default(),
            checks: Checks::default(),
            returned: ReturnedCounts::default(),
            running: Arc::new(Semaphore::new(COMMANDS_MAX as usize)),
            excerpts: Semaphore::new(excerpts::EXCERPTS_MAX),
            log,
            read,
            side,
            keys,
            passwords,
            policy,
            quota: Quota::new(engine),
            clock,
            ids,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The worker that sends what commands ask for. One at a time.
    pub fn mail_worker(&self, mailer: Mailer, base_url: String) -> Worker {
        let inner = &self.inner;
        Worker::new(WorkerParts {
            log: inner.log.clone(),
            side: inner.side.clone(),
            keys: inner.keys.clone(),
            sealer: inner.sealer.clone(),
            outbox: inner.outbox.clone(),
            mailer,
            clock: inner.clock.clone(),
            ids: inner.ids.clone(),
            base_url,
            policy: inner.policy.clone(),
        })
    }

    /// Return paths at a domain whose mail comes to this portal.
    pub fn return_paths(&self, domain: &str) -> Result<ReturnPaths, InvalidBounceDomain> {
        ReturnPaths::new(self.inner.keys.return_path_key(), domain)
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// What people are shown; nothing decides from it.
    pub fn read(&self) -> &ReadModel {
        &self.inner.read
    }

    /// Opens the personal fields in rows of the read model, one answer at a time.
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Waits until the commands that run have ended; from then on none begins.
    pub async fn finish(&self) {
        let all = self.inner.running.acquire_many(COMMANDS_MAX).await;
        self.inner.running.close();
        drop(all);
    }

    /// The end of the log: what a read that begins now must see.
    pub fn head(&self) -> Head {
        self.inner.log.head()
    }

    /// Whether commands can be recorded at this moment.
    pub fn is_writable(&self) -> bool {
        self.inner.log.is_writable()
    }

    /// The id a command gives to what it makes.
    fn derived_id(&self, ticket: &meta::Ticket, label: &str) -> Uuid {
        self.inner.keys.derived_id(ticket.command, label)
    }
}
