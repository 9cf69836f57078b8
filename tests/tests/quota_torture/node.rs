//! A process of its own: one engine behind a door that takes a byte and answers with one.

use app::clock::Clock;
use quota::{Answer, Chain, Engine, Ledger, Limit, Options, PoolKey, Time, Window};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// A call passes.
pub(crate) const ADMITTED: u8 = b'A';
/// It does not, for good.
pub(crate) const REFUSED: u8 = b'R';
/// It does not; idle units have been called back.
pub(crate) const HELD: u8 = b'H';
/// The ledger can't be reached.
pub(crate) const UNAVAILABLE: u8 = b'U';

/// What all nodes of a round share.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) ledger: String,
    pub(crate) pool: u64,
    pub(crate) limit: u32,
    pub(crate) length_ms: i64,
    pub(crate) lease_ms: i64,
    pub(crate) answer_ms: i64,
    /// A file with milliseconds by which the wall clock of every node is wrong.
    pub(crate) skew: PathBuf,
}

/// The process behind a port.
pub(crate) struct Node {
    pub(crate) child: Child,
    pub(crate) port: u16,
}

impl Setting {
    pub(crate) fn start(&self, number: u64) -> Node {
        let Self { ledger, pool, limit, length_ms, lease_ms, answer_ms, skew } = self;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["node", ledger, skew.to_str().unwrap()])
            .args([*pool, u64::from(*limit), number].map(|value| value.to_string()))
            .args([length_ms, lease_ms, answer_ms].map(ToString::to_string))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // A node that finds no database ends before it listens.
        Node { child, port: line.trim().parse().unwrap_or(0) }
    }
}

/// The process itself.
pub(crate) fn run(args: &[String]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(serve(args));
}

async fn serve(args: &[String]) {
    let [ledger, skew, pool, limit, number, length_ms, lease_ms, answer_ms] = args else {
        panic!("{args:?}")
    };
    let Ok(ledger) = Ledger::open_postgres(ledger).await else { return };
    let skew = PathBuf::from(skew);
    let time = Time::System(Arc::new(move || Clock::System.now().timestamp_millis() + read(&skew)));
    let options = Options {
        node: number.parse::<u64>().unwrap() << 32,
        lease_ms: lease_ms.parse().unwrap(),
        answer_ms: answer_ms.parse().unwrap(),
    };
    let key = PoolKey::whole(pool.parse().unwrap());
    let window = Window::rolling(length_ms.parse().unwrap());
    let chain = Arc::new(Chain::new(key, Limit { units: limit.parse().unwrap(), window }));
    let Ok((engine, worker, _notices)) = Engine::start(ledger, time, options).await else { return };
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(worker.run(async move { drop(stopped.await) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let mut end = signal(SignalKind::terminate()).unwrap();
    loop {
        tokio::select! {
            _ = end.recv() => break,
            client = listener.accept() => {
                let (engine, chain) = (engine.clone(), chain.clone());
                tokio::spawn(answer(client.unwrap().0, engine, key, chain));
            }
        }
    }
    stop.send(()).unwrap();
    worker.await.unwrap();
}

async fn answer(mut client: TcpStream, engine: Engine, key: PoolKey, chain: Arc<Chain>) {
    let cell = engine.cell(key);
    let mut asked = [0];
    client.set_nodelay(true).unwrap();
    while client.read_exact(&mut asked).await.is_ok() {
        let answer = match engine.spend(key, &cell, &chain, 1).await {
            Answer::Admitted { .. } => ADMITTED,
            Answer::Refused { closed, .. } if closed.held_elsewhere => HELD,
            Answer::Refused { .. } => REFUSED,
            Answer::Unavailable | Answer::Busy | Answer::NeverAdmissible { .. } => UNAVAILABLE,
        };
        if client.write_all(&[answer]).await.is_err() {
            return;
        }
    }
}

fn read(skew: &Path) -> i64 {
    std::fs::read_to_string(skew).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
