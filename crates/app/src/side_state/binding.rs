//! What side state belongs to: one log, and one keyring. Both are noted at first use and stay for good.

use super::{SideState, SideStateError, bytes, sql};
use crate::keyring::{BoundKeys, Keyring};
use sqlx::{
    Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use std::path::Path;
use uuid::Uuid;

const LOG: &str = "log_id";
const KEYRING: &str = "keyring";

impl SideState {
    pub(super) async fn bind_to(&self, log_id: Uuid) -> Result<(), SideStateError> {
        if self.is_first(LOG, bytes(log_id)).await? { Ok(()) } else { Err(SideStateError::OtherLog) }
    }

    /// Checks that these keys are those of the keyring used first. Wrapping keys come and go; a missing one is
    /// told where it is needed.
    pub async fn bind_keys(&self, keys: &BoundKeys) -> Result<(), SideStateError> {
        let check = keys.check_value().to_vec();
        if self.is_first(KEYRING, check).await? { Ok(()) } else { Err(SideStateError::OtherKeyring) }
    }

    /// Notes a value that stays for good. Whether it is the one that was noted first.
    async fn is_first(&self, key: &'static str, value: Vec<u8>) -> Result<bool, SideStateError> {
        let mut tx = self.begin().await?;
        sqlx::query(sql::INSERT_META).bind(key).bind(value.clone()).execute(&mut *tx).await?;
        let first = sqlx::query(sql::META).bind(key).fetch_one(&mut *tx).await?;
        let is_first = first.try_get::<Vec<u8>, _>(0)? == value;
        tx.commit().await?;
        Ok(is_first)
    }
}

/// Checks, beside a running server too, that a keyring is the one that the side state in this file was first
/// used with. What was never used fits every keyring.
pub async fn check_keyring(path: &Path, keyring: &Keyring) -> Result<(), SideStateError> {
    if !path.try_exists().map_err(SideStateError::File)? {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut noted = Vec::new();
    for key in [LOG, KEYRING] {
        let row: Option<SqliteRow> = sqlx::query(sql::META).bind(key).fetch_optional(&mut connection).await?;
        noted.push(row.map(|row| row.try_get::<Vec<u8>, _>(0)).transpose()?);
    }
    connection.close().await?;
    let [Some(log), Some(check)] = noted.as_slice() else { return Ok(()) };
    let log = Uuid::from_slice(log).map_err(|_| SideStateError::Malformed { table: "meta" })?;
    let fits = keyring.bind(log).check_value().as_slice() == check.as_slice();
    if fits { Ok(()) } else { Err(SideStateError::OtherKeyring) }
}
