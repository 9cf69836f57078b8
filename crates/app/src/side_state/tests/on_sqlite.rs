//! What only the file has.

use super::*;
use crate::side_state::store::File;
use sqlx::Row as _;

async fn open() -> (TempDir, SideState, File) {
    let kept = Kept::in_file();
    let side = kept.open().await;
    let (Kept::File(dir, _), Store::Sqlite(file)) = (kept, side.store.clone()) else { panic!("a file") };
    (dir, side, file)
}

#[tokio::test]
async fn every_statement_prepares() {
    let (_dir, _, file) = open().await;
    for (name, text) in sql::ALL.iter().chain(sql::ON_SQLITE) {
        let prepared = file.writer.prepare(text.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn the_file_is_private_and_writes_are_synced() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, side, file) = open().await;
    side.purge(noon()).await.unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    for (pragma, expected) in [("PRAGMA synchronous", 2_i64), ("PRAGMA secure_delete", 1)] {
        let value: i64 = sqlx::query(pragma).fetch_one(&file.writer).await.unwrap().get(0);
        assert_eq!(value, expected, "{pragma}");
    }
}

#[tokio::test]
async fn writing_goes_on_after_sqlite_ended_a_transaction_by_itself() {
    let (_dir, side, file) = open().await;
    for _ in 0..3 {
        let mut tx = file.begin().await.unwrap();
        // Ends the transaction as a full device does.
        let rolled_back = "INSERT OR ROLLBACK INTO meta (key, value) VALUES ('log_id', x'00')";
        sqlx::query(rolled_back).execute(&mut *tx).await.unwrap_err();
        drop(tx);
        side.purge(noon()).await.unwrap();
    }
}
