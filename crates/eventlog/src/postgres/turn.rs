//! One transaction that appends: the head's row is locked, what the batches expect is looked up behind the
//! lock, the group is written, the bell is rung.

use super::known::{HeadRow, Known, OtherHistory, bytes, number, position, signed};
use super::sql;
use crate::batch::{Prepared, event_id};
use crate::codec::{Outline, Stamp};
use crate::frames::Frames;
use crate::record::RecordError;
use crate::sequencer::{Group, Index, Sequenced};
use crate::streams::{StreamHead, StreamKey};
use crate::{AppendError, Head, Position, StreamVersion};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection as _, Postgres, Row as _, Transaction};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// Everything before COMMIT has so long, the wait for other nodes' commits included.
const PREPARE_MAX: Duration = Duration::from_secs(6);
/// After so long without an answer to COMMIT, what became of it is asked in another session.
const COMMIT_MAX: Duration = Duration::from_secs(6);

/// What was decided about each batch, in their order.
pub(super) type Decisions = Vec<Result<Sequenced, AppendError>>;

/// A commit without an answer. When the head's lock is free its fate is sealed, and the chain tells which it is.
pub(super) struct Doubt {
    end: Head,
    pub(super) decisions: Decisions,
}

/// Why a turn did not end with decisions.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error("the database failed")]
    Store(#[from] sqlx::Error),
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("the database holds another history than this node has followed")]
    OtherHistory(OtherHistory),
    #[error("a record can't be read by who made it")]
    Record(#[from] RecordError),
}

impl From<OtherHistory> for TurnError {
    fn from(other: OtherHistory) -> Self {
        Self::OtherHistory(other)
    }
}

/// A transaction up to its COMMIT.
struct Begun<'c> {
    tx: Transaction<'c, Postgres>,
    decisions: Decisions,
    /// The end of the log behind what was written; none when nothing was.
    end: Option<Head>,
}

/// Decides and appends. `session` is taken out, and put back only in the state it was found in: what a failed
/// turn has begun ends with its session. `doubt` is what an earlier turn over the same batches left, and is
/// settled first.
pub(super) async fn take(
    session: &mut Option<PgConnection>,
    known: &Known,
    now_ms: i64,
    batches: &[Prepared],
    doubt: &mut Option<Doubt>,
) -> Result<Decisions, TurnError> {
    let Some(mut taken) = session.take() else { return Err(TurnError::TimedOut) };
    let begun = timeout(PREPARE_MAX, begin(&mut taken, known, now_ms, batches, doubt)).await;
    let Begun { tx, decisions, end } = begun.map_err(|_| TurnError::TimedOut)??;
    let Some(end) = end else {
        // What was decided stands, whether or not the session lives on.
        if matches!(timeout(COMMIT_MAX, tx.rollback()).await, Ok(Ok(()))) {
            *session = Some(taken);
        }
        return Ok(decisions);
    };
    let committed = timeout(COMMIT_MAX, tx.commit()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    if let Err(error) = committed {
        *doubt = Some(Doubt { end, decisions });
        return Err(error.into());
    }
    known.advance(end);
    *session = Some(taken);
    Ok(decisions)
}

async fn begin<'c>(
    session: &'c mut PgConnection,
    known: &Known,
    now_ms: i64,
    batches: &[Prepared],
    doubt: &mut Option<Doubt>,
) -> Result<Begun<'c>, TurnError> {
    let asked = known.head();
    let mut tx = session.begin().await?;
    let locked = sqlx::query(sql::LOCK_HEAD).bind(signed(asked.position.0));
    let row = HeadRow::read(&locked.fetch_one(&mut *tx).await?)?;
    known.learn(&asked, &row)?;
    if let Some(doubted) = &doubt {
        let is_committed = hash_at(&mut tx, doubted.end.position).await? == Some(doubted.end.hash);
        let settled = doubt.take().filter(|_| is_committed);
        if let Some(committed) = settled {
            return Ok(Begun { tx, decisions: committed.decisions, end: None });
        }
    }
    let index = look_up(&mut tx, &row, batches).await?;
    let mut group = Group::after(&index, now_ms, Frames::default());
    let decisions = batches.iter().map(|batch| group.add(&index, batch)).collect();
    if group.is_empty() {
        return Ok(Begun { tx, decisions, end: None });
    }
    write(&mut tx, row.head.position, &group).await?;
    let end = Head { position: group.last_position(), hash: group.hash(), ..row.head };
    Ok(Begun { tx, decisions, end: Some(end) })
}

