//! What became of mails.

use super::{ApplyError, change, sql, stream_uuid, word};
use domain::{ids::IntentId, mail::Event};
use eventlog::Record;
use sqlx::SqliteConnection;

/// The word for a mail the relay took; failures have those of their classes.
const SENT: &str = "sent";

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    let outcome = match event {
        Event::Sent(_) => SENT.to_owned(),
        Event::Failed(failed) => word(failed.class)?,
    };
    let set = sqlx::query(sql::MAIL_OUTCOME_SET)
        .bind(IntentId::from_uuid(stream_uuid(record)?).to_string())
        .bind(outcome)
        .bind(record.recorded_at.timestamp_millis());
    change(tx, set).await
}
