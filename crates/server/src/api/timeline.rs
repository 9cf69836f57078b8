//! Lines of timelines, as several resources show them.

use crate::reads::TimelineView;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// One fact of a history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineItem {
    /// Place in the portal's log.
    #[schema(minimum = 1)]
    position: u64,
    at: DateTime<Utc>,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "prodgroup.submitted")]
    event_type: String,
    actor: TimelineActor,
    /// What is worth knowing of it, by name.
    #[schema(value_type = Object, additional_properties = true)]
    data: serde_json::Map<String, serde_json::Value>,
    /// What staff wrote; `[erased]` after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Who did it. Vendors see that it was staff, not who of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineActor {
    /// `developer`, `staff`, `system`, …
    #[schema(example = "developer")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl TimelineItem {
    /// A line with what is sealed in it, opened.
    pub(crate) fn of(view: TimelineView, names_staff: bool) -> Self {
        let TimelineView { row, note } = view;
        let is_named = !row.actor_id.is_empty() && (names_staff || row.actor_kind != "staff");
        Self {
            position: row.position.0,
            at: row.at,
            event_type: row.event_type,
            actor: TimelineActor { kind: row.actor_kind, id: is_named.then_some(row.actor_id) },
            data: row.data,
            note: note.map(|note| note.shown().to_owned()),
        }
    }
}
