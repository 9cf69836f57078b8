//! What the API shows. Each query returns rows made for one endpoint; personal fields stay sealed. What a
//! developer may not see is not found: visibility stands in the statements themselves.

pub mod account;
pub mod allowance;
pub mod command;
pub mod developer;
pub mod gateway;
pub mod group;
pub mod integration;
pub mod lookup;
pub mod notice;
pub mod production;
pub mod site;
pub(crate) mod sql;
pub mod timeline;

use domain::developer::Role;
use domain::ids::DeveloperId;
use serde::Deserialize;

/// Most rows of one page.
pub const PAGE_MAX: u32 = 100;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The read model is being built; nothing can be shown until it has caught up.
    #[error("the read model is being rebuilt")]
    Rebuilding,
    /// SQLite failed.
    #[error("the read model could not be read")]
    Store(#[from] sqlx::Error),
    /// A column holds what the projector never writes.
    #[error("column {column} of the read model does not hold what it should")]
    Inconsistent {
        /// Which column.
        column: &'static str,
    },
}

/// Which part of a list: what comes after a key, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Key of the last row seen; 0 begins the list.
    pub after: u64,
    /// Rows wanted, 1 to [`PAGE_MAX`]; values outside are brought to the nearer end.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Key to go on after; none when this is the end.
    pub next: Option<u64>,
}

/// A member of a group or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Who.
    pub developer: DeveloperId,
    /// In which role.
    pub role: Role,
}

impl Page {
    pub(crate) fn after_key(self) -> i64 {
        i64::try_from(self.after).unwrap_or(i64::MAX)
    }

    /// For lists that begin with the newest.
    pub(crate) fn before_key(self) -> i64 {
        if self.after == 0 { i64::MAX } else { self.after_key() }
    }

    /// One row more than asked for, which tells whether the list goes on.
    pub(crate) fn fetch(self) -> u32 {
        self.limit() + 1
    }

    fn limit(self) -> u32 {
        self.limit.clamp(1, PAGE_MAX)
    }

    /// Cuts what was fetched to the page; `rows` are pairs of key and row.
    pub(crate) fn cut<T>(self, mut rows: Vec<(u64, T)>) -> Listed<T> {
        let limit = self.limit() as usize;
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| goes_on).map(|(key, _)| *key);
        Listed { items: rows.into_iter().map(|(_, row)| row).collect(), next }
    }
}
