//! Sign-ups that wait for the proof of their address. Known and unknown addresses leave the same row.

use super::{SideState, SideStateError, bytes, column, instant, millis, query, sql};
use chrono::{DateTime, Utc};
use domain::{ids::SignUpId, sealed::Fingerprint};

const TABLE: &str = "sign_ups";
/// Sign-ups that may wait at once.
const SIGN_UPS_MAX: i64 = 100_000;

/// A sign-up that waits.
pub struct PendingSignUp {
    /// Whose.
    pub address: Fingerprint,
    /// What the person typed, sealed for this row.
    pub payload: Vec<u8>,
    /// The address has an account already: its owner got another mail, and no code will do.
    pub known: bool,
    /// Until when it waits.
    pub expires_at: DateTime<Utc>,
}

impl SideState {
    /// Lets a sign-up wait; one that waits already stays as it is. Until when it does.
    /// [`SideStateError::Full`] when too many wait.
    pub async fn insert_sign_up(
        &self,
        sign_up: SignUpId,
        pending: &PendingSignUp,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::INSERT_SIGN_UP)
            .bind(bytes(sign_up.uuid()))
            .bind(pending.address.0.to_vec())
            .bind(pending.payload.clone())
            .bind(i64::from(pending.known))
            .bind(millis(now))
            .bind(millis(pending.expires_at))
            .bind(SIGN_UPS_MAX)
            .execute(&mut tx)
            .await?;
        let waiting = query(sql::SIGN_UP).bind(bytes(sign_up.uuid())).bind(i64::MIN);
        let Some(waiting) = waiting.fetch_optional(&mut tx).await? else {
            return Err(SideStateError::Full { table: TABLE });
        };
        tx.commit().await?;
        instant(&waiting, 3, TABLE)
    }

    /// The sign-up, while it waits.
    pub async fn sign_up(
        &self,
        sign_up: SignUpId,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingSignUp>, SideStateError> {
        let query = query(sql::SIGN_UP).bind(bytes(sign_up.uuid())).bind(millis(now));
        let Some(row) = query.fetch_optional(&self.store).await? else { return Ok(None) };
        Ok(Some(PendingSignUp {
            address: Fingerprint(column::<[u8; 32], Vec<u8>>(&row, 0, TABLE)?),
            payload: row.get(1)?,
            known: row.get::<i64>(2)? != 0,
            expires_at: instant(&row, 3, TABLE)?,
        }))
    }

    /// The sign-up has become an account, or was given up.
    pub async fn delete_sign_up(&self, sign_up: SignUpId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_SIGN_UP).bind(bytes(sign_up.uuid())).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}
