//! The one connection that writes, and the step it takes: records and checkpoint in one transaction.

use crate::{apply, projector::ProjectionError, sql, version};
use eventlog::{EventLog, Position, Record, record};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

/// Records folded in one transaction.
const RECORDS_PER_TRANSACTION: u32 = 500;

pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    checkpoint: Checkpoint,
}

/// How far a file is folded, and the hash of the record there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) position: Position,
    pub(crate) hash: [u8; 32],
}

impl Writer {
    /// Goes on where the file stands.
    pub(crate) fn resume(connection: SqliteConnection, checkpoint: Checkpoint) -> Self {
        Self { connection, checkpoint }
    }

    /// Begins an empty file of a log.
    pub(crate) async fn begin(mut connection: SqliteConnection, log_id: Uuid) -> Result<Self, sqlx::Error> {
        let genesis = record::genesis_hash(log_id);
        sqlx::query(sql::CHECKPOINT_BEGIN)
            .bind(log_id.to_string())
            .bind(version::READMODEL_VERSION)
            .bind(version::schema_hash())
            .bind(genesis.as_slice())
            .execute(&mut connection)
            .await?;
        let checkpoint = Checkpoint { position: Position(0), hash: genesis };
        Ok(Self { connection, checkpoint })
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// Folds the next records; false when there are none.
    pub(crate) async fn step(&mut self, log: &EventLog) -> Result<bool, ProjectionError> {
        let mut records = log.read_all(self.checkpoint.position, RECORDS_PER_TRANSACTION).await?;
        cut_to_whole_batches(&mut records);
        let Some(last) = records.last() else { return Ok(false) };
        let reached = Checkpoint { position: last.position, hash: last.hash };
        let mut tx = self.connection.begin().await?;
        let mut before = self.checkpoint;
        for record in &records {
            if record.position.0 != before.position.0 + 1 || record.previous_hash != before.hash {
                return Err(ProjectionError::OtherHistory { position: record.position });
            }
            fold(&mut tx, record).await?;
            before = Checkpoint { position: record.position, hash: record.hash };
        }
        sqlx::query(sql::CHECKPOINT_MOVE)
            .bind(position_column(reached.position))
            .bind(reached.hash.as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.checkpoint = reached;
        Ok(true)
    }
}

/// Folds one record, or tells which one can't be folded.
pub(crate) async fn fold(tx: &mut SqliteConnection, record: &Record) -> Result<(), ProjectionError> {
    apply::apply(tx, record).await.map_err(|source| ProjectionError::Event {
        position: record.position,
        event_type: record.event_type.clone(),
        source,
    })
}

/// Positions stay far below 2^63.
pub(crate) fn position_column(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

/// A page of the log may end inside a batch; queries must never see half of one.
fn cut_to_whole_batches(records: &mut Vec<Record>) {
    if let Some(last) = records.last()
        && last.batch_index + 1 < last.batch_length
    {
        let whole = records.len().saturating_sub(usize::from(last.batch_index) + 1);
        records.truncate(whole);
    }
}