async fn hash_at(
    tx: &mut Transaction<'_, Postgres>,
    position: Position,
) -> Result<Option<[u8; 32]>, sqlx::Error> {
    let found = sqlx::query(sql::HASH_AT).bind(signed(position.0)).fetch_optional(&mut **tx).await?;
    found.map(|row| bytes(&row, 0)).transpose()
}

/// What the batches rest on, as it is behind the lock: the ends of their streams, and their commands that are
/// in the log already.
async fn look_up(
    tx: &mut Transaction<'_, Postgres>,
    row: &HeadRow,
    batches: &[Prepared],
) -> Result<Index, sqlx::Error> {
    let mut streams: Vec<[u8; 16]> =
        batches.iter().flat_map(|batch| &batch.streams).map(|stream| stream.key.to_bytes()).collect();
    streams.sort_unstable();
    streams.dedup();
    let commands: HashMap<[u8; 16], Uuid> =
        batches.iter().map(|batch| (*event_id(batch.command_id, 0).as_bytes(), batch.command_id)).collect();
    let streams: Vec<&[u8]> = streams.iter().map(<[u8; 16]>::as_slice).collect();
    let first_events: Vec<&[u8]> = commands.keys().map(<[u8; 16]>::as_slice).collect();
    let found = sqlx::query(sql::LOOK_UP).bind(streams).bind(first_events).fetch_all(&mut **tx).await?;
    let mut index = Index::empty(row.head.log_id);
    // There is no index in memory that streams could fill.
    index.streams_max = usize::MAX;
    index.head = row.head;
    index.recorded_at_ms = row.recorded_at_ms;
    for row in &found {
        note(&mut index, &commands, row)?;
    }
    Ok(index)
}

fn note(index: &mut Index, commands: &HashMap<[u8; 16], Uuid>, row: &PgRow) -> Result<(), sqlx::Error> {
    let (id, position, version) = (bytes(row, 0)?, position(row, 1)?, StreamVersion(number(row, 2)?));
    if version > StreamVersion(0) {
        index.streams.set(StreamKey::from_bytes(id), StreamHead { position, version });
    } else if let Some(command_id) = commands.get(&id) {
        index.recent.remember(*command_id, position);
    }
    Ok(())
}

async fn write(tx: &mut Transaction<'_, Postgres>, before: Position, group: &Group) -> Result<(), TurnError> {
    let (mut streams, mut versions, mut events, mut records) = (vec![], vec![], vec![], vec![]);
    for record in group.frames().records() {
        let (outline, stamp) = (Outline::decode(record)?, Stamp::decode(record)?);
        streams.push(StreamKey::of_bytes(outline.stream).to_bytes().to_vec());
        versions.push(signed(stamp.version.0));
        events.push(event_id(outline.command_id, outline.batch_index.into()).as_bytes().to_vec());
        records.push(record);
    }
    let query = sqlx::query(sql::WRITE)
        .bind(signed(before.0))
        .bind(streams)
        .bind(versions)
        .bind(events)
        .bind(records)
        .bind(signed(group.last_position().0))
        .bind(group.hash().to_vec())
        .bind(group.recorded_at_ms())
        .bind(sql::BELL);
    query.fetch_one(&mut **tx).await?.try_get_raw(0)?;
    Ok(())
}
