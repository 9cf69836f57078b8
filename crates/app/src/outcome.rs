//! What became of a command, for callers who lost the answer.

use crate::{App, error::AppError, meta};
use domain::{actor::Actor, ids::CommandId};
use eventlog::Position;

/// What became of a command, as far as this actor may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its events are in the log, the last of them here.
    Applied(Position),
    /// It was refused by this process, not long ago; nothing of it is in the log.
    Rejected,
    /// It never arrived, it recorded nothing, it runs still, it was somebody else's, or its refusal is
    /// forgotten. What is not in the log can be given again.
    Unknown,
}

impl App {
    /// What became of a command of this actor.
    pub async fn command_outcome(&self, command: CommandId, actor: Actor) -> Result<Outcome, AppError> {
        if self.inner.refused.holds(command, &meta::scope(&actor)) {
            return Ok(Outcome::Rejected);
        }
        self.caught_up(self.head().position).await?;
        let envelope = meta::actor_envelope(&actor, "");
        let applied = self.inner.read.command(command, &envelope.kind, &envelope.id).await?;
        Ok(applied.map_or(Outcome::Unknown, |row| Outcome::Applied(row.last)))
    }
}
