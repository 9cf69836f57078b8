//! How many calls a gateway asks for in a second, when staff have set a bound: one that asks for more is out of
//! order, and must not carry the others with it.

use super::KnownGateway;
use crate::App;
use domain::ids::GatewayId;
use foldhash::fast::RandomState;
use papaya::HashMap;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Calls of the second under way, for each gateway with a bound. Gateways are few: staff let them in.
#[derive(Default)]
pub(crate) struct Paces(HashMap<GatewayId, Arc<AtomicU64>, RandomState>);

impl App {
    /// Whether a gateway may ask for one more call in this second.
    pub fn keeps_pace(&self, known: &KnownGateway) -> bool {
        let Some(most) = known.settings.calls_per_second_max else { return true };
        let second = self.inner.clock.now().timestamp();
        self.inner.paces.take(known.gateway, second, most.get())
    }
}

impl Paces {
    fn take(&self, gateway: GatewayId, second: i64, most: u32) -> bool {
        let paces = self.0.pin();
        let pace = paces.get_or_insert_with(gateway, Arc::default);
        let second = u64::try_from(second).unwrap_or_default() << 32;
        let next = |word: u64| {
            // A clock that goes back begins a second anew.
            let calls = if word >> 32 == second >> 32 { word & u64::from(u32::MAX) } else { 0 };
            (calls < u64::from(most)).then_some(second | (calls + 1))
        };
        pace.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn so_many_calls_in_a_second_and_as_many_in_the_next() {
        let (paces, one, other) =
            (Paces::default(), GatewayId::from_uuid(Uuid::nil()), GatewayId::from_uuid(Uuid::max()));
        for second in [7, 8] {
            let taken: Vec<bool> = (0..4).map(|_| paces.take(one, second, 3)).collect();
            assert_eq!(taken, [true, true, true, false]);
        }
        assert!(paces.take(other, 8, 1));
    }
}
