//! Side state: what is small, mutable and must survive, but has no place in the log. Subject keys, password
//! hashes, pending sign-ups, sessions, tries of codes, hashes of API secrets and of gateways' credentials, mails
//! on their way, looks at mail hosts to come.
//!
//! One node keeps it in a file, several share a database. An acknowledged write survives a power cut, and writes
//! go one after the other.

mod binding;
mod checks;
mod codes;
mod credentials;
mod gateways;
mod keys;
mod outbox;
mod sessions;
mod sign_ups;
mod sql;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Decode, Postgres, Sqlite, Type};
use store::{Row, Store, Transaction, Trouble, query};
use uuid::Uuid;

pub use binding::check_keyring;
pub use checks::{CHECK_KEPT, CheckBudget, CheckRoom, Occasion, PlannedCheck, Wished};
pub use codes::CodeTry;
pub use credentials::{SignInAdmission, StoredCredential};
pub use gateways::StoredGatewayCredential;
pub use keys::StoredSubjectKey;
pub use outbox::{Budget, BudgetRoom, QueuedMail};
pub use sessions::{SESSION_IDLE, SessionOwner, StoredSession};
pub use sign_ups::PendingSignUp;
pub use store::Place;

/// Failed sign-ins of one address within [`SIGN_IN_WINDOW`]; one more is refused unheard.
pub const SIGN_IN_FAILURES_MAX: u32 = 10;
/// How long a failed sign-in counts.
pub const SIGN_IN_WINDOW: TimeDelta = TimeDelta::minutes(15);
/// How long a mail counts against a budget.
pub const BUDGET_WINDOW: TimeDelta = TimeDelta::hours(24);

/// The side state of one portal. Cheap to clone.
#[derive(Clone)]
pub struct SideState {
    store: Store,
}

/// Why side state failed. Never quotes a stored value.
#[derive(Debug, thiserror::Error)]
pub enum SideStateError {
    /// The file can't be made.
    #[error("the side state file cannot be made")]
    File(#[source] std::io::Error),
    /// The linked SQLite is not safe for this use.
    #[error("SQLite {found} is too old, 3.51.3 is the oldest that is safe here")]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// A newer program wrote the file.
    #[error("side state has schema {found}, this program knows up to {known}")]
    NewerSchema {
        /// In the file.
        found: i64,
        /// In the program.
        known: i64,
    },
    /// The file was made for another log: restore log and side state together.
    #[error("side state belongs to another log")]
    OtherLog,
    /// The data was made with another keyring; under this one every claim would be free.
    #[error("the keyring is not the one that this portal's data was made with")]
    OtherKeyring,
    /// The log holds personal fields, and side state has never held a key.
    #[error(
        "the log holds sealed personal fields and side state none of their keys; restore state/state.sqlite \
         from the back-up that goes with this log"
    )]
    NoKeys,
    /// The log can't be read.
    #[error("the log cannot be read")]
    Log(#[source] eventlog::ReadError),
    /// Too many wait to write, another process holds the file, or the database can't be reached.
    #[error("side state is busy or can't be reached")]
    Busy,
    /// Nothing was written.
    #[error("the device is full")]
    DiskFull,
    /// A bound of the table is reached.
    #[error("{table} holds as much as it may")]
    Full {
        /// Which table.
        table: &'static str,
    },
    /// A stored value has a form this program never writes.
    #[error("a row of {table} is malformed")]
    Malformed {
        /// Which table.
        table: &'static str,
    },
    /// Anything else the store says.
    #[error("side state failed")]
    Store(#[source] sqlx::Error),
}

impl From<sqlx::Error> for SideStateError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(said) => match store::trouble(&**said) {
                Some(Trouble::DiskFull) => Self::DiskFull,
                Some(Trouble::Busy) => Self::Busy,
                None => Self::Store(error),
            },
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => Self::Busy,
            _ => Self::Store(error),
        }
    }
}

impl SideState {
    /// Opens it, brings its schema up to date, and checks that it belongs to the log.
    pub async fn open(place: Place<'_>, log_id: Uuid) -> Result<Self, SideStateError> {
        let side = Self { store: Store::open(place).await? };
        side.bind_to(log_id).await?;
        Ok(side)
    }

    /// Ends all connections; what is written stays.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// Deletes what has run out. Returns how many rows went.
    pub async fn purge(&self, now: DateTime<Utc>) -> Result<u64, SideStateError> {
        let mut tx = self.begin().await?;
        let mut deleted = 0;
        for (statement, until) in [
            (sql::PURGE_SIGN_UPS, now),
            (sql::PURGE_SESSIONS, now),
            (sql::PURGE_CODE_USES, now),
            (sql::PURGE_MAILS, now),
            (sql::PURGE_MAIL_BUDGET, now - BUDGET_WINDOW),
            (sql::PURGE_CHECKS, now - CHECK_KEPT),
            (sql::PURGE_CHECK_BUDGET, now - BUDGET_WINDOW),
            (sql::PURGE_SIGN_IN_FAILURES, now - SIGN_IN_WINDOW),
        ] {
            deleted += query(statement).bind(millis(until)).execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(deleted)
    }

    /// A write transaction: no other is under way until it ends.
    async fn begin(&self) -> Result<Transaction, SideStateError> {
        self.store.begin().await
    }
}

fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Reads one column of a row; a value out of form names its table, not itself.
fn column<T, S>(row: &Row, at: usize, table: &'static str) -> Result<T, SideStateError>
where
    S: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    T: TryFrom<S>,
{
    T::try_from(row.get::<S>(at)?).map_err(|_| SideStateError::Malformed { table })
}

fn instant(row: &Row, at: usize, table: &'static str) -> Result<DateTime<Utc>, SideStateError> {
    DateTime::from_timestamp_millis(row.get(at)?).ok_or(SideStateError::Malformed { table })
}

fn id(row: &Row, at: usize, table: &'static str) -> Result<Uuid, SideStateError> {
    column::<[u8; 16], Vec<u8>>(row, at, table).map(Uuid::from_bytes)
}

#[cfg(test)]
mod tests;
