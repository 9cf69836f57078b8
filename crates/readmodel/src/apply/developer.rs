//! Developer accounts.

use super::{ApplyError, change, json, position, sql, stream_uuid, version};
use domain::{developer::Event, ids::DeveloperId};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    let id = DeveloperId::from_uuid(stream_uuid(record)?).to_string();
    let version = version(record);
    match event {
        Event::Registered(registered) => {
            let add = sqlx::query(sql::DEVELOPER_ADD)
                .bind(id)
                .bind(version)
                .bind(position(record))
                .bind(json(&registered.email)?)
                .bind(json(&registered.name)?)
                .bind(registered.locale)
                .bind(registered.terms_version)
                .bind(registered.proven_at.timestamp_millis());
            change(tx, add).await
        }
        // Group and account say themselves who belongs to them; these are the same facts seen from the person.
        Event::GroupJoined(_) | Event::AccountJoined(_) => {
            change(tx, sqlx::query(sql::DEVELOPER_TOUCH).bind(id).bind(version)).await
        }
    }
}
