//! Several engines on one PostgreSQL.

use crate::nodes::{Node, chain, exhaust};
use portal_tests::postgres::Postgres;
use quota::{Answer, Chain, Limit, PoolKey, Window};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const DAY: i64 = 86_400_000;
/// So soon after a call back, holders have given back what lies idle.
const COMES_BACK: Duration = Duration::from_secs(1);
/// More than that only because the machine has other things to do.
const SLACK: Duration = Duration::from_secs(1);

async fn five(postgres: &Postgres) -> Vec<Node> {
    portal_tests::all((0..5).map(|_| Node::start(postgres.url()))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_five_nodes_exactly_n_calls_pass() {
    let postgres = Postgres::start();
    let nodes = five(&postgres).await;
    for units in [1, 37, 1_000, 5_000] {
        let key = PoolKey::whole(u128::from(units) + 10);
        let limit = Arc::new(Chain::new(key, Limit { units, window: Window::rolling(DAY) }));
        let limit = &limit;
        let clients = nodes.iter().flat_map(|node| (0..20).map(move |_| client(node, key, limit)));
        let passed: u32 = portal_tests::all(clients).await.into_iter().sum();
        assert_eq!(passed, units);
    }
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}

async fn client(node: &Node, key: PoolKey, limit: &Arc<Chain>) -> u32 {
    let mut passed = 0;
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    loop {
        match node.engine.spend(key, &node.engine.cell(key), limit, 1).await {
            Answer::Admitted { .. } => passed += 1,
            Answer::Refused { closed, .. } if !closed.held_elsewhere => return passed,
            _ => drop(pause.tick().await),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_slices_of_other_nodes_come_back_within_a_second_and_the_refusal_says_so() {
    let postgres = Postgres::start();
    let nodes = five(&postgres).await;
    let limit = chain(1_000);
    for node in &nodes {
        assert!(matches!(node.call(&limit).await, Answer::Admitted { .. }));
    }
    // Four nodes hold nine idle units each.
    let mut passed = 5;
    let refused_at = loop {
        match nodes[0].call(&limit).await {
            Answer::Admitted { .. } => passed += 1,
            Answer::Refused { closed, .. } => {
                assert!(closed.held_elsewhere);
                let retry = closed.retry_at - nodes[0].engine.now_ms();
                assert!((0..=1_000).contains(&retry), "{retry}");
                break Instant::now();
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(passed < 1_000);
    let mut pause = tokio::time::interval(Duration::from_millis(10));
    while !matches!(nodes[0].call(&limit).await, Answer::Admitted { .. }) {
        assert!(refused_at.elapsed() <= COMES_BACK + SLACK, "it comes back");
        pause.tick().await;
    }
    let waited = refused_at.elapsed();
    assert_eq!(passed + 1 + exhaust(&nodes[0], &limit).await, 1_000, "after {waited:?}");
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_leaves_nothing_behind_and_a_dead_one_at_most_a_hundredth() {
    let postgres = Postgres::start();
    let limit = chain(1_000);
    let (stopped, dead, last) = (
        Node::start(postgres.url()).await,
        Node::start(postgres.url()).await,
        Node::start(postgres.url()).await,
    );
    assert!(matches!(stopped.call(&limit).await, Answer::Admitted { .. }));
    assert!(matches!(dead.call(&limit).await, Answer::Admitted { .. }));
    stopped.stop().await;
    dead.kill();
    let view = last.view(&limit).await;
    assert_eq!((view.used + view.held, view.left), (11, 989), "one used, and ten that the dead one holds");
    let mut passed = 2;
    while matches!(last.call(&limit).await, Answer::Admitted { .. }) {
        passed += 1;
    }
    assert!((990..=1_000).contains(&passed), "{passed}");
    last.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_database_loses_no_count_and_service_goes_on_by_itself() {
    let mut postgres = Postgres::start();
    let nodes = five(&postgres).await;
    let limit = chain(300);
    let mut passed = 0;
    for node in nodes.iter().cycle().take(100) {
        passed += u32::from(matches!(node.call(&limit).await, Answer::Admitted { .. }));
    }
    postgres.crash();
    let mut down = 0;
    for node in nodes.iter().cycle().take(50) {
        match node.call(&limit).await {
            // What was leased before goes on being spent.
            Answer::Admitted { graced: false, .. } => passed += 1,
            Answer::Unavailable => down += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(down > 0);
    postgres.serve();
    postgres.end_sessions();
    for node in &nodes {
        passed += exhaust(node, &limit).await;
    }
    // A slice whose fate is unknown goes back; none is lost here, because nobody died.
    assert_eq!(passed, 300);
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_make_the_ledger_once() {
    let postgres = Postgres::start();
    let nodes = five(&postgres).await;
    assert_eq!(postgres.query("SELECT count(*) = max(version) FROM quota_migrations"), "t");
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}
