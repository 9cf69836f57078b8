//! Typed reads of columns. The projector wrote them, so a column that doesn't fit is a defect, told by name.

use crate::query::QueryError;
use chrono::{DateTime, Utc};
use eventlog::StreamVersion;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};
use std::str::FromStr;

/// A row with its columns by name.
pub(crate) struct Columns<'a>(pub(crate) &'a SqliteRow);

impl Columns<'_> {
    pub(crate) fn text(&self, column: &'static str) -> Result<String, QueryError> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Result<Option<String>, QueryError> {
        Ok(self.0.try_get(column)?)
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, QueryError> {
        Ok(self.0.try_get::<i64, _>(column)? != 0)
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<u32, QueryError> {
        Ok(self.0.try_get(column)?)
    }

    /// A position, as list key or as such.
    pub(crate) fn key(&self, column: &'static str) -> Result<u64, QueryError> {
        u64::try_from(self.0.try_get::<i64, _>(column)?).map_err(|_| QueryError::Inconsistent { column })
    }

    pub(crate) fn version(&self) -> Result<StreamVersion, QueryError> {
        self.key("version").map(StreamVersion)
    }

    pub(crate) fn instant(&self, column: &'static str) -> Result<DateTime<Utc>, QueryError> {
        self.optional_instant(column)?.ok_or(QueryError::Inconsistent { column })
    }

    pub(crate) fn optional_instant(&self, column: &'static str) -> Result<Option<DateTime<Utc>>, QueryError> {
        self.0
            .try_get::<Option<i64>, _>(column)?
            .map(|ms| DateTime::from_timestamp_millis(ms).ok_or(QueryError::Inconsistent { column }))
            .transpose()
    }

    /// A text with a parser of its own: ids, group references, states.
    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, QueryError> {
        self.optional_parsed(column)?.ok_or(QueryError::Inconsistent { column })
    }

    pub(crate) fn optional_parsed<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, QueryError> {
        self.optional_text(column)?
            .map(|text| text.parse().map_err(|_| QueryError::Inconsistent { column }))
            .transpose()
    }

    /// A value of several parts.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, QueryError> {
        self.optional_json(column)?.ok_or(QueryError::Inconsistent { column })
    }

    pub(crate) fn optional_json<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, QueryError> {
        self.optional_text(column)?
            .map(|text| serde_json::from_str(&text).map_err(|_| QueryError::Inconsistent { column }))
            .transpose()
    }

    /// An enum stored by [`to_word`].
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, QueryError> {
        self.optional_word(column)?.ok_or(QueryError::Inconsistent { column })
    }

    pub(crate) fn optional_word<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, QueryError> {
        self.optional_text(column)?
            .map(|word| {
                serde_json::from_value(serde_json::Value::String(word))
                    .map_err(|_| QueryError::Inconsistent { column })
            })
            .transpose()
    }
}

/// An enum without payload, as its column holds it: the bare word of its serialised form.
pub(crate) fn to_word<T: Serialize>(value: T) -> Result<String, serde_json::Error> {
    serde_json::to_value(value).and_then(serde_json::from_value)
}
