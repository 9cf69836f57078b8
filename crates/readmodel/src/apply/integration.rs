//! Integrations and their secrets.

use super::{ApplyError, change, json, position, sql, stream_uuid, timeline, version, word};
use domain::{group::GroupRef, ids::IntegrationId, integration::Event};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    timeline::add(tx, record, timeline::of_integration(&event)).await?;
    let id = IntegrationId::from_uuid(stream_uuid(record)?).to_string();
    let version = version(record);
    let statement = match event {
        Event::Registered(registered) => sqlx::query(sql::INTEGRATION_ADD)
            .bind(id)
            .bind(version)
            .bind(position(record))
            .bind(registered.owner.to_string())
            .bind(registered.group.to_string())
            .bind(json(&registered.facts)?),
        Event::FactsDeclared(declared) => {
            sqlx::query(sql::INTEGRATION_FACTS).bind(id).bind(version).bind(json(&declared.facts)?)
        }
        Event::SecretIssued(issued) => {
            let add = sqlx::query(sql::SECRET_ADD)
                .bind(id.clone())
                .bind(position(record))
                .bind(issued.secret.to_string())
                .bind(issued.key)
                .bind(issued.last_four)
                .bind(issued.issued_at.timestamp_millis());
            change(tx, add).await?;
            sqlx::query(sql::INTEGRATION_TOUCH).bind(id).bind(version)
        }
        Event::SecretRevoked(revoked) => {
            let remove = sqlx::query(sql::SECRET_REMOVE).bind(id.clone()).bind(revoked.secret.to_string());
            change(tx, remove).await?;
            sqlx::query(sql::INTEGRATION_TOUCH).bind(id).bind(version)
        }
        Event::TestModeSet(set) => {
            let answer = sqlx::query(sql::SECRET_TEST_MODE)
                .bind(id.clone())
                .bind(set.secret.to_string())
                .bind(word(set.mode)?);
            change(tx, answer).await?;
            sqlx::query(sql::INTEGRATION_TOUCH).bind(id).bind(version)
        }
        Event::Moved(moved) => {
            if matches!(moved.to, GroupRef::Production(_)) {
                sqlx::query(sql::SECRET_TEST_MODES_END).bind(id.clone()).execute(&mut *tx).await?;
            }
            sqlx::query(sql::INTEGRATION_MOVE).bind(id).bind(version).bind(moved.to.to_string())
        }
    };
    change(tx, statement).await
}
