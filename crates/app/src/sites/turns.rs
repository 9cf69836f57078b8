//! Registrations of one roster take turns in this process. The log decides all the same; but of many at once, all
//! but one would find the roster changed, try again, and in the end be told to come back later.

use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// Rosters may share a turn; they only wait for each other.
const TURNS: usize = 64;

pub(crate) struct Turns([Mutex<()>; TURNS]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// Waits for the turn of a roster.
    pub(super) async fn take(&self, roster: Uuid) -> MutexGuard<'_, ()> {
        let [.., last] = roster.into_bytes();
        self.0[usize::from(last) % TURNS].lock().await
    }
}
