//! Nodes in this process that share a ledger, and those who call them.

use app::clock::Clock;
use portal_tests::LOOK_AGAIN;
use quota::{Answer, Chain, Engine, Health, Ledger, Limit, Options, PoolKey, Time, View, Window};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, task::JoinHandle};

pub(crate) const KEY: PoolKey = PoolKey::whole(1);
const DAY: i64 = 86_400_000;
/// A call that is not answered by then is one that hangs.
const ANSWERED_IN: Duration = Duration::from_secs(2);
static NODES: AtomicU64 = AtomicU64::new(1);

/// An engine whose worker runs.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<()>,
}

impl Node {
    pub(crate) async fn start(url: String) -> Self {
        let ledger = Ledger::open_postgres(&url).await.expect("it opens");
        let time = Time::System(Arc::new(|| Clock::System.now().timestamp_millis()));
        let options = Options::new(NODES.fetch_add(1, Ordering::Relaxed) << 32);
        let (engine, worker, notices) = Engine::start(ledger, time, options).await.expect("it starts");
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = tokio::spawn(async move {
            let _unread = notices;
            worker.run(async move { drop(stopped.await) }).await;
        });
        Self { engine, stop, worker }
    }

    /// Fails when the answer does not come in time.
    pub(crate) async fn call(&self, chain: &Arc<Chain>) -> Answer {
        let key = chain.pool().key;
        let cell = self.engine.cell(key);
        let answer = tokio::time::timeout(ANSWERED_IN, self.engine.spend(key, &cell, chain, 1)).await;
        answer.expect("every call is answered")
    }

    pub(crate) async fn view(&self, chain: &Arc<Chain>) -> View {
        let cell = self.engine.cell(chain.pool().key);
        self.engine.view(&cell, chain).await.expect("it answers")
    }

    /// How far its clock is from the ledger's, if that is too far.
    pub(crate) fn astray(&self) -> Option<i64> {
        match self.engine.health() {
            Health::Astray(ms) => Some(ms),
            Health::Sound | Health::Away | Health::Stopped => None,
        }
    }

    /// A clean stop: everything leased goes back.
    pub(crate) async fn stop(self) {
        self.stop.send(()).expect("the worker runs");
        self.worker.await.expect("it ends");
    }

    /// As kill -9: nothing goes back.
    pub(crate) fn kill(self) {
        self.worker.abort();
    }
}

pub(crate) fn chain(units: u32) -> Arc<Chain> {
    Arc::new(Chain::new(KEY, Limit { units, window: Window::rolling(DAY) }))
}

/// Calls until the refusal is final: nothing lies idle elsewhere.
pub(crate) async fn exhaust(node: &Node, chain: &Arc<Chain>) -> u32 {
    let mut passed = 0;
    let mut pause = tokio::time::interval(2 * LOOK_AGAIN);
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_mins(1), "it comes to an end");
        match node.call(chain).await {
            Answer::Admitted { .. } => passed += 1,
            Answer::Refused { closed, .. } if !closed.held_elsewhere => return passed,
            Answer::Refused { .. } | Answer::Unavailable | Answer::Busy => drop(pause.tick().await),
            answer @ Answer::NeverAdmissible { .. } => panic!("{answer:?}"),
        }
    }
}
