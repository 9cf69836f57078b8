//! What a node knows of the log: the end of the history that it has followed. Whatever it reads or appends must
//! go on from there; a database that was brought back from an older state, or a standby that lacked the last
//! commits when it took over, does not.

use crate::{Head, OnFatal, Position};
use sqlx::{Row as _, postgres::PgRow};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// A database that was silent for so long is away.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// The row of the head as a statement has seen it.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadRow {
    pub(super) head: Head,
    pub(super) epoch: i64,
    pub(super) recorded_at_ms: i64,
    /// Hash of the record at the position asked for, when there is one.
    anchor: Option<[u8; 32]>,
}

impl HeadRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let log_id: [u8; 16] = bytes(row, 0)?;
        let head =
            Head { log_id: Uuid::from_bytes(log_id), position: position(row, 2)?, hash: bytes(row, 3)? };
        let anchor: Option<Vec<u8>> = row.try_get(5)?;
        Ok(Self {
            head,
            epoch: row.try_get(1)?,
            recorded_at_ms: row.try_get(4)?,
            anchor: anchor.and_then(|hash| hash.try_into().ok()),
        })
    }
}

/// A column of so many bytes.
pub(super) fn bytes<const N: usize>(row: &PgRow, column: usize) -> Result<[u8; N], sqlx::Error> {
    let found: Vec<u8> = row.try_get(column)?;
    found.try_into().map_err(|found: Vec<u8>| {
        let source = format!("{} bytes instead of {N}", found.len()).into();
        sqlx::Error::ColumnDecode { index: column.to_string(), source }
    })
}

/// A column that is a position.
pub(super) fn position(row: &PgRow, column: usize) -> Result<Position, sqlx::Error> {
    Ok(Position(number(row, column)?))
}

/// A column that is not negative.
pub(super) fn number(row: &PgRow, column: usize) -> Result<u64, sqlx::Error> {
    let found: i64 = row.try_get(column)?;
    u64::try_from(found)
        .map_err(|error| sqlx::Error::ColumnDecode { index: column.to_string(), source: Box::new(error) })
}

/// A number as the database holds it; positions stay far below its limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The log in the database is not the one that this node has followed. Final for this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OtherHistory {
    /// The last position that the node has seen.
    pub(super) position: Position,
}

/// What is known, shared by writer, readers and the bell.
pub(super) struct Known {
    epoch: i64,
    end: Mutex<End>,
    published: watch::Sender<Position>,
    on_fatal: Option<OnFatal>,
}

struct End {
    head: Head,
    heard_at: Instant,
    other: Option<OtherHistory>,
}

impl Known {
    pub(super) fn new(row: &HeadRow, on_fatal: Option<OnFatal>) -> Self {
        let end = End { head: row.head, heard_at: Instant::now(), other: None };
        let published = watch::Sender::new(row.head.position);
        Self { epoch: row.epoch, end: Mutex::new(end), published, on_fatal }
    }

    pub(super) fn head(&self) -> Head {
        self.end().head
    }

    pub(super) fn watch(&self) -> watch::Receiver<Position> {
        self.published.subscribe()
    }

    /// Whether the database was heard of lately and holds this node's history.
    pub(super) fn is_current(&self) -> bool {
        let end = self.end();
        end.other.is_none() && end.heard_at.elapsed() < SILENCE_MAX
    }

    /// Fails for ever once the database was seen to hold another history.
    pub(super) fn require_same(&self) -> Result<(), OtherHistory> {
        self.end().other.map_or(Ok(()), Err)
    }

    /// Holds a row against what was known when it was asked for. What it adds is shown to readers.
    pub(super) fn learn(&self, asked: &Head, row: &HeadRow) -> Result<(), OtherHistory> {
        let is_same = row.head.log_id == asked.log_id
            && row.epoch == self.epoch
            && row.head.position >= asked.position
            && is_anchored(asked, row.anchor);
        if !is_same {
            return Err(self.end_for_good(asked));
        }
        self.advance(row.head);
        self.require_same()
    }

    /// Takes over an end that is known to continue what was known.
    pub(super) fn advance(&self, head: Head) {
        let mut end = self.end();
        end.heard_at = Instant::now();
        if head.position > end.head.position && end.other.is_none() {
            end.head = head;
            self.published.send_replace(head.position);
        }
    }

    /// Notes that the database holds another history, and tells once.
    pub(super) fn end_for_good(&self, asked: &Head) -> OtherHistory {
        let other = OtherHistory { position: asked.position };
        let is_news = self.end().other.replace(other).is_none();
        if is_news {
            let reason = "the database holds another history than this node has followed";
            tracing::error!(position = asked.position.0, "{reason}; nothing more is appended or read");
            if let Some(on_fatal) = &self.on_fatal {
                on_fatal(reason);
            }
        }
        other
    }

    /// Changed in single steps only, so a panic elsewhere leaves it whole.
    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the record at the end that was known is still the one it was.
pub(super) fn is_anchored(asked: &Head, anchor: Option<[u8; 32]>) -> bool {
    asked.position == Position(0) || anchor == Some(asked.hash)
}
