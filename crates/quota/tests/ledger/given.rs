//! Nodes of a quota, and their limits.

use quota::{Answer, Chain, Engine, Ledger, Limit, Options, PoolKey, Time, Window, time::ManualTime};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::{sync::oneshot, task::JoinHandle};

pub(crate) const NOW: i64 = 1_795_000_000_000;
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const KEY: PoolKey = PoolKey::whole(1);

/// One node: an engine whose worker runs.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) ledger: Ledger,
    pub(crate) notices: tokio::sync::mpsc::Receiver<quota::Notice>,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<()>,
}

static NODES: AtomicU64 = AtomicU64::new(1);

impl Node {
    pub(crate) async fn start(ledger: Ledger, time: &Arc<ManualTime>) -> Self {
        let node = NODES.fetch_add(1, Ordering::Relaxed) << 32;
        let time = Time::Manual(time.clone());
        let (engine, worker, notices) =
            Engine::start(ledger.clone(), time, Options::new(node)).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = tokio::spawn(worker.run(async move { drop(stopped.await) }));
        Self { engine, ledger, notices, stop, worker }
    }

    pub(crate) async fn call(&self, chain: &Arc<Chain>) -> Answer {
        self.cost(chain, 1).await
    }

    pub(crate) async fn cost(&self, chain: &Arc<Chain>, cost: u32) -> Answer {
        self.engine.spend(KEY, &self.engine.cell(KEY), chain, cost).await
    }

    /// Calls until one is refused. Returns how many passed.
    pub(crate) async fn exhaust(&self, chain: &Arc<Chain>) -> u32 {
        let mut passed = 0;
        while matches!(self.call(chain).await, Answer::Admitted { .. }) {
            passed += 1;
        }
        passed
    }

    /// A clean stop: everything leased goes back.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.worker.await.unwrap();
    }

    /// As kill -9: nothing goes back.
    pub(crate) async fn kill(self) {
        self.worker.abort();
        assert!(self.worker.await.unwrap_err().is_cancelled());
    }
}

pub(crate) fn chain(units: u32) -> Arc<Chain> {
    Arc::new(Chain::new(KEY, Limit { units, window: Window::rolling(DAY) }))
}
