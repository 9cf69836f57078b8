//! A node with its ledger, how often it writes, and what it remembers.

use app::clock::Clock;
use portal_tests::bench::{Options, Row};
use quota::{Answer, Chain, Engine, Ledger, Limit, Options as Node, PoolKey, Time, Window};
use std::{
    fs,
    sync::{Arc, atomic::Ordering},
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

pub(crate) const DAY: i64 = 86_400_000;

/// An engine on a file of its own, with its worker.
pub(crate) struct Given {
    pub(crate) runtime: Runtime,
    pub(crate) engine: Engine,
    stop: Option<oneshot::Sender<()>>,
    worker: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Given {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let wall = || Clock::System.now().timestamp_millis();
        let (engine, stop, worker) = runtime.block_on(async {
            let ledger = Ledger::open_sqlite(&folder.path().join("quota.sqlite")).await.unwrap();
            let started = Engine::start(ledger, Time::System(Arc::new(wall)), Node::new(1)).await.unwrap();
            let (engine, worker, notices) = started;
            let (stop, stopped) = oneshot::channel::<()>();
            let worker = tokio::spawn(async move {
                let _unread = notices;
                worker.run(async move { drop(stopped.await) }).await;
            });
            (engine, stop, worker)
        });
        Self { runtime, engine, stop: Some(stop), worker: Some(worker), _folder: folder }
    }

    /// Leases a slice of every group's pool.
    pub(crate) fn warm(&self, groups: u64, units: u32) {
        self.runtime.block_on(async {
            let mut waiting = tokio::task::JoinSet::new();
            for group in 0..groups {
                let (engine, chain) = (self.engine.clone(), chain(group, units));
                waiting.spawn(async move {
                    let key = chain.pool().key;
                    engine.spend(key, &engine.cell(key), &chain, 1).await
                });
                if waiting.len() >= 2_000 {
                    assert!(matches!(waiting.join_next().await.unwrap().unwrap(), Answer::Admitted { .. }));
                }
            }
            while let Some(answer) = waiting.join_next().await {
                assert!(matches!(answer.unwrap(), Answer::Admitted { .. }));
            }
        });
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        if let (Some(stop), Some(worker)) = (self.stop.take(), self.worker.take()) {
            stop.send(()).unwrap();
            self.runtime.block_on(worker).unwrap();
        }
    }
}

pub(crate) fn chain(group: u64, units: u32) -> Arc<Chain> {
    let limit = Limit { units, window: Window::rolling(DAY) };
    Arc::new(Chain::new(PoolKey::whole(u128::from(group) + 1), limit))
}

pub(crate) fn run(options: &Options) {
    writes(options);
    memory(options);
}

/// Transactions for a thousand admitted calls, on one group and spread over many.
fn writes(options: &Options) {
    for (name, units) in [("10,000", 10_000), ("150,000", 150_000)] {
        let given = Given::new();
        let chain = chain(1, units);
        let key = chain.pool().key;
        let calls = units / 2;
        given.runtime.block_on(async {
            let cell = given.engine.cell(key);
            for _ in 0..calls {
                let answer = given.engine.spend(key, &cell, &chain, 1).await;
                assert!(matches!(answer, Answer::Admitted { .. }));
            }
        });
        let exchanges = given.engine.counts().exchanges.load(Ordering::Relaxed) as f64;
        Row {
            name: format!("ledger writes per 1,000 calls, limit {name}"),
            peer_name: "one write a call",
            rounds: vec![(exchanges * 1_000.0 / f64::from(calls), 1_000.0)],
        }
        .print(options);
    }
}

/// Resident bytes of an active group beyond its entry in the door's directory.
fn memory(options: &Options) {
    let given = Given::new();
    given.warm(1_000, 10_000);
    let before = resident();
    let keys: Vec<_> = (0..options.groups as u128).map(|group| PoolKey::whole(group << 32 | 7)).collect();
    let cells: Vec<_> = keys.iter().map(|key| given.engine.cell(*key)).collect();
    let bytes = (resident() - before) as f64 - (size_of_val(&keys[..]) + size_of_val(&cells[..])) as f64;
    Row {
        name: format!("bytes per active group, {} groups", options.groups),
        peer_name: "goal of 96 bytes",
        rounds: vec![(bytes / options.groups as f64, 96.0)],
    }
    .print(options);
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}
