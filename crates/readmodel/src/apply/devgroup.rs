//! Development groups.

use super::{ApplyError, change, json, position, sql, stream_uuid, timeline, version, word};
use domain::{developer::Role, devgroup::Event, ids::DevGroupId};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    timeline::add(tx, record, timeline::of_dev_group(&event)).await?;
    let id = DevGroupId::from_uuid(stream_uuid(record)?).to_string();
    let version = version(record);
    match event {
        Event::Created(created) => {
            let add = sqlx::query(sql::DEV_GROUP_ADD)
                .bind(id.clone())
                .bind(version)
                .bind(position(record))
                .bind(created.name)
                .bind(created.personal)
                .bind(json(&created.limits)?);
            change(tx, add).await?;
            let member = sqlx::query(sql::DEV_GROUP_MEMBER_ADD)
                .bind(id)
                .bind(created.owner.to_string())
                .bind(word(Role::Owner)?);
            change(tx, member).await
        }
        Event::Renamed(renamed) => {
            change(tx, sqlx::query(sql::DEV_GROUP_NAME).bind(id).bind(version).bind(renamed.name)).await
        }
        // Where an integration lives is told by its own stream.
        Event::IntegrationAdmitted(_) | Event::IntegrationReleased(_) => {
            change(tx, sqlx::query(sql::DEV_GROUP_TOUCH).bind(id).bind(version)).await
        }
    }
}
