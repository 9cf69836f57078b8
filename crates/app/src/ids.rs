//! The one source of ids and randomness.

use chrono::{DateTime, Utc};
use rand::{
    Rng, SeedableRng,
    rand_core::UnwrapErr,
    rngs::{StdRng, SysRng},
};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::{Builder, Uuid};

/// Where ids and random bytes come from. Cheap to clone.
#[derive(Clone)]
pub enum Ids {
    /// The operating system. A machine without randomness must not go on, so its failure panics.
    Os,
    /// A seeded generator, for tests that must repeat.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Ids {
    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Overwrites `bytes` with random ones.
    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::Os => UnwrapErr(SysRng).fill_bytes(bytes),
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes),
        }
    }

    /// A random UUID (RFC 9562 version 4): integration ids and whatever must tell nothing.
    pub fn v4(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A UUID that begins with the time (RFC 9562 version 7); `now` at or before 1970 counts as 1970.
    pub fn v7(&self, now: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A number below `bound`, for spreading retries; 0 when the bound is 0.
    pub fn below(&self, bound: u32) -> u32 {
        let [a, b, c, d, ..] = (u64::from(u32::from_be_bytes(self.bytes())) * u64::from(bound)).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (one, other) = (Ids::seeded(7), Ids::seeded(7));
        assert_eq!((one.v4(), one.bytes::<9>()), (other.v4(), other.bytes::<9>()));
        assert_ne!(one.v4(), Ids::seeded(8).v4());
    }

    #[test]
    fn a_number_below_a_bound_is_below_it() {
        let ids = Ids::seeded(1);
        let numbers: Vec<u32> = (0..1_000).map(|_| ids.below(5)).collect();
        assert!((0..5).all(|number| numbers.contains(&number)) && numbers.iter().all(|number| *number < 5));
        assert_eq!(ids.below(0), 0);
    }

    #[test]
    fn ids_carry_their_version() {
        let now = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        assert_eq!(Ids::Os.v4().get_version_num(), 4);
        let timed = Ids::Os.v7(now);
        assert_eq!(timed.get_version_num(), 7);
        assert_eq!(timed.as_u128() >> 80, 1_800_000_000_123);
        assert_ne!(Ids::Os.v4(), Ids::Os.v4());
    }
}
