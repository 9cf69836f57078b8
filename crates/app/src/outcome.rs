//! What became of a command, for callers who lost the answer.

use crate::{App, error::AppError, meta};
use domain::{actor::Actor, ids::CommandId};
use eventlog::Position;
use std::time::Duration;

/// How long the read model may take to see the end of the log.
const READ_WAIT_MAX: Duration = Duration::from_secs(2);

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
        // A key refused once may have been used again, with success.
        let head = self.inner.log.head().position;
        self.inner.read.wait_for(head, READ_WAIT_MAX).await.map_err(|_| AppError::Behind)?;
        let envelope = meta::actor_envelope(&actor, "");
        let applied = self.inner.read.command(command, &envelope.kind, &envelope.id).await?;
        let refused = || self.inner.refused.holds(command, &meta::scope(&actor));
        Ok(match applied {
            Some(row) => Outcome::Applied(row.last),
            None if refused() => Outcome::Rejected,
            None => Outcome::Unknown,
        })
    }
}
