//! What only the database has: nodes that share it.

use super::*;
use crate::side_state::store::Shared;
use sqlx::Row as _;
use std::collections::BTreeMap;

async fn open(kept: &Kept) -> (SideState, Shared) {
    let side = kept.open().await;
    let Store::Postgres(shared) = side.store.clone() else { panic!("a database") };
    (side, shared)
}

fn database(kept: &Kept) -> &Database {
    let Kept::Database(database, _) = kept else { panic!("a database") };
    database
}

#[tokio::test]
async fn every_statement_prepares() {
    let kept = Kept::in_database();
    let (_, shared) = open(&kept).await;
    for (name, text) in sql::ALL {
        let prepared = shared.pool.prepare(text.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

/// Names of columns by table.
type Columns = BTreeMap<String, Vec<String>>;

#[tokio::test]
async fn file_and_database_have_the_same_columns_in_the_same_tables() {
    let kept = Kept::in_database();
    open(&kept).await;
    let listed = database(&kept).query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' \
         ORDER BY table_name, ordinal_position",
    );
    let mut in_database = Columns::new();
    for (table, column) in listed.lines().filter_map(|line| line.split_once('|')) {
        in_database.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    let Store::Sqlite(file) = Kept::in_file().open().await.store else { panic!("a file") };
    let listed = "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c \
        WHERE m.type = 'table' ORDER BY m.name, c.cid";
    let mut in_file = Columns::new();
    for (table, column) in
        sqlx::query_as::<_, (String, String)>(listed).fetch_all(&file.writer).await.unwrap()
    {
        in_file.entry(table).or_default().push(column);
    }
    assert_eq!(in_database, in_file);
    assert!(in_file.len() > 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_nodes_that_start_at_once_make_it_once() {
    let kept = Kept::in_database();
    let Kept::Database(database, url) = &kept else { panic!("a database") };
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { SideState::open(Place::Database(&url), LOG).await.unwrap() })
        })
        .collect();
    for one in opening {
        one.await.unwrap();
    }
    assert_eq!(database.query("SELECT count(*) FROM state_migrations"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_two_nodes_take_from_at_once_is_never_overdrawn() {
    let kept = Kept::in_database();
    let nodes = [kept.open().await, kept.open().await];
    let (ids, address) = (Ids::seeded(1), Fingerprint([4; 32]));
    let taking: Vec<_> = (0..40)
        .map(|n: usize| {
            let (side, intent) = (nodes[n % 2].clone(), IntentId::from_uuid(ids.v4()));
            tokio::spawn(async move {
                side.take_mail_budget(intent, address, Budget::Stranger, noon()).await.unwrap()
            })
        })
        .collect();
    let mut taken = 0;
    for one in taken_by(taking).await {
        taken += usize::from(one == BudgetRoom::Taken);
    }
    assert_eq!(taken, 3);
}

async fn taken_by(tasks: Vec<tokio::task::JoinHandle<BudgetRoom>>) -> Vec<BudgetRoom> {
    let mut rooms = Vec::new();
    for task in tasks {
        rooms.push(task.await.unwrap());
    }
    rooms
}

#[tokio::test]
async fn what_one_node_writes_the_other_reads_at_once() {
    let kept = Kept::in_database();
    let (one, other) = (kept.open().await, kept.open().await);
    let queued = mail(IntentId::from_uuid(Uuid::from_u128(1)), noon());
    one.enqueue_from_log(std::slice::from_ref(&queued), eventlog::Position(7)).await.unwrap();
    assert_eq!(other.mail_checkpoint().await.unwrap(), eventlog::Position(7));
    let due = other.due_mails(noon(), 10).await.unwrap();
    assert!(due == [queued], "the one that was queued");
}

#[tokio::test]
async fn writing_goes_on_after_the_database_ended_the_sessions() {
    let kept = Kept::in_database();
    let side = kept.open().await;
    for _ in 0..3 {
        database(&kept).query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        side.purge(noon()).await.unwrap();
        assert_eq!(side.mails_waiting().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_node_that_hangs_in_a_write_holds_the_others_up_for_seconds_only() {
    let kept = Kept::in_database();
    let (hanging, other) = (kept.open().await, kept.open().await);
    let tx = hanging.begin().await.unwrap();
    // Either the wait for the lock ends or the one who hangs is ended, whichever comes first.
    let first = other.purge(noon()).await;
    assert!(matches!(first, Ok(_) | Err(SideStateError::Busy)), "{first:?}");
    other.purge(noon()).await.unwrap();
    assert!(tx.commit().await.is_err(), "its session was ended");
}

#[tokio::test]
async fn no_session_is_handed_out_in_a_transaction() {
    let kept = Kept::in_database();
    let (_, shared) = open(&kept).await;
    let mut session = shared.pool.acquire().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut *session).await.unwrap();
    drop(session);
    let mut sessions = Vec::new();
    for _ in 0..shared.pool.options().get_max_connections() {
        let mut session = shared.pool.acquire().await.unwrap();
        let is_idle: bool =
            sqlx::raw_sql(sql::IS_IDLE).fetch_one(&mut *session).await.unwrap().try_get(0).unwrap();
        assert!(is_idle);
        sessions.push(session);
    }
}
