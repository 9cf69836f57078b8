//! A portal whose clock is moved by hand leases as any other does.

use app::{clock::Clock, quota::time_of};
use quota::{Answer, Chain, Engine, Ledger, Limit, Options, PoolKey, Window};
use std::sync::{Arc, atomic::Ordering};
use tokio::sync::oneshot;

#[tokio::test]
async fn with_a_clock_that_is_moved_by_hand_exchanges_are_rare_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open_sqlite(&folder.path().join("quota.sqlite")).await.expect("it opens");
    let (clock, _hands) = Clock::manual("2026-11-22T12:00:00Z".parse().expect("an instant"));
    let started = Engine::start(ledger, time_of(&clock), Options::new(1)).await;
    let (engine, worker, _notices) = started.expect("it starts");
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(worker.run(async move { drop(stopped.await) }));
    let key = PoolKey::whole(1);
    let limit = Limit { units: 10_000, window: Window::rolling(86_400_000) };
    let (chain, cell) = (Arc::new(Chain::new(key, limit)), engine.cell(key));
    for _ in 0..2_000 {
        assert!(matches!(engine.spend(key, &cell, &chain, 1).await, Answer::Admitted { graced: false, .. }));
    }
    let exchanges = engine.counts().exchanges.load(Ordering::Relaxed);
    assert!(exchanges <= 2_000 / 50, "{exchanges} exchanges for 2000 calls");
    stop.send(()).expect("the worker runs");
    worker.await.expect("it ends");
}
