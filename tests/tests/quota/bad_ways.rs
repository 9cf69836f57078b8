//! A ledger that is far away, silent, shut or gone.

use crate::nodes::{Node, chain, exhaust};
use portal_tests::{
    LOOK_AGAIN,
    postgres::Postgres,
    proxy::{Proxy, Way},
};
use quota::{Answer, Chain, Grace, PoolKey};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::time::Interval;

const LIMIT: u32 = 300;
/// Half of a round trip of 40 ms.
const FAR: Duration = Duration::from_millis(20);
const NEAR: Way = Way::Open(Duration::ZERO);
/// So soon after the ledger is back, calls pass again.
const BACK_IN: Duration = Duration::from_secs(2);
/// So long the gateways of `deploy/gateways/` wait for an answer.
const GATEWAYS_WAIT: Duration = Duration::from_millis(1_500);
const GRACE_UNITS: u32 = 7;
/// A minute in the product; what matters is that it ends while the outage lasts.
const GRACE: Duration = Duration::from_secs(3);
const OUTAGE: Duration = Duration::from_secs(5);

fn passes(answer: Answer) -> bool {
    matches!(answer, Answer::Admitted { .. })
}

/// An answer that comes later reaches nobody.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    tokio::time::timeout(GATEWAYS_WAIT, answer).await.expect("an answer while the gateway waits")
}

/// Two nodes, with calls of a group in development and of one in production.
struct Scene {
    postgres: Postgres,
    proxy: Proxy,
    nodes: Vec<Node>,
    development: Arc<Chain>,
    production: Arc<Chain>,
    /// Counted calls that passed of each group.
    passed: [u32; 2],
    /// Calls that passed on grace, by node.
    graced: [u32; 2],
    unavailable: u32,
    last_graced: Duration,
    pause: Interval,
}

impl Scene {
    async fn new() -> Self {
        let postgres = Postgres::start();
        let proxy = Proxy::before(postgres.socket()).await;
        let nodes = portal_tests::all((0..2).map(|_| Node::start(proxy.url()))).await;
        let development = chain(LIMIT);
        let mut production = Chain::new(PoolKey::whole(2), development.pool().limit);
        production.grace = Some(Grace { lasts: GRACE, units: GRACE_UNITS });
        let production = Arc::new(production);
        let pause = tokio::time::interval(LOOK_AGAIN);
        let (passed, graced, last_graced) = ([0; 2], [0; 2], Duration::ZERO);
        Self {
            postgres,
            proxy,
            nodes,
            development,
            production,
            passed,
            graced,
            unavailable: 0,
            last_graced,
            pause,
        }
    }

    /// The first calls, so that something is leased everywhere.
    async fn begins(&mut self) {
        for node in self.nodes.iter().cycle().take(20) {
            self.passed[0] += u32::from(passes(node.call(&self.development).await));
            self.passed[1] += u32::from(passes(node.call(&self.production).await));
        }
        assert_eq!(self.passed, [20; 2]);
    }

    /// Calls while the ledger can't be reached; every one is answered.
    async fn outage(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < OUTAGE {
            for (node, graced) in self.nodes.iter().zip(&mut self.graced) {
                match in_time(node.call(&self.development)).await {
                    Answer::Admitted { graced: false, .. } => self.passed[0] += 1,
                    Answer::Unavailable => self.unavailable += 1,
                    other => panic!("{other:?}"),
                }
                match in_time(node.call(&self.production)).await {
                    Answer::Admitted { graced: false, .. } => self.passed[1] += 1,
                    Answer::Admitted { graced: true, .. } => {
                        *graced += 1;
                        self.last_graced = begun.elapsed();
                    }
                    Answer::Unavailable => {}
                    other => panic!("{other:?}"),
                }
            }
            self.pause.tick().await;
        }
        assert!(self.unavailable > 0);
        assert_eq!(self.graced, [GRACE_UNITS; 2], "each node has its own grace");
        assert!(self.last_graced <= GRACE + BACK_IN, "{:?}", self.last_graced);
        for node in &self.nodes {
            assert_eq!(node.call(&self.production).await, Answer::Unavailable, "the grace is over");
        }
    }

