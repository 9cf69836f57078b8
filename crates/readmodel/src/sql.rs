//! How statements are written: as constants in the one `sql.rs` of a folder, listed so that a test can
//! prepare them all. Here are those about the file itself.

/// Declares statements as constants and lists them in `STATEMENTS`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)+

        /// Name and text of every statement here.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

/// Tables, views and secondary indexes.
pub(crate) const SCHEMA: &str = include_str!("../../../migrations/readmodel/schema.sql");

/// The line in [`SCHEMA`] from which on it makes secondary indexes.
pub(crate) const INDEXES_FROM: &str = "-- Secondary indexes";

statements! {
    SQLITE_VERSION = "SELECT sqlite_version()";
    CHECKPOINT_READ =
        "SELECT log_id, readmodel_version, schema_hash, position, hash FROM checkpoint WHERE one = 1";
    CHECKPOINT_BEGIN =
        "INSERT INTO checkpoint (one, log_id, readmodel_version, schema_hash, position, hash)
         VALUES (1, ?1, ?2, ?3, 0, ?4)";
    CHECKPOINT_MOVE = "UPDATE checkpoint SET position = ?1, hash = ?2 WHERE one = 1 AND position < ?1";
    QUICK_CHECK = "PRAGMA quick_check(1)";
}
