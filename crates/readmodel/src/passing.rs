//! Failures that go by themselves, told from those that only another program or another file can mend.

use crate::{ApplyError, ProjectionError};
use eventlog::ReadError;

/// Whether the same step may succeed later.
pub(crate) fn may_pass(error: &ProjectionError) -> bool {
    match error {
        ProjectionError::Store(error) | ProjectionError::Event { source: ApplyError::Store(error), .. } => {
            store_may_recover(error)
        }
        ProjectionError::Files(_) | ProjectionError::Log(ReadError::Store(_)) => true,
        ProjectionError::Event { .. }
        | ProjectionError::OtherHistory { .. }
        | ProjectionError::Log(ReadError::Corrupt { .. } | ReadError::OtherHistory { .. }) => false,
    }
}

fn store_may_recover(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().and_then(|code| code.parse().ok()).is_some_and(|code: u32| is_passing(code))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// SQLite's result codes; the low byte is the primary one (<https://sqlite.org/rescode.html>): BUSY, LOCKED,
/// NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL. Not CORRUPT or NOTADB: the next start deletes
/// such a file.
fn is_passing(code: u32) -> bool {
    matches!(code & 0xff, 5..=10 | 13..=15)
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn a_locked_file_and_a_full_device_pass_and_a_damaged_file_does_not() {
        let (busy, busy_snapshot, full, io_error_at_fsync) = (5, 517, 13, 1_034);
        assert!([busy, busy_snapshot, full, io_error_at_fsync].into_iter().all(is_passing));
        let (error, corrupt, constraint_unique, not_a_database) = (1, 11, 2_067, 26);
        assert!(![error, corrupt, constraint_unique, not_a_database].into_iter().any(is_passing));
    }
}
