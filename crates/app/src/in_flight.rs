//! Commands that run at this moment: the same command never runs twice at once.

use crate::error::AppError;
use domain::ids::CommandId;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Bounded by the number of commands that may run at once.
#[derive(Clone, Default)]
pub(crate) struct InFlight {
    running: Arc<Mutex<HashSet<CommandId>>>,
}

/// Held while a command runs.
pub(crate) struct Entry {
    command: CommandId,
    running: Arc<Mutex<HashSet<CommandId>>>,
}

impl InFlight {
    /// Refused while the same command runs.
    pub(crate) fn enter(&self, command: CommandId) -> Result<Entry, AppError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(command) {
            return Err(AppError::InFlight);
        }
        Ok(Entry { command, running: Arc::clone(&self.running) })
    }

    /// Whether a command runs at this moment.
    pub(crate) fn holds(&self, command: CommandId) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&command)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_command_is_refused_while_it_runs_and_welcome_afterwards() {
        let in_flight = InFlight::default();
        let command = CommandId::from_uuid(Uuid::from_u128(1));
        let entry = in_flight.enter(command).unwrap();
        assert!(matches!(in_flight.enter(command), Err(AppError::InFlight)));
        drop(entry);
        assert!(in_flight.enter(command).is_ok());
    }
}
