//! A way to a PostgreSQL that is as bad as a test wants it: far, silent, shut, or one that loses an answer.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixStream},
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::Instant,
};

/// As the client sends it; the byte behind it ends the statement.
const COMMIT: &[u8] = b"COMMIT\0";
/// Pieces of one direction that are on their way.
const UNDER_WAY_MAX: usize = 1_024;
const PIECE_MAX: usize = 16 * 1_024;

/// What becomes of bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They arrive so much later, in each direction.
    Open(Duration),
    /// They arrive when the way is open again: nobody is told anything.
    BlackHole,
    /// A COMMIT arrives when the way is open again, and everything else at once.
    HeldCommits,
    /// Nobody listens, and connections that there were are gone.
    Shut,
}

/// A proxy on loopback, in front of one database's socket. Gone when dropped.
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    lost: Arc<Lost>,
    accepting: JoinHandle<()>,
}

/// Answers to COMMIT that are to be lost, and that were.
#[derive(Default)]
struct Lost {
    wanted: AtomicU32,
    done: AtomicU32,
}

impl Proxy {
    /// In front of a socket, with no delay.
    pub async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (way, seen) = watch::channel(Way::Open(Duration::ZERO));
        let lost = Arc::new(Lost::default());
        let accepting =
            tokio::spawn(accept(Some(listener), address, Line { socket, seen, lost: lost.clone() }));
        Self { address, way, lost, accepting }
    }

    /// Where the database is reached through it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres?sslmode=disable", self.address)
    }

    /// Changes the way for everything that is not there yet.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// The next answers to COMMIT are lost, and their connections with them.
    pub fn lose_commits(&self, answers: u32) {
        self.lost.wanted.store(answers, Ordering::SeqCst);
    }

    /// How many answers to COMMIT were lost until now.
    pub fn lost_commits(&self) -> u32 {
        self.lost.done.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What every connection goes by.
#[derive(Clone)]
struct Line {
    socket: PathBuf,
    seen: watch::Receiver<Way>,
    lost: Arc<Lost>,
}

async fn accept(mut listener: Option<TcpListener>, address: SocketAddr, mut line: Line) {
    let mut connections = JoinSet::new();
    let mut watched = line.seen.clone();
    while line.seen.has_changed().is_ok() {
        if *watched.borrow_and_update() == Way::Shut {
            listener = None;
            connections.shutdown().await;
            // The proxy itself may go away while the way is shut.
            if watched.changed().await.is_err() {
                return;
            }
            continue;
        }
        let bound = match listener.take() {
            Some(bound) => bound,
            None => TcpListener::bind(address).await.expect("the port is free again"),
        };
        tokio::select! {
            changed = watched.changed() => if changed.is_err() { return },
            Ok((client, _)) = bound.accept() => {
                client.set_nodelay(true).expect("a socket");
                connections.spawn(connect(client, line.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
        listener = Some(bound);
        line.seen.mark_unchanged();
    }
}

async fn connect(client: tokio::net::TcpStream, line: Line) {
    let mut seen = line.seen.clone();
    if seen.wait_for(|way| matches!(way, Way::Open(_) | Way::HeldCommits)).await.is_err() {
        return;
    }
    // A database that is not there closes the connection, as a refused one is.
    let Ok(database) = UnixStream::connect(&line.socket).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    let (muted, is_muted) = watch::channel(false);
    let asks =
        Direction { seen: line.seen.clone(), lost: line.lost.clone(), mutes: Some(muted), muted: None };
    let answers = Direction { seen: line.seen, lost: line.lost, mutes: None, muted: Some(is_muted) };
    tokio::select! {
        () = asks.carry(from_client, to_database) => {}
        () = answers.carry(from_database, to_client) => {}
    }
}

/// One direction of one connection.
struct Direction {
    seen: watch::Receiver<Way>,
    lost: Arc<Lost>,
    /// Of the asks: tells the answers when one is to be lost.
    mutes: Option<watch::Sender<bool>>,
    /// Of the answers.
    muted: Option<watch::Receiver<bool>>,
}

impl Direction {
    async fn carry(mut self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let (pieces, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY_MAX);
        let read = async {
            let mut piece = vec![0; PIECE_MAX];
            while let Ok(length) = from.read(&mut piece).await
                && length > 0
                && pieces.send((Instant::now(), piece[..length].to_vec())).await.is_ok()
            {}
        };
        let write = async {
            while let Some((sent, piece)) = under_way.recv().await {
                let arrived = self.arrives(sent, &piece).await && !self.is_lost(&piece);
                if !arrived || to.write_all(&piece).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = read => {}
            () = write => {}
        }
    }

    /// Waits as long as the way takes. Whether there still is one.
    async fn arrives(&mut self, sent: Instant, piece: &[u8]) -> bool {
        let is_held = self.mutes.is_some() && is_commit(piece);
        let passes = |way: &Way| *way != Way::BlackHole && !(is_held && *way == Way::HeldCommits);
        let Ok(way) = self.seen.wait_for(passes).await.map(|way| *way) else { return false };
        let delay = match way {
            Way::Open(delay) => delay,
            Way::HeldCommits => Duration::ZERO,
            Way::BlackHole | Way::Shut => return false,
        };
        if !delay.is_zero() {
            // Nothing else can end it: this is a wait until then.
            let waited = tokio::time::timeout_at(sent + delay, std::future::pending::<()>()).await;
            return waited.is_err() && *self.seen.borrow() != Way::BlackHole || self.opens().await;
        }
        true
    }

    async fn opens(&mut self) -> bool {
        self.seen.wait_for(|way| matches!(way, Way::Open(_))).await.is_ok()
    }

    /// Asks for a commit mute the answers; a muted answer ends the connection.
    fn is_lost(&self, piece: &[u8]) -> bool {
        if let Some(muted) = &self.muted {
            let is_muted = *muted.borrow();
            self.lost.done.fetch_add(u32::from(is_muted), Ordering::SeqCst);
            return is_muted;
        }
        let take = |wanted: u32| wanted.checked_sub(1);
        if is_commit(piece)
            && self.lost.wanted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
            && let Some(mutes) = &self.mutes
        {
            mutes.send_replace(true);
        }
        false
    }
}

fn is_commit(piece: &[u8]) -> bool {
    piece.windows(COMMIT.len()).any(|bytes| bytes == COMMIT)
}
