//! A stretch of wire between gateway and portal that counts connections, can be cut, and can go dead.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

const BACKLOG: u32 = 128;

/// A wire. Dropping it cuts it.
pub(crate) struct Relay {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    carrying: Option<JoinHandle<()>>,
}

impl Relay {
    /// A wire to an address.
    pub(crate) async fn to(door: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut relay = Self { address, connections: Arc::default(), carrying: None };
        relay.carry(listener, Some(door));
        relay
    }

    /// A wire at whose end nobody answers.
    pub(crate) async fn dead() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut relay = Self { address, connections: Arc::default(), carrying: None };
        relay.carry(listener, None);
        relay
    }

    /// Where the gateway's end is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Cuts it with every connection over it.
    pub(crate) async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            // It was ended by this.
            carrying.await.unwrap_or_default();
        }
    }

    /// Mends it, at the address it had.
    pub(crate) fn mend(&mut self, door: SocketAddr) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(self.address).expect("the port is ours");
        self.carry(socket.listen(BACKLOG).expect("it listens"), Some(door));
    }

    fn carry(&mut self, listener: TcpListener, door: Option<SocketAddr>) {
        let connections = self.connections.clone();
        self.carrying = Some(tokio::spawn(async move {
            let mut wires = JoinSet::new();
            while let Ok((gateway, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                wires.spawn(carry(gateway, door));
            }
        }));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(carrying) = &self.carrying {
            carrying.abort();
        }
    }
}

async fn carry(mut gateway: TcpStream, door: Option<SocketAddr>) {
    match door {
        Some(door) => {
            let Ok(mut door) = TcpStream::connect(door).await else { return };
            // Either side may hang up as it likes.
            copy_bidirectional(&mut gateway, &mut door).await.map(drop).unwrap_or_default();
        }
        None => std::future::pending().await,
    }
}
