//! Signed requests: a gateway that signs never sends its credential, and what somebody else repeats is refused on
//! each node once it was answered there.
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
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
};
use subtle::ConstantTimeEq as _;

/// How far the time of a request may be behind ours.
pub const TIME_BEHIND_MAX: TimeDelta = TimeDelta::seconds(30);
/// How far it may be ahead. It is short because nothing from before it is taken after a start: what was signed ahead
/// may have been used before.
pub const TIME_AHEAD_MAX: TimeDelta = TimeDelta::seconds(5);
/// Shortest nonce.
pub const NONCE_CHARS_MIN: usize = 16;
/// Longest nonce.
pub const NONCE_CHARS_MAX: usize = 64;
/// Nonces remembered per generation; two generations are kept. One more is told that the node is busy.
const NONCES_MAX: usize = 500_000;
/// A generation is as long as a time may be acceptable.
const GENERATION: TimeDelta = TimeDelta::seconds(35);
/// Spans of forgotten times kept apart.
const SPANS_MAX: usize = 8;
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
    /// The name of the node it must have been signed for, if it has one: what was signed for another is wrong here.
    pub audience: Option<&'a str>,
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
    /// The gateway that signed a request, which counts as used only by [`App::use_up`].
    pub async fn signer_of(&self, signed: &Signed<'_>) -> Result<Result<KnownGateway, Unsigned>, AppError> {
        let Ok(id) = signed.credential.parse::<GatewayCredentialId>() else {
            return Ok(Err(Unsigned::Wrong));
        };
        let Some(known) = self.inner.gateways.find_by_id(&self.inner, id).await? else {
            return Ok(Err(Unsigned::Wrong));
        };
        Ok(if fits(&self.inner.keys, id, signed) { Ok(known) } else { Err(Unsigned::Wrong) })
    }

    /// Lets a signed request pass once. Apart from its signature, so that what is refused for another reason fills no
    /// memory that all gateways share.
    pub fn use_up(&self, signed: &Signed<'_>) -> Result<(), Unsigned> {
        let id = signed.credential.parse().map_err(|_| Unsigned::Wrong)?;
        self.inner.nonces.take(id, signed, self.inner.clock.now())
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
    // No part holds a line break: each is a header, a part of the request line, or a setting of one line.
    for part in signed.audience.iter().chain(signed.parts) {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac.update(signed.time.as_bytes());
    mac.update(b"\n");
    mac.update(signed.nonce.as_bytes());
    let expected = HEXLOWER.encode(&mac.finalize().into_bytes());
    expected.as_bytes().ct_eq(signed.signature.as_bytes()).into()
}

/// Nonces used lately on this node. A time that a forgotten nonce may have had is not taken again, whatever the clock
/// does. A start forgets all, and takes nothing from before it: what was used while a clock was ahead, set right
/// before the start, can pass once more when its time has come.
pub(crate) struct Nonces {
    hasher: [RandomState; 2],
    used: Mutex<Used>,
}

struct Used {
    young: Generation,
    old: Generation,
    turned_at: DateTime<Utc>,
    forgotten: Forgotten,
}

#[derive(Default)]
struct Generation {
    nonces: HashSet<[u64; 2]>,
    times: Option<Times>,
}

/// From the earliest to the latest, both included.
type Times = RangeInclusive<DateTime<Utc>>;

/// Times that forgotten nonces may have had, in spans, the earliest first. There is one while the clock runs on; each
/// time it is set far ahead begins another, so that the time between, which nobody has used, stays good when it is
/// set right.
struct Forgotten(Vec<Times>);

impl Nonces {
    pub(crate) fn new(clock: &Clock) -> Self {
        let turned_at = clock.now();
        let (young, old) = (Generation::default(), Generation::default());
        let before = turned_at + TIME_AHEAD_MAX - TimeDelta::milliseconds(1);
        let forgotten = Forgotten(vec![DateTime::<Utc>::MIN_UTC..=before]);
        let used = Used { young, old, turned_at, forgotten };
        Self { hasher: [RandomState::default(), RandomState::default()], used: Mutex::new(used) }
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
        let nonce = [0, 1].map(|half: usize| self.hasher[half].hash_one((credential, signed.nonce)));
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.turn(now);
        if at < now - TIME_BEHIND_MAX || at > now + TIME_AHEAD_MAX || used.forgotten.holds(at) {
            return Err(Unsigned::Untimely);
        }
        if used.young.nonces.contains(&nonce) || used.old.nonces.contains(&nonce) {
            return Err(Unsigned::Replayed);
        }
        if used.young.nonces.len() >= NONCES_MAX {
            return Err(Unsigned::Busy);
        }
        used.young.insert(nonce, at);
        Ok(())
    }
}

impl Used {
    /// Forgets the old generation when it is time. A clock that was set back turns as well: nonces must not pile up
    /// until it has caught up.
    fn turn(&mut self, now: DateTime<Utc>) {
        if (now - self.turned_at).abs() < GENERATION {
            return;
        }
        self.turned_at = now;
        let old = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        if let Some(times) = old.times {
            self.forgotten.add(times);
        }
    }
}

impl Generation {
    fn insert(&mut self, nonce: [u64; 2], at: DateTime<Utc>) {
        self.nonces.insert(nonce);
        self.times = Some(match self.times.take() {
            Some(times) => at.min(*times.start())..=at.max(*times.end()),
            None => at..=at,
        });
    }
}

impl Forgotten {
    fn holds(&self, at: DateTime<Utc>) -> bool {
        self.0.iter().any(|times| times.contains(&at))
    }

    /// Spans with less than [`GENERATION`] between them become one; beyond [`SPANS_MAX`] the two nearest do.
    fn add(&mut self, times: Times) {
        let place = self.0.partition_point(|other| other.start() < times.start());
        self.0.insert(place, times);
        let gap = |spans: &[Times], place: usize| *spans[place + 1].start() - *spans[place].end();
        while let Some(nearest) = (0..self.0.len() - 1)
            .min_by_key(|place| gap(&self.0, *place))
            .filter(|nearest| gap(&self.0, *nearest) < GENERATION || self.0.len() > SPANS_MAX)
        {
            let next = self.0.remove(nearest + 1);
            let span = &mut self.0[nearest];
            *span = *span.start()..=*span.end().max(next.end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const START: i64 = 1_800_000_000_000;
    const NONCE: &str = "0123456789abcdef";

    fn nonces() -> (Nonces, Clock, ManualClock) {
        let (clock, hand) = Clock::manual(DateTime::from_timestamp_millis(START).unwrap());
        (Nonces::new(&clock), clock, hand)
    }

    fn id(number: u128) -> GatewayCredentialId {
        GatewayCredentialId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn take(nonces: &Nonces, clock: &Clock, time: &str, nonce: &str) -> Result<(), Unsigned> {
        let signed = Signed { credential: "", time, nonce, signature: "", audience: None, parts: &[] };
        nonces.take(id(1), &signed, clock.now())
    }

    #[test]
    fn a_nonce_is_good_once_for_as_long_as_its_time_is_acceptable() {
        let (nonces, clock, hand) = nonces();
        let time = (START + 5_000).to_string();
        assert_eq!(take(&nonces, &clock, &time, NONCE), Ok(()));
        let other =
            Signed { credential: "", time: &time, nonce: NONCE, signature: "", audience: None, parts: &[] };
        assert_eq!(nonces.take(id(2), &other, clock.now()), Ok(()));
        for _ in 0..=35 {
            assert_eq!(take(&nonces, &clock, &time, NONCE), Err(Unsigned::Replayed));
            hand.advance(TimeDelta::seconds(1));
        }
        assert_eq!(take(&nonces, &clock, &time, NONCE), Err(Unsigned::Untimely));
    }

    #[test]
    fn what_may_have_been_used_before_the_start_is_refused() {
        let (nonces, clock, _) = nonces();
        for (off, nonce, outcome) in [
            (-1, NONCE, Err(Unsigned::Untimely)),
            (0, NONCE, Err(Unsigned::Untimely)),
            (4_999, NONCE, Err(Unsigned::Untimely)),
            (5_001, NONCE, Err(Unsigned::Untimely)),
            (5_000, "0123456789abcde", Err(Unsigned::Wrong)),
            (5_000, NONCE, Ok(())),
        ] {
            assert_eq!(take(&nonces, &clock, &(START + off).to_string(), nonce), outcome, "{off}");
        }
        assert_eq!(take(&nonces, &clock, "soon", NONCE), Err(Unsigned::Wrong));
    }

    #[test]
    fn a_clock_set_back_piles_no_nonces_up_and_lets_nothing_pass_twice() {
        let (nonces, clock, hand) = nonces();
        hand.advance(TimeDelta::hours(1));
        let captured = clock.now().timestamp_millis().to_string();
        assert_eq!(take(&nonces, &clock, &captured, NONCE), Ok(()));
        for number in 0..3 {
            hand.advance(TimeDelta::seconds(-35));
            let fresh = clock.now().timestamp_millis().to_string();
            assert_eq!(take(&nonces, &clock, &fresh, &format!("{number:016}")), Ok(()));
        }
        let used = nonces.used.lock().unwrap();
        assert!(used.young.nonces.len() + used.old.nonces.len() <= 2);
        drop(used);
        hand.advance(TimeDelta::seconds(105));
        assert_eq!(take(&nonces, &clock, &captured, NONCE), Err(Unsigned::Untimely));
        hand.advance(TimeDelta::seconds(1));
        let fresh = clock.now().timestamp_millis().to_string();
        assert_eq!(take(&nonces, &clock, &fresh, NONCE), Ok(()));
    }

    #[test]
    fn a_clock_that_was_an_hour_ahead_bars_the_times_used_then_and_no_others() {
        let (nonces, clock, hand) = nonces();
        let fresh = |clock: &Clock| clock.now().timestamp_millis().to_string();
        let mut number = 0_u32;
        let mut call = |seconds: i64| {
            hand.advance(TimeDelta::seconds(seconds));
            number += 1;
            take(&nonces, &clock, &fresh(&clock), &format!("{number:016}"))
        };
        for _ in 0..10 {
            assert_eq!(call(10), Ok(()));
        }
        assert_eq!(call(3_600), Ok(()));
        let captured = (fresh(&clock), format!("{:016}", 11));
        for _ in 0..9 {
            assert_eq!(call(10), Ok(()));
        }
        assert_eq!(call(-3_600), Ok(()), "set right");
        for _ in 0..350 {
            assert_eq!(call(10), Ok(()), "nobody has used these times");
        }
        let ahead = captured.0.parse::<i64>().unwrap() - clock.now().timestamp_millis();
        hand.advance(TimeDelta::milliseconds(ahead));
        assert_eq!(take(&nonces, &clock, &captured.0, &captured.1), Err(Unsigned::Untimely));
        hand.advance(TimeDelta::seconds(91));
        assert_eq!(take(&nonces, &clock, &fresh(&clock), NONCE), Ok(()), "past what was used");
    }

    #[test]
    fn a_clock_that_jumps_for_ever_fills_no_memory() {
        let (nonces, clock, hand) = nonces();
        for number in 0..100 {
            hand.advance(TimeDelta::hours(1));
            let fresh = clock.now().timestamp_millis().to_string();
            assert_eq!(take(&nonces, &clock, &fresh, &format!("{number:016}")), Ok(()));
        }
        assert!(nonces.used.lock().unwrap().forgotten.0.len() <= SPANS_MAX);
    }
}
