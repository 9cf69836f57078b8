//! What became of a group's calls, over time.

use super::rules::group_number;
use crate::{App, error::AppError};
use domain::group::GroupRef;
pub use quota::usage::{By, Calendar, Count, History, Outcome, Part, Series, Span};
use quota::usage::{Line, Query};
use std::{future::Future, pin::pin, time::Duration};

/// How often what was counted is written down.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// 24 hours in steps of five minutes.
    Day,
    /// 30 days.
    Month,
    /// 12 months.
    Year,
}

impl Range {
    fn steps(self) -> (Span, i64) {
        match self {
            Self::Day => (Span::Step, 288),
            Self::Month => (Span::Day, 30),
            Self::Year => (Span::Month, 12),
        }
    }
}

impl App {
    /// What became of a group's calls, the running step last. Whoever asks must be allowed to see the group.
    pub async fn usage(&self, group: GroupRef, range: Range, by: By) -> Result<History, AppError> {
        let (span, steps) = range.steps();
        let query = Query { group: group_number(group), span, steps, by };
        self.inner.quota.engine.history(&query).await.map_err(AppError::unavailable)
    }

    /// Whether a group is one of those there are.
    pub fn is_group(&self, group: GroupRef) -> bool {
        self.inner.quota.directory.rules(group).is_some()
    }

    /// Counts what became of a call.
    pub(super) fn count(&self, line: Line<'_>, units: u32) {
        self.inner.quota.tally.count(line, units);
    }

    /// Writes down what was counted, again and again until told to stop, and then once more.
    pub async fn keep_usage(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            let stops = tokio::select! {
                () = &mut shutdown => true,
                () = tokio::time::sleep(FLUSH_EVERY) => false,
            };
            self.write_usage().await;
            if stops {
                return;
            }
        }
    }

    /// Writes down what was counted until now.
    pub async fn write_usage(&self) {
        let quota = &self.inner.quota;
        if let Err(error) = quota.engine.keep(&quota.tally).await {
            tracing::warn!(%error, "what became of calls is not written down yet");
        }
    }
}
