//! What holds for all statements, and for schema and projector together.

use super::history::Portal;
use crate::{apply, query, sql, version};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor, Row, SqlSafeStr, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeSet, fs, path::Path};

async fn empty_file() -> SqliteConnection {
    let options = SqliteConnectOptions::new().in_memory(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql::SCHEMA).execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn every_statement_prepares() {
    let mut connection = empty_file().await;
    let all = [sql::STATEMENTS, apply::sql::STATEMENTS, query::sql::STATEMENTS, sql::DUMPS];
    for (name, text) in all.into_iter().flatten() {
        let prepared = connection.prepare((*text).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn no_query_reads_a_table_from_end_to_end() {
    let mut connection = empty_file().await;
    for (name, text) in query::sql::STATEMENTS {
        // The text is one of ours with two words before it.
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let plan = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        // What a subquery has gathered may be read through, and so may a list given as parameter.
        let gathered: Vec<_> = steps.iter().filter_map(|step| step.strip_prefix("CO-ROUTINE ")).collect();
        for read in steps.iter().filter_map(|step| step.strip_prefix("SCAN ")) {
            assert!(gathered.contains(&read) || read.starts_with("json_each "), "{name}: {steps:#?}");
        }
    }
}

#[tokio::test]
async fn the_digest_covers_every_table() {
    let mut connection = empty_file().await;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let rows = sqlx::query(tables).fetch_all(&mut connection).await.unwrap();
    let tables: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let dumped: BTreeSet<String> = sql::DUMPS.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(tables, dumped);
}

/// A file is only as good as the code that folded it, so the version is bound to that code.
#[test]
fn a_change_of_schema_or_projector_raises_the_version() {
    let mut hash = Sha256::new();
    hash.update(sql::SCHEMA);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/apply");
    let mut sources: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    for source in sources {
        hash.update(fs::read(source).unwrap());
    }
    let folded_by = data_encoding::HEXLOWER.encode(&hash.finalize());
    assert_eq!(
        version::FOLDED_BY,
        (version::READMODEL_VERSION, folded_by.as_str()),
        "schema.sql or apply/ has changed: raise READMODEL_VERSION and write both into FOLDED_BY"
    );
}

#[tokio::test]
async fn every_event_type_of_the_domain_is_folded() {
    let mut portal = Portal::new();
    portal.play_everything().await;
    let seen: BTreeSet<String> = portal.records().await.into_iter().map(|record| record.event_type).collect();
    let known = Portal::stored_types();
    assert_eq!(seen, known, "a new event needs a step in `play_everything`");
    let running = portal.project().await;
    assert_eq!(running.model.status().position, portal.log.head().position);
    running.stop().await;
}
