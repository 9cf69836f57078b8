//! Production accounts and their contacts.

use super::{ApplyError, change, json, position, sql, stream_uuid, timeline, version, word};
use domain::{developer::Role, ids::ProdAccountId, prodaccount::Event};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    timeline::add(tx, record, timeline::of_account(&event)).await?;
    let id = ProdAccountId::from_uuid(stream_uuid(record)?).to_string();
    let version = version(record);
    let statement = match event {
        Event::Opened(opened) => {
            let add = sqlx::query(sql::ACCOUNT_ADD)
                .bind(id.clone())
                .bind(version)
                .bind(position(record))
                .bind(opened.vendor_name)
                .bind(opened.support_url);
            change(tx, add).await?;
            sqlx::query(sql::ACCOUNT_MEMBER_ADD)
                .bind(id)
                .bind(opened.owner.to_string())
                .bind(word(Role::Owner)?)
        }
        Event::ContactDeclared(declared) => sqlx::query(sql::ACCOUNT_CONTACT)
            .bind(id)
            .bind(version)
            .bind(declared.epoch)
            .bind(json(&declared.address)?)
            .bind(word(declared.class)?),
        Event::ContactChallengeRequested(requested) => sqlx::query(sql::ACCOUNT_CHALLENGE)
            .bind(id)
            .bind(version)
            .bind(requested.epoch)
            .bind(requested.intent.to_string())
            .bind(requested.expires_at.timestamp_millis()),
        Event::ContactProven(proven) => sqlx::query(sql::ACCOUNT_CONTACT_PROVEN)
            .bind(id)
            .bind(version)
            .bind(proven.epoch)
            .bind(proven.proven_at.timestamp_millis()),
        Event::GroupOpened(opened) => {
            sqlx::query(sql::ACCOUNT_GROUP).bind(id).bind(version).bind(opened.group.to_string())
        }
    };
    change(tx, statement).await
}
