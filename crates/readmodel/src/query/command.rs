//! What became of a command, for callers who lost the answer.

use super::{QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::ids::CommandId;
use eventlog::Position;

/// A command that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    /// Which.
    pub id: CommandId,
    /// First position of its events.
    pub first: Position,
    /// Last position of its events.
    pub last: Position,
    /// When it was recorded.
    pub at: DateTime<Utc>,
}

impl ReadModel {
    /// A command that was applied, when the asking actor gave it. `actor_kind` and `actor_id` are as the
    /// log's envelope holds them.
    pub async fn command(
        &self,
        id: CommandId,
        actor_kind: &str,
        actor_id: &str,
    ) -> Result<Option<CommandRow>, QueryError> {
        let row = sqlx::query(sql::COMMAND)
            .bind(id.to_string())
            .bind(actor_kind)
            .bind(actor_id)
            .fetch_optional(&self.pool()?)
            .await?;
        row.map(|row| {
            let row = Columns(&row);
            Ok(CommandRow {
                id,
                first: Position(row.key("first")?),
                last: Position(row.key("last")?),
                at: row.instant("at")?,
            })
        })
        .transpose()
    }
}
