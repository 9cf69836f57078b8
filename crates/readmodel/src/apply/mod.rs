//! From records to rows: one file per aggregate, each an exhaustive match over its events. Nothing here has
//! a clock, does IO beyond the transaction, or holds a rule: what happened has been decided.

mod allowance;
mod developer;
mod devgroup;
mod gateway;
mod integration;
mod mail;
mod notice;
mod prodaccount;
mod prodgroup;
mod roster;
pub(crate) mod sql;
mod timeline;

use crate::columns::to_word;
use domain::{
    allowance::Allowance,
    claim,
    codec::CodecError,
    decider::{Decider, StoredEvent},
    developer::Developer,
    devgroup::DevGroup,
    gateway::Gateway,
    ids::CommandId,
    integration::Integration,
    mail as mails,
    prodaccount::ProdAccount,
    prodgroup::ProdGroup,
    roster::Roster,
    staff,
    usagewatch::UsageWatch,
};
use eventlog::Record;
use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use uuid::Uuid;

/// Why an event can't be folded.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A stream of a category this program doesn't know.
    #[error("no aggregate has streams of this category")]
    UnknownCategory,
    /// The part of the stream name behind the category is no id.
    #[error("the stream name holds no id")]
    StreamId,
    /// Type or payload can't be read.
    #[error("the event cannot be decoded")]
    Codec(#[from] CodecError),
    /// A value can't be written as a column.
    #[error("a value does not fit its column")]
    Column(#[from] serde_json::Error),
    /// The event needs a row of an earlier event that is not there.
    #[error("the event follows nothing it could follow")]
    NothingToFollow,
    /// SQLite failed.
    #[error("the read model cannot be written")]
    Store(#[from] sqlx::Error),
}

type Statement = Query<'static, Sqlite, SqliteArguments>;

/// Categories of claim streams begin so; the kind follows.
const CLAIM_PREFIX: &str = "claim.";

/// Folds one record. Every event is decoded, also of aggregates that have no rows, so that none this program
/// doesn't know goes by unseen.
pub(crate) async fn apply(tx: &mut SqliteConnection, record: &Record) -> Result<(), ApplyError> {
    if record.batch_index == 0 {
        note_command(tx, record).await?;
    }
    match record.stream.category() {
        Developer::CATEGORY => developer::apply(tx, record, decode(record)?).await,
        DevGroup::CATEGORY => devgroup::apply(tx, record, decode(record)?).await,
        ProdAccount::CATEGORY => prodaccount::apply(tx, record, decode(record)?).await,
        ProdGroup::CATEGORY => prodgroup::apply(tx, record, decode(record)?).await,
        Allowance::CATEGORY => allowance::apply(tx, record, decode(record)?).await,
        Integration::CATEGORY => integration::apply(tx, record, decode(record)?).await,
        Gateway::CATEGORY => gateway::apply(tx, record, decode(record)?).await,
        Roster::CATEGORY => roster::apply(tx, record, decode(record)?).await,
        UsageWatch::CATEGORY => notice::apply(tx, record).await,
        mails::CATEGORY => mail::apply(tx, record, decode(record)?).await,
        // No query shows staff or claims.
        staff::Staff::CATEGORY => decode::<staff::Event>(record).map(drop),
        category if category.starts_with(CLAIM_PREFIX) => decode::<claim::Event>(record).map(drop),
        _ => Err(ApplyError::UnknownCategory),
    }
}

async fn note_command(tx: &mut SqliteConnection, record: &Record) -> Result<(), ApplyError> {
    sqlx::query(sql::COMMAND_NOTE)
        .bind(CommandId::from_uuid(record.command_id).to_string())
        .bind(position(record))
        .bind(position(record) + i64::from(record.batch_length) - 1)
        .bind(record.recorded_at.timestamp_millis())
        .bind(record.actor.kind.clone())
        .bind(record.actor.id.clone())
        .execute(tx)
        .await?;
    Ok(())
}

fn decode<E: StoredEvent>(record: &Record) -> Result<E, ApplyError> {
    Ok(E::decode(&record.event_type, record.schema, &record.payload)?)
}

fn stream_uuid(record: &Record) -> Result<Uuid, ApplyError> {
    Uuid::try_parse(record.stream.id()).map_err(|_| ApplyError::StreamId)
}

fn position(record: &Record) -> i64 {
    crate::writer::position_column(record.position)
}

fn version(record: &Record) -> i64 {
    i64::try_from(record.version.0).unwrap_or(i64::MAX)
}

fn word<T: serde::Serialize>(value: T) -> Result<String, ApplyError> {
    Ok(to_word(value)?)
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, ApplyError> {
    Ok(serde_json::to_string(value)?)
}

/// Runs a statement that must change exactly the row of an earlier event.
async fn change(tx: &mut SqliteConnection, statement: Statement) -> Result<(), ApplyError> {
    match statement.execute(tx).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(ApplyError::NothingToFollow),
    }
}
