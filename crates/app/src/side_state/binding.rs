//! What side state belongs to: one log, and one keyring. Both are noted at first use and stay for good.

use super::{Place, SideState, SideStateError, Store, bytes, query, sql};
use crate::keyring::{BoundKeys, Keyring};
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
        query(sql::INSERT_META).bind(key).bind(value.clone()).execute(&mut tx).await?;
        let first = query(sql::META).bind(key).fetch_one(&mut tx).await?;
        let is_first = first.get::<Vec<u8>>(0)? == value;
        tx.commit().await?;
        Ok(is_first)
    }
}

/// Checks, beside a running server too, that a keyring is the one that the side state kept there was first used
/// with. What was never used fits every keyring.
pub async fn check_keyring(place: Place<'_>, keyring: &Keyring) -> Result<(), SideStateError> {
    let Some(store) = Store::look_into(place).await? else { return Ok(()) };
    let noted = (noted(&store, LOG).await?, noted(&store, KEYRING).await?);
    store.close().await;
    let (Some(log), Some(check)) = noted else { return Ok(()) };
    let log = Uuid::from_slice(&log).map_err(|_| SideStateError::Malformed { table: "meta" })?;
    let fits = keyring.bind(log).check_value().as_slice() == check.as_slice();
    if fits { Ok(()) } else { Err(SideStateError::OtherKeyring) }
}

async fn noted(store: &Store, key: &'static str) -> Result<Option<Vec<u8>>, SideStateError> {
    let row = query(sql::META).bind(key).fetch_optional(store).await?;
    row.map(|row| row.get(0)).transpose()
}
