//! Both engines are held to the same behaviour; what only one of them has is tried on it alone.

mod on_both;
mod on_postgres;
mod on_sqlite;

use super::*;
use crate::{codes::Challenge, ids::Ids, keyring::Keyring, secret::Secret};
use domain::{
    ids::{CommandId, CredentialId, DeveloperId, IntentId, ProdAccountId, SessionId, SignUpId, StaffId},
    sealed::Fingerprint,
};
use sqlx::{Executor as _, SqlSafeStr as _};
use std::path::PathBuf;
use tempfile::TempDir;
use test_database::database::Database;

/// The log that side state is opened beside.
const LOG: Uuid = Uuid::from_u128(1);

/// Where a test's side state is kept.
enum Kept {
    File(TempDir, PathBuf),
    Database(Database, String),
}

impl Kept {
    fn in_file() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.sqlite");
        Self::File(dir, path)
    }

    fn in_database() -> Self {
        let database = Database::new();
        let url = database.url();
        Self::Database(database, url)
    }

    fn place(&self) -> Place<'_> {
        match self {
            Self::File(_, path) => Place::File(path),
            Self::Database(_, url) => Place::Database(url),
        }
    }

    async fn open(&self) -> SideState {
        SideState::open(self.place(), LOG).await.unwrap()
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn mail(intent: IntentId, due_at: DateTime<Utc>) -> QueuedMail {
    QueuedMail {
        intent,
        kind: "sign_up_code".to_owned(),
        payload: vec![1, 2, 3],
        cause: None,
        is_sent: false,
        attempts: 0,
        due_at,
        expires_at: due_at + TimeDelta::minutes(15),
    }
}
