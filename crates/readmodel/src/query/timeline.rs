//! What happened, in order. Sentences are rendered by the reader from type and data.

use super::{Listed, Page, QueryError, sql};
use crate::{ReadModel, columns::Columns};
use chrono::{DateTime, Utc};
use domain::sealed::Sealed;
use eventlog::{Position, StreamName};
use sqlx::sqlite::SqliteRow;

/// One fact of a production account, production group or integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// Where it stands in the log.
    pub position: Position,
    /// Which stream.
    pub stream: StreamName,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Stored type, such as `prodgroup.submitted`.
    pub event_type: String,
    /// `developer`, `staff`, `system`, …
    pub actor_kind: String,
    /// Id of the actor, empty when the kind has none.
    pub actor_id: String,
    /// What is worth showing, by name; nothing personal.
    pub data: serde_json::Map<String, serde_json::Value>,
    /// Free text of staff.
    pub note: Option<Sealed>,
}

impl ReadModel {
    /// The facts of streams (of production accounts, production groups and integrations), oldest first. The
    /// caller has made sure that the asking person may see these streams.
    pub async fn timeline(
        &self,
        streams: &[StreamName],
        page: Page,
    ) -> Result<Listed<TimelineRow>, QueryError> {
        let names = streams.iter().map(StreamName::as_str).collect::<serde_json::Value>().to_string();
        let rows = sqlx::query(sql::TIMELINE)
            .bind(names)
            .bind(page.after_key())
            .bind(page.fetch())
            .fetch_all(&self.pool()?)
            .await?;
        let rows = rows.iter().map(|row| timeline_row(row).map(|row| (row.position.0, row)));
        Ok(page.cut(rows.collect::<Result<_, QueryError>>()?))
    }
}

fn timeline_row(row: &SqliteRow) -> Result<TimelineRow, QueryError> {
    let row = Columns(row);
    let stream =
        StreamName::parse(&row.text("stream")?).map_err(|_| QueryError::Inconsistent { column: "stream" })?;
    Ok(TimelineRow {
        position: Position(row.key("position")?),
        stream,
        at: row.instant("at")?,
        event_type: row.text("event_type")?,
        actor_kind: row.text("actor_kind")?,
        actor_id: row.text("actor_id")?,
        data: row.json("data")?,
        note: row.optional_json("note")?,
    })
}
