//! The PostgreSQL engine when its database fails: sessions ended, servers restarted, answers lost, tails lost.

use crate::conformance::assert_whole;
use crate::given::{clock, everything, name, one, until, until_head};
use eventlog::{
    AppendError, Appended, EventLog, OnFatal, Position, PostgresOptions, ReadError, Record, StreamVersion,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_database::postgres::Postgres;
use test_database::proxy::{Proxy, Way};
use tokio::task::JoinHandle;

async fn open(url: String) -> EventLog {
    EventLog::open_postgres(PostgresOptions { url, on_fatal: None }, clock()).await.unwrap()
}

/// Writers that append to streams of their own until they are stopped; each remembers what it was answered.
struct Load {
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    writers: Vec<JoinHandle<Vec<(u128, Appended)>>>,
}

impl Load {
    fn start(nodes: &[EventLog], writers: u128) -> Self {
        let (is_over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writers = (0..writers).map(|writer| {
            let log = nodes[writer as usize % nodes.len()].clone();
            let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let n = acknowledged.len() as u128;
                    let command = writer << 32 | n;
                    let appended = log.append(one(command, &format!("w-{writer}"), n as u64)).await.unwrap();
                    acknowledged.push((command, appended));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                acknowledged
            })
        });
        Self { writers: writers.collect(), is_over, answered }
    }

    /// Waits for so many further answers.
    async fn goes_on(&self, answers: u64) {
        let reached = self.answered.load(Ordering::Relaxed) + answers;
        until("the writers are answered", || self.answered.load(Ordering::Relaxed) >= reached).await;
    }

    /// Everything that was acknowledged.
    async fn stop(self) -> Vec<(u128, Appended)> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for writer in self.writers {
            acknowledged.extend(writer.await.unwrap());
        }
        acknowledged
    }
}

