//! Password hashes, second factors, failed sign-ins, and hashes of API secrets.

use super::{
    SIGN_IN_FAILURES_MAX, SIGN_IN_WINDOW, SideState, SideStateError, bytes, column, id, instant, millis,
    query, sql,
};
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use domain::{
    ids::{CredentialId, SecretId},
    sealed::Fingerprint,
};

/// How somebody proves who they are.
pub struct StoredCredential {
    /// argon2id, PHC string.
    pub password_phc: Secret<String>,
    /// Secret of the second factor, sealed for this row.
    pub totp_sealed: Option<Vec<u8>>,
}

/// Whether a sign-in is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInAdmission {
    /// It is; it counts as failed until it succeeds.
    Admitted,
    /// Too many failed within the window: the password is not even looked at before this instant.
    RefusedUntil(DateTime<Utc>),
}

impl SideState {
    /// Stores a credential; one that is there already stays as it is, so that a replay changes nothing.
    pub async fn insert_credential(
        &self,
        credential: CredentialId,
        stored: &StoredCredential,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::INSERT_CREDENTIAL)
            .bind(bytes(credential.uuid()))
            .bind(stored.password_phc.reveal().clone())
            .bind(stored.totp_sealed.clone())
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The credential with this id.
    pub async fn credential(
        &self,
        credential: CredentialId,
    ) -> Result<Option<StoredCredential>, SideStateError> {
        let query = query(sql::CREDENTIAL).bind(bytes(credential.uuid()));
        let Some(row) = query.fetch_optional(&self.store).await? else { return Ok(None) };
        Ok(Some(StoredCredential { password_phc: Secret::new(row.get(0)?), totp_sealed: row.get(1)? }))
    }

    /// Another password, or the same one hashed with today's parameters.
    pub async fn set_password(
        &self,
        credential: CredentialId,
        password_phc: &Secret<String>,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::SET_PASSWORD)
            .bind(bytes(credential.uuid()))
            .bind(password_phc.reveal().clone())
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Marks a step of the second factor as used. False when this step, or a later one, was used before:
    /// a code is good once (RFC 6238, section 5.2).
    pub async fn advance_totp(&self, credential: CredentialId, step: u64) -> Result<bool, SideStateError> {
        let step = i64::try_from(step).map_err(|_| SideStateError::Malformed { table: "credentials" })?;
        let mut tx = self.begin().await?;
        let query = query(sql::ADVANCE_TOTP).bind(bytes(credential.uuid())).bind(step);
        let advanced = query.execute(&mut tx).await? == 1;
        tx.commit().await?;
        Ok(advanced)
    }

    /// Ends a credential.
    pub async fn delete_credential(&self, credential: CredentialId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_CREDENTIAL).bind(bytes(credential.uuid())).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Counts a sign-in as failed before it is tried, so that racing tries can't outrun the count.
    pub async fn admit_sign_in(
        &self,
        address: Fingerprint,
        now: DateTime<Utc>,
    ) -> Result<SignInAdmission, SideStateError> {
        let since = millis(now - SIGN_IN_WINDOW);
        let mut tx = self.begin().await?;
        let admitted = query(sql::ADMIT_SIGN_IN)
            .bind(address.0.to_vec())
            .bind(millis(now))
            .bind(since)
            .bind(i64::from(SIGN_IN_FAILURES_MAX))
            .execute(&mut tx)
            .await?;
        let admission = if admitted == 1 {
            SignInAdmission::Admitted
        } else {
            let query = query(sql::OLDEST_SIGN_IN_FAILURE).bind(address.0.to_vec()).bind(since);
            let oldest = query.fetch_one(&mut tx).await?;
            SignInAdmission::RefusedUntil(instant(&oldest, 0, "sign_in_failures")? + SIGN_IN_WINDOW)
        };
        tx.commit().await?;
        Ok(admission)
    }

    /// The sign-in succeeded: nothing counts against the address any more.
    pub async fn clear_sign_in_failures(&self, address: Fingerprint) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::CLEAR_SIGN_IN_FAILURES).bind(address.0.to_vec()).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Stores the keyed hash of an API secret; one that is there already stays.
    pub async fn insert_api_secret(&self, secret: SecretId, hash: &[u8; 32]) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::INSERT_API_SECRET).bind(bytes(secret.uuid())).bind(hash.to_vec()).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keyed hash of an API secret.
    pub async fn api_secret_hash(&self, secret: SecretId) -> Result<Option<[u8; 32]>, SideStateError> {
        let query = query(sql::API_SECRET).bind(bytes(secret.uuid()));
        let row = query.fetch_optional(&self.store).await?;
        row.map(|row| column::<[u8; 32], Vec<u8>>(&row, 0, "api_secrets")).transpose()
    }

    /// All API secrets there are, by keyed hash.
    pub async fn api_secrets(&self) -> Result<Vec<([u8; 32], SecretId)>, SideStateError> {
        let rows = query(sql::API_SECRETS).fetch_all(&self.store).await?;
        let stored = rows.iter().map(|row| {
            let secret = SecretId::from_uuid(id(row, 1, "api_secrets")?);
            Ok((column::<[u8; 32], Vec<u8>>(row, 0, "api_secrets")?, secret))
        });
        stored.collect()
    }

    /// Revokes an API secret.
    pub async fn delete_api_secret(&self, secret: SecretId) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::DELETE_API_SECRET).bind(bytes(secret.uuid())).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}
