//! Signed requests: a gateway that signs never sends its credential, and what somebody else repeats is refused.
//!
//! The key a gateway signs with is a keyed hash of the id of its credential, so we need not keep it.

use super::KnownGateway;
use crate::{App, clock::Clock, error::AppError, keyring::BoundKeys, secret::Secret};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use domain::ids::GatewayCredentialId;
use foldhash::fast::RandomState;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{
    collections::HashSet,
    hash::BuildHasher as _,
    sync::{Mutex, PoisonError},
};
use subtle::ConstantTimeEq as _;

/// How far the time of a request may be from ours, in either direction.
pub const TIME_OFF_MAX: TimeDelta = TimeDelta::seconds(30);
/// Shortest nonce.
pub const NONCE_CHARS_MIN: usize = 16;
/// Longest nonce.
pub const NONCE_CHARS_MAX: usize = 64;
/// Nonces remembered per generation; two generations are kept. One more is told that the node is busy.
const NONCES_MAX: usize = 500_000;
/// A generation is as long as a time may be acceptable.
const GENERATION: TimeDelta = TimeDelta::seconds(60);
/// First characters of a signing key.
const PREFIX: &str = "dpk_";

/// A signature with what it goes over.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// Id of the credential whose key signed.
    pub credential: &'a str,
    /// Milliseconds since 1970, UTC, as sent.
    pub time: &'a str,
    /// Never used twice with a credential.
    pub nonce: &'a str,
    /// HMAC-SHA-256 in lower-case hexadecimal digits.
    pub signature: &'a str,
    /// What is asked: each part as it was sent, an absent one empty.
    pub parts: &'a [&'a str],
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsigned {
    /// It is none of a live credential, or not over this request.
    Wrong,
    /// Its time is too far from ours, or before we began to remember nonces.
    Untimely,
    /// Its nonce was used.
    Replayed,
    /// More nonces than can be remembered.
    Busy,
}

impl App {
    /// The gateway that signed a request.
    pub async fn authenticate_signed(
        &self,
        signed: Signed<'_>,
    ) -> Result<Result<KnownGateway, Unsigned>, AppError> {
        let Ok(id) = signed.credential.parse::<GatewayCredentialId>() else {
            return Ok(Err(Unsigned::Wrong));
        };
        let Some(known) = self.inner.gateways.find_by_id(&self.inner, id).await? else {
            return Ok(Err(Unsigned::Wrong));
        };
        if !fits(&self.inner.keys, id, &signed) {
            return Ok(Err(Unsigned::Wrong));
        }
        let now = self.inner.clock.now();
        Ok(self.inner.nonces.take(id, &signed, now).map(|()| known))
    }
}

/// What a gateway signs with.
pub(super) fn signing_key(keys: &BoundKeys, credential: GatewayCredentialId) -> Secret<String> {
    let mut text = PREFIX.to_owned();
    let key = Secret::new(keys.gateway_signing_key(credential));
    text.push_str(&BASE32_NOPAD.encode(key.reveal()).to_ascii_lowercase());
    Secret::new(text)
}

fn fits(keys: &BoundKeys, id: GatewayCredentialId, signed: &Signed<'_>) -> bool {
    let key = signing_key(keys, id);
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes()) else { return false };
    // No part holds a line break: each is a header or a part of the request line.
    for part in signed.parts {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac.update(signed.time.as_bytes());
    mac.update(b"\n");
    mac.update(signed.nonce.as_bytes());
    let expected = HEXLOWER.encode(&mac.finalize().into_bytes());
    expected.as_bytes().ct_eq(signed.signature.as_bytes()).into()
}

/// Nonces used lately. They are not kept over a restart, so nothing from before the start is accepted.
pub(crate) struct Nonces {
    started_at: DateTime<Utc>,
    hasher: [RandomState; 2],
    used: Mutex<Used>,
}

struct Used {
    young: HashSet<[u64; 2]>,
    old: HashSet<[u64; 2]>,
    turned_at: DateTime<Utc>,
}

impl Nonces {
    pub(crate) fn new(clock: &Clock) -> Self {
        let started_at = clock.now();
        let used = Used { young: HashSet::new(), old: HashSet::new(), turned_at: started_at };
        Self { started_at, hasher: [RandomState::default(), RandomState::default()], used: Mutex::new(used) }
    }

    fn take(
        &self,
        credential: GatewayCredentialId,
        signed: &Signed<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Unsigned> {
        let at = signed.time.parse().ok().and_then(DateTime::from_timestamp_millis);
        let at = at.ok_or(Unsigned::Wrong)?;
        if !(NONCE_CHARS_MIN..=NONCE_CHARS_MAX).contains(&signed.nonce.len()) {
            return Err(Unsigned::Wrong);
        }
        if (now - at).abs() > TIME_OFF_MAX || at < self.started_at {
            return Err(Unsigned::Untimely);
        }
        let nonce = [0, 1].map(|half: usize| self.hasher[half].hash_one((credential, signed.nonce)));
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if now - used.turned_at >= GENERATION {
            used.old = std::mem::take(&mut used.young);
            used.turned_at = now;
        }
        if used.young.contains(&nonce) || used.old.contains(&nonce) {
            return Err(Unsigned::Replayed);
        }
        if used.young.len() >= NONCES_MAX {
            return Err(Unsigned::Busy);
        }
        used.young.insert(nonce);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed<'a>(time: &'a str, nonce: &'a str) -> Signed<'a> {
        Signed { credential: "", time, nonce, signature: "", parts: &[] }
    }

    #[test]
    fn a_nonce_is_good_once_for_as_long_as_its_time_is_acceptable() {
        let (clock, hand) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let nonces = Nonces::new(&clock);
        let id = GatewayCredentialId::from_uuid(uuid::Uuid::from_u128(1));
        let other = GatewayCredentialId::from_uuid(uuid::Uuid::from_u128(2));
        let time = (1_800_000_000_000_i64 + 30_000).to_string();
        let nonce = "0123456789abcdef";
        assert_eq!(nonces.take(id, &signed(&time, nonce), clock.now()), Ok(()));
        assert_eq!(nonces.take(other, &signed(&time, nonce), clock.now()), Ok(()));
        for _ in 0..60 {
            assert_eq!(nonces.take(id, &signed(&time, nonce), clock.now()), Err(Unsigned::Replayed));
            hand.advance(TimeDelta::seconds(1));
        }
        assert_eq!(nonces.take(id, &signed(&time, nonce), clock.now()), Err(Unsigned::Replayed));
        hand.advance(TimeDelta::seconds(1));
        assert_eq!(nonces.take(id, &signed(&time, nonce), clock.now()), Err(Unsigned::Untimely));
    }

    #[test]
    fn what_was_signed_before_the_start_is_refused() {
        let (clock, _) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let nonces = Nonces::new(&clock);
        let id = GatewayCredentialId::from_uuid(uuid::Uuid::from_u128(1));
        for (time, nonce, outcome) in [
            ("1799999999999", "0123456789abcdef", Err(Unsigned::Untimely)),
            ("1800000030001", "0123456789abcdef", Err(Unsigned::Untimely)),
            ("1800000000000", "0123456789abcde", Err(Unsigned::Wrong)),
            ("soon", "0123456789abcdef", Err(Unsigned::Wrong)),
            ("1800000000000", "0123456789abcdef", Ok(())),
        ] {
            assert_eq!(nonces.take(id, &signed(time, nonce), clock.now()), outcome, "{time}");
        }
    }
}