/// Each acknowledged append is there once and where it was said to be; there is nothing else.
fn assert_exactly(acknowledged: &[(u128, Appended)], all: &[Record]) {
    let found: HashMap<u128, Position> =
        all.iter().map(|record| (record.command_id.as_u128(), record.position)).collect();
    assert_eq!(found.len(), all.len(), "an append is there twice");
    for (command, appended) in acknowledged {
        assert_eq!(found.get(command), Some(&appended.first), "command {command}");
        assert!(!appended.replayed, "the first answer to command {command} is no repetition");
    }
    assert_eq!(acknowledged.len(), all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_sessions_lose_and_double_nothing() {
    const ROUNDS: u64 = 15;
    let server = Postgres::start();
    let nodes = [open(server.url()).await, open(server.url()).await];
    let load = Load::start(&nodes, 8);
    for _ in 0..ROUNDS {
        load.goes_on(10).await;
        server.end_sessions();
    }
    let acknowledged = load.stop().await;
    for node in &nodes {
        until_head(node, Position(acknowledged.len() as u64)).await;
        let all = everything(node).await;
        assert_exactly(&acknowledged, &all);
        assert_whole(node, &all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_and_comes_back_loses_and_doubles_nothing() {
    const ROUNDS: u64 = 3;
    let mut server = Postgres::start();
    let nodes = [open(server.url()).await, open(server.url()).await];
    let load = Load::start(&nodes, 8);
    for _ in 0..ROUNDS {
        load.goes_on(30).await;
        server.crash();
        server.serve();
    }
    load.goes_on(30).await;
    let acknowledged = load.stop().await;
    for node in &nodes {
        until_head(node, Position(acknowledged.len() as u64)).await;
        let all = everything(node).await;
        assert_exactly(&acknowledged, &all);
        assert_whole(node, &all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_answered_as_what_it_was() {
    const ROUNDS: u128 = 25;
    let server = Postgres::start();
    let proxy = Proxy::before(server.socket()).await;
    let (log, other) = (open(proxy.url()).await, open(server.url()).await);
    for n in 0..ROUNDS {
        proxy.lose_commits(1);
        let appended = log.append(one(n, "a-1", 2 * n as u64)).await.unwrap();
        assert_eq!((appended.first.0, appended.replayed), (2 * n as u64 + 1, false));
        assert_eq!(log.head().position, appended.last);
        // Another node goes on behind it at once.
        other.append(one(1_000 + n, "a-1", 2 * n as u64 + 1)).await.unwrap();
    }
    assert_eq!(proxy.lost_commits(), ROUNDS as u32);
    let conflict = log.append(one(5_000, "a-1", 0)).await;
    assert!(matches!(conflict, Err(AppendError::Conflict { .. })));
    until_head(&log, Position(2 * ROUNDS as u64)).await;
    assert_whole(&log, &everything(&log).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_did_not_arrive_is_made_again_and_stands_once() {
    let server = Postgres::start();
    let proxy = Proxy::before(server.socket()).await;
    let log = open(proxy.url()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    for n in 2..6_u128 {
        proxy.set(Way::HeldCommits);
        let appending = tokio::spawn({
            let log = log.clone();
            async move { log.append(one(n, "a-1", n as u64 - 1)).await }
        });
        let at_commit = "SELECT count(*) FROM pg_stat_activity \
            WHERE state = 'idle in transaction' AND query LIKE 'WITH written%'";
        until("the append is at its commit", || server.query(at_commit) == "1").await;
        proxy.set(Way::Shut);
        proxy.set(Way::Open(Duration::ZERO));
        let appended = appending.await.unwrap().unwrap();
        assert_eq!((appended.first.0, appended.replayed), (n as u64, false));
    }
    assert_whole(&log, &everything(&log).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_in_doubt_is_never_told_as_failed_and_its_command_finds_out() {
    let server = Postgres::start();
    let proxy = Proxy::before(server.socket()).await;
    let log = open(proxy.url()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    proxy.set(Way::HeldCommits);
    let appending = tokio::spawn({
        let log = log.clone();
        async move { log.append(one(2, "a-1", 1)).await }
    });
    let at_commit = "SELECT count(*) FROM pg_stat_activity \
        WHERE state = 'idle in transaction' AND query LIKE 'WITH written%'";
    until("the append is at its commit", || server.query(at_commit) == "1").await;
    proxy.lose_commits(1);
    proxy.set(Way::Open(Duration::ZERO));
    until("the answer is lost", || proxy.lost_commits() == 1).await;
    proxy.set(Way::Shut);
    let told = appending.await.unwrap();
    assert!(matches!(told, Err(AppendError::InDoubt)), "{told:?}");
    let refused = log.append(one(3, "b-1", 0)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable)), "{refused:?}");
    until("the node says that it can't append", || !log.is_writable()).await;
    proxy.set(Way::Open(Duration::ZERO));
    let again = log.append(one(2, "a-1", 1)).await.unwrap();
    assert_eq!((again.first, again.replayed), (Position(2), true));
    until("the node says that it appends again", || log.is_writable()).await;
    assert_eq!(log.append(one(3, "b-1", 0)).await.unwrap().first, Position(3));
    assert_whole(&log, &everything(&log).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_bell_went_dumb_looks_for_itself_and_hears_again() {
    let server = Postgres::start();
    let (here, there) = (open(server.url()).await, open(server.url()).await);
    let listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    until("both nodes listen", || server.query(listening).lines().count() == 2).await;
    let dumb = server.query(listening);
    let signal = |signal: &str| {
        let sent = std::process::Command::new("kill").arg(signal).args(dumb.lines()).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    for n in 0..3 {
        here.append(one(n, &format!("a-{n}"), 0)).await.unwrap();
        until_head(&there, Position(n as u64 + 1)).await;
    }
    until("both nodes listen in other sessions", || server.query(listening).lines().count() == 4).await;
    signal("-CONT");
    until("what had gone dumb is closed", || server.query(listening).lines().count() == 2).await;
}

/// A node of a log, and the reasons for which it was told to end.
async fn watched(url: String) -> (EventLog, Arc<Mutex<Vec<String>>>) {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reasons);
    let on_fatal =
        Some(Arc::new(move |reason: &str| told.lock().unwrap().push(reason.to_owned())) as OnFatal);
    (EventLog::open_postgres(PostgresOptions { url, on_fatal }, clock()).await.unwrap(), reasons)
}

/// Three nodes with 20 events, and a database that was brought back to when it had 12.
async fn with_lost_tail() -> (Postgres, Vec<(EventLog, Arc<Mutex<Vec<String>>>)>) {
    let mut server = Postgres::start();
    let first = open(server.url()).await;
    for n in 0..12 {
        first.append(one(n, "a-1", n as u64)).await.unwrap();
    }
    first.close().await;
    server.stop_fast();
    server.keep();
    server.serve();
    let nodes = vec![watched(server.url()).await, watched(server.url()).await, watched(server.url()).await];
    for n in 12..20 {
        nodes[0].0.append(one(n, "a-1", n as u64)).await.unwrap();
    }
    for (node, _) in &nodes {
        until_head(node, Position(20)).await;
    }
    server.crash();
    server.bring_back();
    server.serve();
    (server, nodes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_has_seen_a_lost_tail_appends_and_reads_no_more_and_says_so() {
    let (server, nodes) = with_lost_tail().await;
    for (n, (node, _)) in (100..).zip(&nodes) {
        let refused = node.append(one(n, "b-1", 0)).await;
        assert!(matches!(refused, Err(AppendError::OtherHistory { position: Position(20) })), "{refused:?}");
    }
    // A new process takes the log as it is, and goes on; who saw the tail still does not.
    let fresh = open(server.url()).await;
    assert_eq!(fresh.head().position, Position(12));
    for n in 200..220 {
        fresh.append(one(n, "c-1", n as u64 - 200)).await.unwrap();
    }
    for (n, (node, reasons)) in (300..).zip(&nodes) {
        let refused = node.append(one(n, "b-1", 0)).await;
        assert!(matches!(refused, Err(AppendError::OtherHistory { .. })), "{refused:?}");
        let read = node.read_all(Position(0), 10).await;
        assert!(matches!(read, Err(ReadError::OtherHistory { .. })), "{read:?}");
        let read = node.read_stream(&name("a-1"), StreamVersion(0), 10).await;
        assert!(matches!(read, Err(ReadError::OtherHistory { .. })), "{read:?}");
        assert!(!node.is_writable());
        assert_eq!(node.head().position, Position(20), "what was not followed is not shown");
        assert_eq!(reasons.lock().unwrap().len(), 1);
    }
    assert_eq!(fresh.stream_version(&name("b-1")).await.unwrap(), StreamVersion(0));
    assert_whole(&fresh, &everything(&fresh).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_tail_that_others_have_overgrown_is_noticed_by_who_only_reads() {
    let (server, nodes) = with_lost_tail().await;
    let fresh = open(server.url()).await;
    for n in 200..220 {
        fresh.append(one(n, "c-1", n as u64 - 200)).await.unwrap();
    }
    assert_eq!(fresh.head().position, Position(32));
    for (node, reasons) in &nodes {
        until("the node notices by itself", || !reasons.lock().unwrap().is_empty()).await;
        assert!(!node.is_writable());
        let read = node.read_all(Position(12), 100).await;
        assert!(matches!(read, Err(ReadError::OtherHistory { .. })), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_an_earlier_epoch_appends_no_more() {
    let server = Postgres::start();
    let log = open(server.url()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    server.query("UPDATE log_head SET epoch = epoch + 1");
    let refused = log.append(one(2, "a-1", 1)).await;
    assert!(matches!(refused, Err(AppendError::OtherHistory { position: Position(1) })), "{refused:?}");
    let fresh = open(server.url()).await;
    assert_eq!(fresh.append(one(2, "a-1", 1)).await.unwrap().first, Position(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_holds_the_head_and_is_gone_holds_nobody_up_for_long() {
    let server = Postgres::start();
    let proxy = Proxy::before(server.socket()).await;
    let (stuck, log) = (open(proxy.url()).await, open(server.url()).await);
    log.append(one(1, "a-1", 0)).await.unwrap();
    proxy.set(Way::HeldCommits);
    let held = tokio::spawn({
        let stuck = stuck.clone();
        async move { stuck.append(one(2, "a-1", 1)).await }
    });
    let at_commit = "SELECT count(*) FROM pg_stat_activity \
        WHERE state = 'idle in transaction' AND query LIKE 'WITH written%'";
    until("the append is at its commit", || server.query(at_commit) == "1").await;
    proxy.set(Way::BlackHole);
    // Its place is free again when the database has given up waiting for it.
    assert_eq!(log.append(one(3, "a-1", 1)).await.unwrap().first, Position(2));
    proxy.set(Way::Open(Duration::ZERO));
    let late = held.await.unwrap();
    assert!(matches!(late, Err(AppendError::Conflict { .. } | AppendError::InDoubt)), "{late:?}");
    assert_eq!(everything(&log).await.len(), 2);
    assert_whole(&log, &everything(&log).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_reads_fail_in_a_bounded_time_and_closing_ends() {
    let mut server = Postgres::start();
    let log = open(server.url()).await;
    log.append(one(1, "a-1", 0)).await.unwrap();
    server.crash();
    let read = log.read_all(Position(0), 10).await;
    assert!(matches!(read, Err(ReadError::Store(_))), "{read:?}");
    let refused = log.append(one(2, "a-1", 1)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable)), "{refused:?}");
    let closing = tokio::time::timeout(Duration::from_secs(20), log.close());
    closing.await.unwrap();
    assert!(matches!(log.append(one(3, "a-1", 1)).await, Err(AppendError::Closed)));
}
