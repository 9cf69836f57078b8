//! Which secret a caller shows: itself, or a token that was given for it. Secrets are found by their keyed hash, all
//! of them in memory; tokens hold what they say and a keyed hash of it, so nothing is stored for them.

use super::directory::{Map, map};
use crate::{
    App,
    error::AppError,
    keyring::BoundKeys,
    secret::Secret,
    side_state::{SideState, SideStateError},
    tokens::{Token, TokenKind},
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE32_NOPAD;
use domain::ids::SecretId;
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How long a token opens the door.
pub const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// Secrets remembered since all were loaded; beyond that they are loaded again, without those that were revoked.
const SINCE_MAX: usize = 100_000;
/// First characters of an access token.
const PREFIX: &str = "dpa_";
const SECRET_BYTES: usize = 16;
const SIGNED_BYTES: usize = SECRET_BYTES + 8;
const TOKEN_BYTES: usize = SIGNED_BYTES + 32;

/// All secrets by keyed hash, so that one that nobody issued costs no look at a disk. Whether one is still alive is
/// not kept here.
pub(crate) struct Known {
    all: Map<[u8; 32], SecretId>,
    /// Whether `all` holds all there are.
    is_whole: AtomicBool,
    /// One change at a time: how many were remembered since all were loaded.
    since: Mutex<usize>,
}

impl Default for Known {
    fn default() -> Self {
        Self { all: map(), is_whole: AtomicBool::new(false), since: Mutex::default() }
    }
}

/// The secret behind what a caller shows.
#[derive(Clone, Copy)]
pub(super) struct Behind {
    pub(super) secret: SecretId,
    /// A token that was given for it has run out.
    pub(super) has_run_out: bool,
}

/// A token for a secret.
pub struct AccessToken {
    /// Opens the door; shown once, and nowhere kept.
    pub token: Secret<String>,
    /// Until then.
    pub expires_at: DateTime<Utc>,
}

impl Known {
    /// The secret with this hash. Loads first when not all were loaded yet.
    async fn find(&self, side: &SideState, hash: &[u8; 32]) -> Result<Option<SecretId>, SideStateError> {
        if let Some(secret) = self.get(hash) {
            return Ok(Some(secret));
        }
        if !self.is_whole.load(Ordering::Acquire) {
            self.load(side).await?;
        }
        Ok(self.get(hash))
    }

    fn get(&self, hash: &[u8; 32]) -> Option<SecretId> {
        self.all.pin().get(hash).copied()
    }

    /// Takes in a secret that stands in side state from now on, before anybody is shown it.
    pub(crate) async fn remember(&self, hash: [u8; 32], secret: SecretId) {
        let mut since = self.since.lock().await;
        self.all.pin().insert(hash, secret);
        *since += 1;
        if *since >= SINCE_MAX {
            self.is_whole.store(false, Ordering::Release);
        }
    }

    async fn load(&self, side: &SideState) -> Result<(), SideStateError> {
        // Whoever remembers waits: what is not found here is remembered behind us, and not forgotten.
        let mut since = self.since.lock().await;
        if self.is_whole.load(Ordering::Acquire) {
            return Ok(());
        }
        let found: HashMap<_, _> = side.api_secrets().await?.into_iter().collect();
        let all = self.all.pin();
        all.retain(|hash, _| found.contains_key(hash));
        for (hash, secret) in found {
            all.insert(hash, secret);
        }
        *since = 0;
        self.is_whole.store(true, Ordering::Release);
        Ok(())
    }
}

impl App {
    /// The secret behind what a caller shows, if it ever was one. Whether it is alive has still to be asked.
    pub(super) async fn secret_behind(&self, shown: &str) -> Result<Option<Behind>, AppError> {
        if shown.starts_with(PREFIX) {
            return Ok(self.secret_of_token(shown));
        }
        let Ok(token) = Token::parse(TokenKind::ApiSecret, shown) else { return Ok(None) };
        let hash = token.hash(&self.inner.keys);
        let found = self.inner.quota.known.find(&self.inner.side, &hash).await?;
        Ok(found.map(|secret| Behind { secret, has_run_out: false }))
    }

    /// Gives a token for a secret; none when it opens nothing.
    pub async fn give_access_token(&self, key: &str, secret: &str) -> Result<Option<AccessToken>, AppError> {
        if secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let Some(Behind { secret: id, .. }) = self.secret_behind(secret).await? else { return Ok(None) };
        let credential = self.inner.quota.directory.credential(id);
        if credential.is_none_or(|credential| credential.key != *key.as_bytes()) {
            return Ok(None);
        }
        let expires_at = self.inner.clock.now() + TOKEN_LIFE;
        Ok(Some(AccessToken { token: token_of(&self.inner.keys, id, expires_at), expires_at }))
    }

    fn secret_of_token(&self, text: &str) -> Option<Behind> {
        let (secret, expires_at) = read(&self.inner.keys, text)?;
        Some(Behind { secret, has_run_out: self.inner.clock.now().timestamp() >= expires_at })
    }
}

fn token_of(keys: &BoundKeys, secret: SecretId, expires_at: DateTime<Utc>) -> Secret<String> {
    let mut bytes = [0; TOKEN_BYTES];
    bytes[..SECRET_BYTES].copy_from_slice(secret.uuid().as_bytes());
    bytes[SECRET_BYTES..SIGNED_BYTES].copy_from_slice(&expires_at.timestamp().to_be_bytes());
    let mac = keys.access_mac(&bytes[..SIGNED_BYTES]);
    bytes[SIGNED_BYTES..].copy_from_slice(&mac);
    let mut text = PREFIX.to_owned();
    text.push_str(&BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
    Secret::new(text)
}

/// What a token says, if we said it: a secret, and the second at which the token ends.
fn read(keys: &BoundKeys, text: &str) -> Option<(SecretId, i64)> {
    let body = text.strip_prefix(PREFIX)?;
    if body.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let bytes = BASE32_NOPAD.decode(body.to_ascii_uppercase().as_bytes()).ok()?;
    let bytes = <[u8; TOKEN_BYTES]>::try_from(bytes).ok()?;
    let (signed, mac) = bytes.split_at(SIGNED_BYTES);
    if !bool::from(keys.access_mac(signed).as_slice().ct_eq(mac)) {
        return None;
    }
    let (secret, ends) = signed.split_at(SECRET_BYTES);
    let ends = i64::from_be_bytes(ends.try_into().ok()?);
    Some((SecretId::from_uuid(Uuid::from_slice(secret).ok()?), ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::Ids, keyring::Keyring};

    #[test]
    fn a_token_reads_back_and_a_changed_one_does_not() {
        let ids = Ids::seeded(1);
        let keys = Keyring::generate(&ids).bind(ids.v4());
        let secret = SecretId::from_uuid(ids.v4());
        let ends = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let text = token_of(&keys, secret, ends).reveal().clone();
        assert_eq!(read(&keys, &text), Some((secret, 1_800_000_000)));
        for at in 0..text.len() {
            let mut changed = text.clone();
            let other = if changed.as_bytes()[at] == b'a' { "b" } else { "a" };
            changed.replace_range(at..=at, other);
            assert_eq!(read(&keys, &changed), None, "at {at}");
        }
        assert_eq!(read(&keys, &text.to_uppercase()), None);
        let others = Keyring::generate(&ids).bind(ids.v4());
        assert_eq!(read(&others, &text), None);
    }
}
