//! The commands appended last, so that a repeated one is met before anything else is looked at.

use crate::Position;
use std::collections::{HashMap, VecDeque};
use uuid::Uuid;

/// How many commands are remembered, about 80 bytes each. An older one is found by walking its stream back.
pub const RECENT_COMMANDS_MAX: usize = 65_536;

/// Command id → first position, for the newest [`RECENT_COMMANDS_MAX`].
#[derive(Default)]
pub(crate) struct RecentCommands {
    first: HashMap<Uuid, Position>,
    order: VecDeque<(Uuid, Position)>,
}

impl RecentCommands {
    pub(crate) fn first_position(&self, command_id: Uuid) -> Option<Position> {
        self.first.get(&command_id).copied()
    }

    pub(crate) fn remember(&mut self, command_id: Uuid, first: Position) {
        if self.order.len() == RECENT_COMMANDS_MAX
            && let Some((oldest, at)) = self.order.pop_front()
            && self.first.get(&oldest) == Some(&at)
        {
            self.first.remove(&oldest);
        }
        self.order.push_back((command_id, first));
        self.first.insert(command_id, first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_command_makes_room_for_the_newest() {
        let mut recent = RecentCommands::default();
        let id = |n: usize| Uuid::from_u128(n as u128);
        (0..=RECENT_COMMANDS_MAX).for_each(|n| recent.remember(id(n), Position(n as u64 + 1)));
        assert_eq!(recent.first_position(id(0)), None);
        assert_eq!(recent.first_position(id(1)), Some(Position(2)));
        assert_eq!(recent.first.len(), RECENT_COMMANDS_MAX);
    }

    #[test]
    fn a_command_seen_twice_is_kept_as_long_as_its_newest_place() {
        let mut recent = RecentCommands::default();
        let id = |n: usize| Uuid::from_u128(n as u128);
        recent.remember(id(7), Position(1));
        recent.remember(id(7), Position(2));
        (1_000..1_000 + RECENT_COMMANDS_MAX - 1).for_each(|n| recent.remember(id(n), Position(n as u64)));
        assert_eq!(recent.first_position(id(7)), Some(Position(2)));
    }
}
