//! What was set for groups.

use super::{ApplyError, timeline};
use domain::allowance::Event;
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    timeline::add(tx, record, timeline::of_allowance(&event)).await
}
