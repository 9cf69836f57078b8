//! Reading: every record is held against its hash, its place and the one before it, before anybody sees it.

use super::known::{Known, OtherHistory, is_anchored, number, position, signed};
use super::{PostgresLog, bell, sql};
use crate::batch::event_id;
use crate::frames::See;
use crate::reader::{self, Stored};
use crate::streams::StreamKey;
use crate::{
    CommandRecord, EVENTS_PER_APPEND_MAX, Head, OpenError, Position, ReadError, Record, StreamName,
    StreamVersion, record,
};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row as _};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// A read that takes longer is none.
const READ_MAX: Duration = Duration::from_secs(5);
/// A read whose session breaks is asked so many times in all.
const READ_TRIES: u32 = 3;
/// Records at the end of the log that are held against their hashes at opening.
const TAIL_RECORDS: u64 = 1_024;

impl From<OtherHistory> for ReadError {
    fn from(other: OtherHistory) -> Self {
        Self::OtherHistory { position: other.position }
    }
}

fn store(error: sqlx::Error) -> ReadError {
    ReadError::Store(Box::new(error))
}

fn corrupt(position: Position, what: impl Into<String>) -> ReadError {
    ReadError::Corrupt { position, what: what.into() }
}

/// Rows of a statement that only reads, asked again in another session when one breaks.
async fn rows(
    readers: &PgPool,
    query: impl Fn() -> Query<'static, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, ReadError> {
    let mut tries = 1;
    loop {
        let asked = timeout(READ_MAX, query().fetch_all(readers)).await;
        match asked.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(rows) => return Ok(rows),
            Err(sqlx::Error::Io(_) | sqlx::Error::Database(_)) if tries < READ_TRIES => tries += 1,
            Err(error) => return Err(store(error)),
        }
    }
}

/// A record as it was written.
fn decode(at: Position, stored: &[u8]) -> Result<Record, ReadError> {
    if !record::hash_holds(stored) {
        return Err(corrupt(at, "the record is not what its hash was made of"));
    }
    let record = Record::decode(stored).map_err(|error| corrupt(at, error.to_string()))?;
    if record.position == at { Ok(record) } else { Err(corrupt(at, "the record belongs elsewhere")) }
}

/// Records behind a position up to another one, both within the history of `asked`.
async fn interval(
    known: &Known,
    readers: &PgPool,
    asked: &Head,
    after: Position,
    last: Position,
) -> Result<Vec<Record>, ReadError> {
    known.require_same()?;
    let bounds = [after, last, asked.position].map(|position| signed(position.0));
    let found = rows(readers, || {
        bounds.iter().fold(sqlx::query(sql::RECORDS), |query, position| query.bind(*position))
    })
    .await?;
    let mut records: Vec<Record> = Vec::with_capacity(found.len());
    for (at, row) in (after.0 + 1..=last.0).map(Position).zip(&found) {
        let anchor: Option<Vec<u8>> = row.try_get(2).map_err(store)?;
        if !is_anchored(asked, anchor.and_then(|hash| hash.try_into().ok())) {
            return Err(known.end_for_good(asked).into());
        }
        if position(row, 0).map_err(store)? != at {
            return Err(corrupt(at, "there is no such record"));
        }
        let record = decode(at, row.try_get(1).map_err(store)?)?;
        let before = records.last().map_or(record.previous_hash, |before| before.hash);
        if record.log_id != asked.log_id || record.previous_hash != before {
            return Err(corrupt(at, "the hash chain is broken"));
        }
        records.push(record);
    }
    let missing = Position(after.0 + 1 + records.len() as u64);
    if missing <= last {
        // Either the end of the log is gone, or a record within it is.
        bell::look(known, readers).await.map_err(store)??;
        return Err(corrupt(missing, "there is no such record"));
    }
    Ok(records)
}

/// Holds the end of the log against the row of the head.
pub(super) async fn verify_tail(known: &Known, readers: &PgPool) -> Result<(), OpenError> {
    let head = known.head();
    let after = Position(head.position.0.saturating_sub(TAIL_RECORDS));
    let tail = interval(known, readers, &head, after, head.position).await;
    let last = tail.map_err(|error| match error {
        ReadError::Corrupt { position, what } => OpenError::Damaged { position: Some(position), what },
        ReadError::OtherHistory { position } => {
            let what = "the row of the head does not belong to the last record".to_owned();
            OpenError::Damaged { position: Some(position), what }
        }
        ReadError::Store(source) => OpenError::Database(source),
    })?;
    if last.is_empty() && head.hash != record::genesis_hash(head.log_id) {
        let what = "the row of the head does not belong to an empty log".to_owned();
        return Err(OpenError::Damaged { position: None, what });
    }
    Ok(())
}

impl PostgresLog {
    pub(crate) async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<Record>, ReadError> {
        let head = self.known.head();
        let last = head.position.min(Position(after.0.saturating_add(u64::from(limit))));
        if after >= last {
            self.known.require_same()?;
            return Ok(Vec::new());
        }
        interval(&self.known, &self.readers, &head, after, last).await
    }

