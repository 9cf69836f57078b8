//! Commands refused lately, for those who ask what became of one whose answer they lost.

use domain::ids::CommandId;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Remembered at most; the oldest is forgotten first, and then reads as unknown.
const REFUSED_MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct Refused {
    lately: Mutex<Lately>,
}

#[derive(Default)]
struct Lately {
    scopes: HashMap<CommandId, String>,
    order: VecDeque<CommandId>,
}

impl Refused {
    /// Remembers that a command of this actor was refused.
    pub(crate) fn remember(&self, command: CommandId, scope: &str) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.scopes.insert(command, scope.to_owned()).is_none() {
            lately.order.push_back(command);
        }
        if lately.order.len() > REFUSED_MAX
            && let Some(oldest) = lately.order.pop_front()
        {
            lately.scopes.remove(&oldest);
        }
    }

    /// Whether a command of this actor was refused lately.
    pub(crate) fn holds(&self, command: CommandId, scope: &str) -> bool {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.scopes.get(&command).is_some_and(|by| by == scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn command(n: usize) -> CommandId {
        CommandId::from_uuid(Uuid::from_u128(n as u128))
    }

    #[test]
    fn a_refusal_is_told_to_its_own_actor_only() {
        let refused = Refused::default();
        refused.remember(command(1), "developer:a");
        assert!(refused.holds(command(1), "developer:a"));
        assert!(!refused.holds(command(1), "developer:b"));
    }

    #[test]
    fn the_oldest_refusals_are_forgotten() {
        let refused = Refused::default();
        for n in 0..=REFUSED_MAX {
            refused.remember(command(n), "a");
        }
        assert!(!refused.holds(command(0), "a"));
        assert!(refused.holds(command(REFUSED_MAX), "a"));
        assert_eq!(refused.lately.lock().unwrap().scopes.len(), REFUSED_MAX);
    }
}
