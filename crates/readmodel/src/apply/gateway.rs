//! Gateways and their live credentials.

use super::{ApplyError, change, json, position, sql, stream_uuid, version};
use domain::{gateway::Event, ids::GatewayId};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    let id = GatewayId::from_uuid(stream_uuid(record)?).to_string();
    let version = version(record);
    let statement = match event {
        Event::Registered(registered) => sqlx::query(sql::GATEWAY_ADD)
            .bind(id)
            .bind(version)
            .bind(position(record))
            .bind(registered.name)
            .bind(json(&registered.settings)?),
        Event::CredentialIssued(issued) => {
            let add = sqlx::query(sql::GATEWAY_CREDENTIAL_ADD)
                .bind(id.clone())
                .bind(position(record))
                .bind(issued.credential.to_string())
                .bind(issued.last_four)
                .bind(issued.issued_at.timestamp_millis());
            change(tx, add).await?;
            sqlx::query(sql::GATEWAY_TOUCH).bind(id).bind(version)
        }
        Event::CredentialRevoked(revoked) => {
            let remove = sqlx::query(sql::GATEWAY_CREDENTIAL_REMOVE)
                .bind(id.clone())
                .bind(revoked.credential.to_string());
            change(tx, remove).await?;
            sqlx::query(sql::GATEWAY_TOUCH).bind(id).bind(version)
        }
        Event::Retired(_) => {
            sqlx::query(sql::GATEWAY_CREDENTIALS_REMOVE).bind(id.clone()).execute(&mut *tx).await?;
            let retired_at = record.recorded_at.timestamp_millis();
            sqlx::query(sql::GATEWAY_RETIRE).bind(id).bind(version).bind(retired_at)
        }
    };
    change(tx, statement).await
}
