//! The gateway: clients that call without pause, and the log of what passed.

use super::node;
use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A refused client tries again after so long.
const PAUSE: Duration = Duration::from_millis(3);

/// One line of the gateway's log: microseconds since the round began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passed {
    pub(crate) asked: i64,
    pub(crate) passed: i64,
}

/// The clients of one node.
pub(crate) struct Gateway {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Vec<Passed>>>,
}

struct Shared {
    /// Where the node listens now; 0: nowhere.
    port: AtomicU16,
    ended: AtomicBool,
    /// Answers that came too late, which the gateway dropped: counted by the quota, not passed.
    dropped: AtomicU64,
    /// Final refusals: nothing lies idle anywhere.
    refused: AtomicU64,
    begun: Instant,
    patience: Duration,
    broken: Mutex<Vec<String>>,
}

impl Gateway {
    pub(crate) fn start(clients: usize, begun: Instant, patience: Duration) -> Self {
        let shared = Arc::new(Shared {
            port: AtomicU16::new(0),
            ended: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            begun,
            patience,
            broken: Mutex::default(),
        });
        let clients = (0..clients)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || shared.call_without_pause())
            })
            .collect();
        Self { shared, clients }
    }

    /// The node listens there from now on.
    pub(crate) fn reach(&self, port: u16) {
        self.shared.port.store(port, Ordering::SeqCst);
    }

    pub(crate) fn final_refusals(&self) -> u64 {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Ends the clients and gives the log, and how many answers were dropped.
    pub(crate) fn end(self) -> (Vec<Passed>, u64) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let log = self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        let broken = std::mem::take(&mut *self.shared.broken.lock().unwrap());
        assert!(broken.is_empty(), "{broken:?}");
        (log, self.shared.dropped.load(Ordering::SeqCst))
    }
}

impl Shared {
    fn call_without_pause(&self) -> Vec<Passed> {
        let mut log = Vec::new();
        while !self.ended.load(Ordering::SeqCst) {
            let port = self.port.load(Ordering::SeqCst);
            let client = (port != 0).then(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
            match client {
                Some(Ok(client)) => self.use_connection(client, &mut log),
                Some(Err(_)) | None => thread::park_timeout(PAUSE),
            }
        }
        log
    }

    /// Calls on one connection until it breaks or an answer is late.
    fn use_connection(&self, mut client: TcpStream, log: &mut Vec<Passed>) {
        client.set_nodelay(true).unwrap();
        client.set_read_timeout(Some(self.patience)).unwrap();
        while !self.ended.load(Ordering::SeqCst) {
            let asked = self.begun.elapsed();
            let mut answer = [0];
            if client.write_all(b"c").and_then(|()| client.read_exact(&mut answer)).is_err() {
                // Late or broken: whatever comes now is not looked at.
                self.dropped.fetch_add(1, Ordering::SeqCst);
                return;
            }
            let passed = self.begun.elapsed();
            if passed > asked + self.patience {
                self.dropped.fetch_add(1, Ordering::SeqCst);
                return;
            }
            match answer[0] {
                node::ADMITTED => log.push(Passed { asked: micros(asked), passed: micros(passed) }),
                node::REFUSED => {
                    self.refused.fetch_add(1, Ordering::SeqCst);
                    thread::park_timeout(PAUSE);
                }
                node::HELD | node::UNAVAILABLE => thread::park_timeout(PAUSE),
                other => self.broken.lock().unwrap().push(format!("answer {other}")),
            }
        }
    }
}

fn micros(since: Duration) -> i64 {
    i64::try_from(since.as_micros()).unwrap()
}
