//! What can't be seen from outside the engine: statements as such, and the pool's sessions.

use super::{schema, session, sql};
use sqlx::postgres::PgPool;
use sqlx::{Executor as _, Row as _, SqlStr};
use std::time::Duration;
use test_database::postgres::Postgres;
use test_database::proxy::{Proxy, Way};
use tokio::time::timeout;

/// A database with the log's tables, and a pool like the readers'.
async fn prepared() -> (Postgres, PgPool) {
    let server = Postgres::start();
    let options = session::options(&server.url()).unwrap();
    schema::prepare(&options).await.unwrap();
    let pool = session::listener(&options);
    (server, pool)
}

async fn backend(pool: &PgPool) -> i32 {
    sqlx::query("SELECT pg_backend_pid()").fetch_one(pool).await.unwrap().get(0)
}

#[tokio::test]
async fn every_statement_prepares() {
    let (_server, pool) = prepared().await;
    let statements = [
        sql::IS_STANDBY,
        sql::IS_IDLE,
        sql::LOCK_SCHEMA,
        sql::MIGRATIONS,
        sql::SCHEMA_VERSION,
        sql::RECORD_MIGRATION,
        sql::MAKE_HEAD,
        sql::HEAD,
        sql::LOCK_HEAD,
        sql::HASH_AT,
        sql::LOOK_UP,
        sql::WRITE,
        sql::RECORDS,
        sql::RECORDS_AT,
        sql::STREAM,
        sql::STREAM_POSITIONS,
        sql::STREAM_VERSION,
        sql::EVENT_POSITION,
    ];
    for statement in statements {
        pool.prepare(SqlStr::from_static(statement)).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_left_in_a_transaction_is_never_handed_out() {
    let (_server, pool) = prepared().await;
    let first = backend(&pool).await;
    assert_eq!(backend(&pool).await, first, "an idle session is used again");
    let mut session = pool.acquire().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut *session).await.unwrap();
    drop(session);
    assert_ne!(backend(&pool).await, first);
}

#[tokio::test]
async fn a_begin_that_was_cancelled_leaves_no_session_in_a_transaction() {
    let (server, _) = prepared().await;
    let proxy = Proxy::before(server.socket()).await;
    let pool = session::listener(&session::options(&proxy.url()).unwrap());
    let mut rejected = 0;
    for given_up_after_ms in (10..130).step_by(10) {
        proxy.set(Way::Open(Duration::ZERO));
        let before = backend(&pool).await;
        // The look at the session takes a way and back, and so does BEGIN.
        proxy.set(Way::Open(Duration::from_millis(20)));
        drop(timeout(Duration::from_millis(given_up_after_ms), pool.begin()).await);
        proxy.set(Way::Open(Duration::ZERO));
        let mut session = pool.acquire().await.unwrap();
        let is_idle: bool = sqlx::raw_sql(sql::IS_IDLE).fetch_one(&mut *session).await.unwrap().get(0);
        assert!(is_idle, "given up after {given_up_after_ms} ms");
        drop(session);
        rejected += u32::from(backend(&pool).await != before);
    }
    assert!(rejected > 0, "no begin was given up while it was under way");
}
