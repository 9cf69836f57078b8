//! What the members of groups are told without asking.

use super::{Listed, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::{group::GroupRef, ids::DeveloperId};
use eventlog::Position;
use sqlx::sqlite::SqliteRow;

/// One notice. Sentences are rendered by the reader from type and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Where it stands in the log.
    pub position: Position,
    /// Which group it is about.
    pub group: GroupRef,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Stored type, such as `usagewatch.threshold_reached`.
    pub event_type: String,
    /// What is worth showing, by name; nothing personal.
    pub data: serde_json::Map<String, serde_json::Value>,
}

impl ReadModel {
    /// The notices of all groups a developer belongs to, newest first.
    pub async fn notices_of(
        &self,
        developer: DeveloperId,
        page: Page,
    ) -> Result<Listed<NoticeRow>, QueryError> {
        let rows = sqlx::query(sql::NOTICES_OF)
            .bind(developer.to_string())
            .bind(page.before_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| notice_row(row).map(|row| (row.position.0, row)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }
}

fn notice_row(row: &SqliteRow) -> Result<NoticeRow, QueryError> {
    let row = Columns(row);
    Ok(NoticeRow {
        position: Position(row.key("position")?),
        group: row.parsed("group_id")?,
        at: row.instant("at")?,
        event_type: row.text("event_type")?,
        data: row.json("data")?,
    })
}
