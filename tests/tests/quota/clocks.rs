//! The database's clock jumps: nodes follow it, and it alone.

use crate::nodes::{KEY, Node, chain, exhaust};
use app::clock::Clock;
use portal_tests::{LOOK_AGAIN, postgres::Postgres, until};
use quota::{Answer, Chain, Health, Limit, Window};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const HOUR: i64 = 3_600_000;
/// Short enough that windows pass in a test.
const LENGTH: Duration = Duration::from_secs(10);
const LIMIT: usize = 200;

fn short() -> Arc<Chain> {
    Arc::new(Chain::new(KEY, Limit { units: 200, window: Window::rolling(10_000) }))
}

async fn two(postgres: &Postgres) -> Vec<Node> {
    portal_tests::all((0..2).map(|_| Node::start(postgres.url()))).await
}

/// How far a node's effective time is from this machine's clock (ms).
fn skew_of(node: &Node) -> i64 {
    node.engine.now_ms() - Clock::System.now().timestamp_millis()
}

fn is_about(ms: i64, expected: i64) -> bool {
    (ms - expected).abs() < 5_000
}

/// When calls passed.
#[derive(Default)]
struct Log(Mutex<Vec<Instant>>);

impl Log {
    /// Calls all nodes without pause for a while.
    async fn call(&self, nodes: &[Node], limit: &Arc<Chain>, lasts: Duration) {
        let until = Instant::now() + lasts;
        let clients = nodes.iter().map(async |node| {
            let mut pause = tokio::time::interval(LOOK_AGAIN / 2);
            while Instant::now() < until {
                match node.call(limit).await {
                    Answer::Admitted { .. } => self.0.lock().expect("no panic").push(Instant::now()),
                    _ => drop(pause.tick().await),
                }
            }
        });
        portal_tests::all(clients).await;
    }

    fn len(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }

    /// Calls in the fullest window.
    fn fullest(&self) -> usize {
        let passed = self.0.lock().expect("no panic");
        let within =
            |last: &Instant| passed.iter().filter(|at| **at <= *last && **at + LENGTH > *last).count();
        passed.iter().map(within).max().unwrap_or(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_an_hour_from_the_databases_clock_lease_nothing_and_go_on_when_it_is_right_again() {
    let postgres = Postgres::start().with_faulty_clock();
    let nodes = two(&postgres).await;
    let limit = short();
    let log = Log::default();
    log.call(&nodes, &limit, Duration::from_millis(1_500)).await;
    assert_eq!(log.len(), LIMIT, "the window is used up before the first jump");
    for jump in [HOUR, -HOUR] {
        postgres.skew(jump);
        for node in &nodes {
            until("the jump is seen", async || node.astray().is_some_and(|ms| is_about(ms, jump))).await;
        }
        // A refusal is remembered for a second; then nobody is asked any more.
        log.call(&nodes, &limit, Duration::from_millis(1_200)).await;
        for node in &nodes {
            assert_eq!(node.call(&limit).await, Answer::Unavailable);
        }
        postgres.skew(0);
        for node in &nodes {
            until("all is well", async || node.engine.health() == Health::Sound).await;
            assert!(is_about(skew_of(node), 0), "no jump is followed");
            assert_ne!(node.call(&limit).await, Answer::Unavailable);
        }
    }
    log.call(&nodes, &limit, LENGTH + LENGTH / 5).await;
    assert!(log.len() >= 2 * LIMIT - 4, "{}: another window has opened", log.len());
    assert!(log.fullest() <= LIMIT, "{}: no jump has freed anything", log.fullest());
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_with_a_clock_set_back_25_hours_go_on_from_what_was_recorded() {
    let postgres = Postgres::start().with_faulty_clock();
    let mut nodes = two(&postgres).await;
    let limit = chain(300);
    let mut passed = 0;
    for node in nodes.iter().cycle().take(100) {
        passed += u32::from(matches!(node.call(&limit).await, Answer::Admitted { .. }));
    }
    postgres.skew(-25 * HOUR);
    for node in &nodes {
        until("the jump is seen", async || node.astray().is_some_and(|ms| is_about(ms, -25 * HOUR))).await;
    }
    for number in 0..2 {
        nodes.remove(0).stop().await;
        let restarted = Node::start(postgres.url()).await;
        let skew = skew_of(&restarted);
        assert!(is_about(skew, 0), "start {number} goes on from {skew} ms");
        nodes.push(restarted);
        // The first that starts has set the shared clock right, for the other as well.
        for node in &nodes {
            until("they agree", async || node.engine.health() == Health::Sound).await;
        }
        passed += u32::from(matches!(nodes[1].call(&limit).await, Answer::Admitted { .. }));
    }
    assert!((skew_of(&nodes[0]) - skew_of(&nodes[1])).abs() < 1_000);
    for node in &nodes {
        passed += exhaust(node, &limit).await;
    }
    // A node that is stopped while its clock is wrong can't give back: each forfeits as much as by a crash.
    assert!((300 - 2 * 3..=300).contains(&passed), "{passed} passed");
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_jumps_of_the_databases_clock_stop_nobody_and_free_nothing_early() {
    let postgres = Postgres::start().with_faulty_clock();
    let nodes = two(&postgres).await;
    let limit = short();
    let log = Log::default();
    for jump in [3_000, -3_000, 20_000, -20_000, 0] {
        postgres.skew(jump);
        log.call(&nodes, &limit, Duration::from_secs(3)).await;
        for node in &nodes {
            let seen = node.engine.behind_ms();
            assert!((seen - jump).abs() < 500, "{jump} was seen as {seen}");
            assert_eq!(node.engine.health(), Health::Sound);
        }
    }
    // What was used while the database was ahead is dated as much later.
    log.call(&nodes, &limit, 2 * LENGTH).await;
    assert!(log.len() >= 2 * LIMIT - 4, "{}: another window has opened", log.len());
    assert!(log.fullest() <= LIMIT, "{}: no jump has freed anything early", log.fullest());
    portal_tests::all(nodes.into_iter().map(Node::stop)).await;
}
