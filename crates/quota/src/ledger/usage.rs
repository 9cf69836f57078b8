//! History in the ledger: written in small transactions beside the leases, read from connections that only read.

use super::{EXCHANGE_MAX, Ledger, LedgerError, postgres::Postgres, sql, sqlite::Sqlite};
use crate::usage::{By, Count, History, PARTS_MAX, Part, Query, Row, Span, Written};
use sqlx::{ColumnIndex, Database, Decode, Type};
use std::{future::Future, time::Duration};

/// Longest time that history may take to be read.
const READ_MAX: Duration = Duration::from_secs(5);
/// Statements that throw old lines away, at one time.
const FORGET_MAX: u32 = 50;

impl Ledger {
    /// What became of a group's calls, up to now (ms since 1970).
    pub async fn history(&self, query: &Query, now: i64) -> Result<History, LedgerError> {
        let from = query.span.moved(now, 1 - query.steps);
        let read = async {
            match self {
                Self::Sqlite(sqlite) => sqlite.history(query, from).await,
                Self::Postgres(postgres) => postgres.history(query, from).await,
            }
        };
        let rows = tokio::time::timeout(READ_MAX, read).await.map_err(|_| LedgerError::TimedOut)??;
        Ok(History::of(query, now, rows))
    }

    /// Adds lines to the steps that hold `now`, all or none.
    pub(crate) async fn record_usage(&self, lines: &[Written], now: i64) -> Result<(), LedgerError> {
        let starts = Span::ALL.map(|span| span.start_of(now));
        in_time(async {
            match self {
                Self::Sqlite(sqlite) => sqlite.record_usage(lines, starts).await,
                Self::Postgres(postgres) => postgres.record_usage(lines, starts).await,
            }
        })
        .await
    }

    /// Throws away what is older than what is kept; a large backlog in several calls.
    pub(crate) async fn forget_usage(&self, now: i64) -> Result<(), LedgerError> {
        for span in Span::ALL {
            let oldest = span.oldest(now);
            for _ in 0..FORGET_MAX {
                let forgotten = in_time(async {
                    match self {
                        Self::Sqlite(sqlite) => sqlite.forget(span, oldest).await,
                        Self::Postgres(postgres) => postgres.forget(span, oldest).await,
                    }
                });
                if forgotten.await? == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
    tokio::time::timeout(EXCHANGE_MAX, work).await.map_err(|_| LedgerError::TimedOut)?
}

impl Sqlite {
    async fn history(&self, query: &Query, from: i64) -> Result<Vec<Row>, LedgerError> {
        let statement = sqlx::query(statement(query.by)).bind(owner(query.group));
        let mut statement = statement.bind(query.span as i16).bind(from);
        if takes_limit(query.by) {
            statement = statement.bind(PARTS_MAX);
        }
        let rows = statement.fetch_all(&self.readers).await?;
        rows.iter().map(|row| read(row, query.by)).collect()
    }

    async fn record_usage(&self, lines: &[Written], starts: [i64; 3]) -> Result<(), LedgerError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for line in lines {
            let mut statement = sqlx::query(sql::sqlite::COUNT)
                .bind(owner(line.group))
                .bind(owner(line.integration))
                .bind(&line.site)
                .bind(line.outcome as i16)
                .bind(line.units.cast_signed());
            for start in starts {
                statement = statement.bind(start);
            }
            statement.execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn forget(&self, span: Span, before: i64) -> Result<u64, LedgerError> {
        let forget = sqlx::query(sql::both::FORGET).bind(span as i16).bind(before);
        Ok(forget.execute(&self.writer).await?.rows_affected())
    }
}

impl Postgres {
    async fn history(&self, query: &Query, from: i64) -> Result<Vec<Row>, LedgerError> {
        let statement = sqlx::query(statement(query.by)).bind(owner(query.group));
        let mut statement = statement.bind(query.span as i16).bind(from);
        if takes_limit(query.by) {
            statement = statement.bind(PARTS_MAX);
        }
        let rows = statement.fetch_all(&self.pool).await?;
        rows.iter().map(|row| read(row, query.by)).collect()
    }

    async fn record_usage(&self, lines: &[Written], starts: [i64; 3]) -> Result<(), LedgerError> {
        let mut statement = sqlx::query(sql::postgres::COUNT)
            .bind(lines.iter().map(|line| owner(line.group)).collect::<Vec<_>>())
            .bind(lines.iter().map(|line| owner(line.integration)).collect::<Vec<_>>())
            .bind(lines.iter().map(|line| line.site.as_str()).collect::<Vec<_>>())
            .bind(lines.iter().map(|line| line.outcome as i16).collect::<Vec<_>>())
            .bind(lines.iter().map(|line| line.units.cast_signed()).collect::<Vec<_>>());
        for start in starts {
            statement = statement.bind(start);
        }
        statement.execute(&self.pool).await?;
        Ok(())
    }

    async fn forget(&self, span: Span, before: i64) -> Result<u64, LedgerError> {
        let forget = sqlx::query(sql::both::FORGET).bind(span as i16).bind(before);
        Ok(forget.execute(&self.pool).await?.rows_affected())
    }
}

fn owner(number: u128) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

const fn statement(by: By) -> &'static str {
    match by {
        By::Nothing => sql::both::HISTORY,
        By::Integration => sql::both::HISTORY_BY_INTEGRATION,
        By::Site => sql::both::HISTORY_BY_SITE,
        By::Outcome => sql::both::HISTORY_BY_OUTCOME,
    }
}

const fn takes_limit(by: By) -> bool {
    matches!(by, By::Integration | By::Site)
}

fn read<'r, R>(row: &'r R, by: By) -> Result<Row, LedgerError>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Database,
{
    let units = |column: usize| -> Result<u64, LedgerError> {
        Ok(u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| crate::codec::Damaged)?)
    };
    let (admitted, refused, aside, shadow_refused) = (units(1)?, units(2)?, units(3)?, units(4)?);
    let count = Count { admitted, refused, aside, shadow_refused };
    let part = match by {
        By::Nothing => Part::Whole,
        By::Integration => Part::of_integration(row.try_get(5)?)?,
        By::Site => Part::of_site(row.try_get(5)?),
        By::Outcome => Part::of_outcome(row.try_get(5)?)?,
    };
    Ok(Row { starts_at: row.try_get(0)?, part, count })
}