    /// The ledger is there again: nothing is lost and nothing is free.
    async fn ends(mut self) {
        let back = Instant::now();
        for node in &self.nodes {
            while !passes(node.call(&self.development).await) {
                assert!(back.elapsed() < BACK_IN, "calls pass again");
                self.pause.tick().await;
            }
            self.passed[0] += 1;
        }
        for node in &self.nodes {
            self.passed[0] += exhaust(node, &self.development).await;
            self.passed[1] += exhaust(node, &self.production).await;
        }
        let graced: u32 = self.graced.iter().sum();
        assert_eq!(self.passed[0], LIMIT, "what was not admitted is not charged");
        assert_eq!(self.passed[1] + graced, LIMIT, "what passed on grace is charged");
        portal_tests::all(self.nodes.into_iter().map(Node::stop)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_round_trip_of_40_ms_calls_are_answered_and_exactly_n_pass_on_two_nodes() {
    let scene = Scene::new().await;
    scene.proxy.set(Way::Open(FAR));
    let begun = Instant::now();
    let first = scene.nodes[0].call(&scene.development).await;
    assert!(passes(first), "the first call, after {:?}: {first:?}", begun.elapsed());
    let clients = scene.nodes.iter().flat_map(|node| (0..5).map(|_| exhaust(node, &scene.development)));
    let passed = 1 + portal_tests::all(clients).await.into_iter().sum::<u32>();
    assert_eq!(passed, LIMIT);
    let failures: Vec<u64> =
        scene.nodes.iter().map(|node| node.engine.counts().failures.load(Ordering::Relaxed)).collect();
    assert_eq!(failures, [0, 0], "a ledger that is far away is no outage");
    scene.proxy.set(NEAR);
    portal_tests::all(scene.nodes.into_iter().map(Node::stop)).await;
}

async fn outage_by(way: Way) {
    let mut scene = Scene::new().await;
    scene.begins().await;
    scene.proxy.set(way);
    scene.outage().await;
    scene.proxy.set(NEAR);
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_falls_silent_leaves_no_call_unanswered_and_loses_no_count() {
    outage_by(Way::BlackHole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_commits_hang_leaves_no_call_unanswered_and_loses_no_count() {
    outage_by(Way::HeldCommits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_refuses_connections_leaves_no_call_unanswered_and_loses_no_count() {
    outage_by(Way::Shut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_socket_disappears_leaves_no_call_unanswered_and_loses_no_count() {
    let mut scene = Scene::new().await;
    scene.begins().await;
    scene.postgres.crash();
    assert!(!scene.postgres.socket().exists());
    scene.outage().await;
    scene.postgres.serve();
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_refused_because_the_answer_to_its_commit_was_lost_costs_nothing() {
    let postgres = Postgres::start();
    let proxy = Proxy::before(postgres.socket()).await;
    let node = Node::start(proxy.url()).await;
    let direct = Node::start(postgres.url()).await;
    // So small a limit is spent one by one: each call is an exchange, and takes its lease whole.
    let limit = chain(40);
    let mut passed = 0;
    let mut pause = tokio::time::interval(LOOK_AGAIN);
    for round in 1..=5_u32 {
        let before = direct.view(&limit).await.left;
        proxy.lose_commits(1);
        assert_eq!(node.call(&limit).await, Answer::Unavailable, "round {round}");
        assert_eq!(proxy.lost_commits(), round);
        assert_eq!(direct.view(&limit).await.left, before - 1, "the database has charged it");
        let begun = Instant::now();
        while !passes(node.call(&limit).await) {
            assert!(begun.elapsed() < BACK_IN, "calls pass again");
            pause.tick().await;
        }
        passed += 1;
        assert_eq!(direct.view(&limit).await.left, 40 - passed, "the charge was taken back");
    }
    assert_eq!(passed + exhaust(&node, &limit).await, 40);
    portal_tests::all([node, direct].map(Node::stop)).await;
}
