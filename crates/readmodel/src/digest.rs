//! A digest of everything in the file, to compare folds: rebuilt, incremental and interrupted ones of the
//! same log must be equal.

use crate::{ReadModel, query::QueryError, sql::DUMPS};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{Column, Row, TypeInfo, ValueRef, sqlite::SqliteRow};

impl ReadModel {
    /// SHA-256 over all tables in a fixed order, hex. Reads everything; for checks and tests.
    pub async fn digest(&self) -> Result<String, QueryError> {
        let mut tx = self.pool()?.begin().await?;
        let mut hash = Sha256::new();
        for (table, dump) in DUMPS {
            hash.update(table);
            let mut rows = sqlx::query(*dump).fetch(&mut *tx);
            while let Some(row) = rows.try_next().await? {
                add_row(&mut hash, &row)?;
            }
        }
        Ok(data_encoding::HEXLOWER.encode(&hash.finalize()))
    }
}

/// Each column with name, type and length, so that no two rows run into each other.
fn add_row(hash: &mut Sha256, row: &SqliteRow) -> Result<(), QueryError> {
    for column in row.columns() {
        let value = row.try_get_raw(column.ordinal())?;
        let kind = value.type_info().name().to_owned();
        let bytes = match kind.as_str() {
            _ if value.is_null() => Vec::new(),
            "INTEGER" => row.try_get::<i64, _>(column.ordinal())?.to_be_bytes().to_vec(),
            "TEXT" => row.try_get::<String, _>(column.ordinal())?.into_bytes(),
            "BLOB" => row.try_get::<Vec<u8>, _>(column.ordinal())?,
            _ => return Err(QueryError::Inconsistent { column: "a column of unknown type" }),
        };
        for part in [column.name().as_bytes(), kind.as_bytes(), &bytes] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
    }
    Ok(())
}
