//! Production accounts and their contacts.

use super::{ApplyError, change, json, notice, position, sql, stream_uuid, timeline, version, word};
use crate::columns::Columns;
use domain::{
    developer::Role,
    group::GroupRef,
    ids::ProdAccountId,
    prodaccount::{Contacts, Event},
};
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
        Event::GroupOpened(opened) => {
            sqlx::query(sql::ACCOUNT_GROUP).bind(id).bind(version).bind(opened.group.to_string())
        }
        Event::ContactDeclared(_)
        | Event::ContactChallengeRequested(_)
        | Event::ContactProven(_)
        | Event::ContactBounced(_)
        | Event::ContactChecked(_)
        | Event::ContactDisowned(_)
        | Event::ContactProofDue(_)
        | Event::ContactProofEnded(_) => return contact(tx, record, id, &event).await,
    };
    change(tx, statement).await
}

/// Folds one more fact of a contact, as the rules do.
async fn contact(
    tx: &mut SqliteConnection,
    record: &Record,
    account: String,
    event: &Event,
) -> Result<(), ApplyError> {
    let row = sqlx::query(sql::ACCOUNT_CONTACTS).bind(account.clone()).fetch_optional(&mut *tx).await?;
    let row = row.ok_or(ApplyError::NothingToFollow)?;
    let unreadable = |_| ApplyError::NothingToFollow;
    let before: Option<Contacts> = Columns(&row).optional_json("contacts").map_err(unreadable)?;
    if let Some(group) = Columns(&row).optional_parsed("group_id").map_err(unreadable)? {
        notice::of_contact(tx, record, GroupRef::Production(group), event).await?;
    }
    let after = match (before, event) {
        (None, Event::ContactDeclared(declared)) => Some(Contacts::of(declared.clone())),
        (before, event) => before.and_then(|before| before.evolve(event)),
    };
    let after = after.ok_or(ApplyError::NothingToFollow)?;
    let shown = after.shown().map(|(_, proof)| proof);
    let doubted_since = shown.and_then(|proof| proof.trouble.as_ref()).map(|trouble| trouble.since);
    let set = sqlx::query(sql::ACCOUNT_CONTACTS_SET)
        .bind(account)
        .bind(version(record))
        .bind(json(&after)?)
        .bind(after.challenge.as_ref().map(|challenge| challenge.intent.to_string()))
        .bind(shown.map(|proof| proof.proven_at.timestamp_millis()))
        .bind(doubted_since.map(|since| since.timestamp_millis()));
    change(tx, set).await
}