    /// The oldest `limit` records of a stream after a version, and where the later ones stand, newest first.
    pub(crate) async fn stream(
        &self,
        name: &StreamName,
        after: StreamVersion,
        limit: u32,
    ) -> Result<(Vec<Record>, Vec<Position>), ReadError> {
        let page = self.stream_page(name, after, limit).await?;
        if (page.len() as u64) < u64::from(limit) {
            return Ok((page, Vec::new()));
        }
        let key = StreamKey::of(name).to_bytes();
        let reached = signed(after.0 + page.len() as u64);
        let later =
            rows(&self.readers, || sqlx::query(sql::STREAM_POSITIONS).bind(key.to_vec()).bind(reached))
                .await?;
        let later = later.iter().map(|row| position(row, 0)).collect::<Result<_, _>>();
        Ok((page, later.map_err(store)?))
    }

    pub(crate) async fn stream_page(
        &self,
        name: &StreamName,
        after: StreamVersion,
        limit: u32,
    ) -> Result<Vec<Record>, ReadError> {
        self.known.require_same()?;
        let (key, after_version) = (StreamKey::of(name).to_bytes(), signed(after.0));
        let found = rows(&self.readers, || {
            sqlx::query(sql::STREAM).bind(key.to_vec()).bind(after_version).bind(i64::from(limit))
        })
        .await?;
        let mut records: Vec<Record> = Vec::with_capacity(found.len());
        for (version, row) in (after.0 + 1..).zip(&found) {
            let stored: &[u8] = row.try_get(1).map_err(store)?;
            let unchecked =
                Record::decode(stored).map_err(|error| corrupt(Position(0), error.to_string()))?;
            let record = decode(unchecked.position, stored)?;
            let before = records.last().map_or(record.previous_in_stream, |before| before.position);
            let fits = record.stream == *name
                && record.version == StreamVersion(version)
                && record.previous_in_stream == before;
            if !fits {
                return Err(corrupt(record.position, "the stream's chain is broken"));
            }
            records.push(record);
        }
        Ok(records)
    }

    pub(crate) async fn read_at(&self, positions: &[Position]) -> Result<Vec<Record>, ReadError> {
        self.known.require_same()?;
        let wanted: Vec<i64> = positions.iter().map(|position| signed(position.0)).collect();
        let found = rows(&self.readers, || sqlx::query(sql::RECORDS_AT).bind(wanted.clone())).await?;
        let decoded = |row: &PgRow| decode(position(row, 0).map_err(store)?, row.try_get(1).map_err(store)?);
        let records = found.iter().map(decoded).collect::<Result<Vec<_>, _>>()?;
        match positions.iter().find(|wanted| records.iter().all(|record| record.position != **wanted)) {
            None => Ok(records),
            Some(missing) => Err(corrupt(*missing, "there is no such record")),
        }
    }

    pub(crate) async fn stream_version(&self, name: &StreamName) -> Result<StreamVersion, ReadError> {
        self.known.require_same()?;
        let key = StreamKey::of(name).to_bytes();
        let found = rows(&self.readers, || sqlx::query(sql::STREAM_VERSION).bind(key.to_vec())).await?;
        Ok(StreamVersion(found.first().map_or(Ok(0), |row| number(row, 0)).map_err(store)?))
    }

    /// What became of a command, however long ago.
    pub(crate) async fn find_command(&self, command_id: Uuid) -> Result<Option<CommandRecord>, ReadError> {
        let first = event_id(command_id, 0).as_bytes().to_vec();
        let found = rows(&self.readers, || sqlx::query(sql::EVENT_POSITION).bind(first.clone())).await?;
        match found.first() {
            Some(row) => self.command_at(position(row, 0).map_err(store)?).await.map(Some),
            None => Ok(None),
        }
    }

    /// The command whose batch begins at a position.
    pub(crate) async fn command_at(&self, first: Position) -> Result<CommandRecord, ReadError> {
        let positions: Vec<_> = (first.0..first.0 + EVENTS_PER_APPEND_MAX as u64).map(Position).collect();
        let wanted: Vec<i64> = positions.iter().map(|position| signed(position.0)).collect();
        let found = rows(&self.readers, || sqlx::query(sql::RECORDS_AT).bind(wanted.clone())).await?;
        let stored = found.iter().map(|row| row.try_get(1)).collect::<Result<_, _>>().map_err(store)?;
        reader::command_at(&Fetched { first, stored }, first)
    }
}

/// Records that follow each other, fetched.
struct Fetched {
    first: Position,
    stored: Vec<Vec<u8>>,
}

impl Stored for Fetched {
    fn each(&self, first: Position, last: Position, see: &mut See<'_>) -> Result<(), ReadError> {
        for at in first.0..=last.0 {
            let place = at.checked_sub(self.first.0).and_then(|place| usize::try_from(place).ok());
            let stored = place.and_then(|place| self.stored.get(place));
            let stored = stored.ok_or_else(|| corrupt(Position(at), "there is no such record"))?;
            decode(Position(at), stored)?;
            see(Position(at), stored)?;
        }
        Ok(())
    }
}
