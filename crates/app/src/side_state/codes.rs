//! Tries and use of codes. A code is counted down by wrong tries and spent by one right one.

use super::{SideState, SideStateError, bytes, column, id, millis, query, sql};
use crate::codes::{Challenge, TRIES_MAX};
use chrono::{DateTime, Utc};
use domain::ids::CommandId;
use uuid::Uuid;

const TABLE: &str = "code_uses";

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTry {
    /// Right, and spent by this command (or by the same command before).
    Accepted,
    /// Wrong.
    Wrong {
        /// How many tries remain.
        tries_left: u32,
    },
    /// Spent by another command.
    Used,
    /// No try is left; whether this one was right is not told.
    Exhausted,
}

impl SideState {
    /// Counts a try of a code. `right` is the outcome of [`Challenge::matches`]; of racing right tries one
    /// is accepted. The row is kept until `expires_at`, when the code itself is dead.
    pub async fn try_code(
        &self,
        challenge: &Challenge,
        right: bool,
        command: CommandId,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<CodeTry, SideStateError> {
        let mut tx = self.begin().await?;
        let counted = query(sql::TRY_CODE)
            .bind(bytes(challenge.id))
            .bind(right.then(|| bytes(command.uuid())))
            .bind(right.then(|| millis(now)))
            .bind(millis(expires_at))
            .bind(i64::from(TRIES_MAX))
            .fetch_optional(&mut tx)
            .await?;
        let outcome = match counted {
            Some(_) if right => CodeTry::Accepted,
            Some(row) => {
                CodeTry::Wrong { tries_left: TRIES_MAX.saturating_sub(column::<u32, i64>(&row, 0, TABLE)?) }
            }
            None => {
                let row = query(sql::CODE_USE).bind(bytes(challenge.id)).fetch_one(&mut tx).await?;
                match row.get::<Option<Vec<u8>>>(1)? {
                    Some(by) if right && by == bytes(command.uuid()) => CodeTry::Accepted,
                    Some(_) => CodeTry::Used,
                    None => CodeTry::Exhausted,
                }
            }
        };
        tx.commit().await?;
        Ok(outcome)
    }

    /// Whether a right try has spent the code of this challenge.
    pub async fn is_code_used(&self, challenge: Uuid) -> Result<bool, SideStateError> {
        let query = query(sql::CODE_USE).bind(bytes(challenge));
        let Some(row) = query.fetch_optional(&self.store).await? else { return Ok(false) };
        Ok(row.get::<Option<Vec<u8>>>(1)?.is_some())
    }

    /// Which command spent the code of this challenge.
    pub async fn code_spent_by(&self, challenge: &Challenge) -> Result<Option<CommandId>, SideStateError> {
        let query = query(sql::CODE_USE).bind(bytes(challenge.id));
        let Some(row) = query.fetch_optional(&self.store).await? else { return Ok(None) };
        match row.get::<Option<Vec<u8>>>(1)? {
            Some(_) => Ok(Some(CommandId::from_uuid(id(&row, 1, TABLE)?))),
            None => Ok(None),
        }
    }

    /// Spends the code by `by` in place of `before`, which never happened. `false`: another was faster.
    pub async fn take_over_code(
        &self,
        challenge: &Challenge,
        before: CommandId,
        by: CommandId,
        now: DateTime<Utc>,
    ) -> Result<bool, SideStateError> {
        let mut tx = self.begin().await?;
        let taken = query(sql::TAKE_OVER_CODE)
            .bind(bytes(challenge.id))
            .bind(bytes(before.uuid()))
            .bind(bytes(by.uuid()))
            .bind(millis(now))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(taken == 1)
    }

    /// Takes the use back when the command that spent the code has certainly not happened. The try counts.
    pub async fn release_code(
        &self,
        challenge: &Challenge,
        command: CommandId,
    ) -> Result<(), SideStateError> {
        let mut tx = self.begin().await?;
        query(sql::RELEASE_CODE)
            .bind(bytes(challenge.id))
            .bind(bytes(command.uuid()))
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
