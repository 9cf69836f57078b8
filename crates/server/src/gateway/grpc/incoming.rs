//! Connections of gateways over gRPC: so many at once, and none on which nothing arrives.

use futures_util::stream::{self, Stream};
use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};
use tonic::transport::server::Connected;

/// Pause before a connection is accepted again after that has failed: mostly for want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What connections are held to.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Connections at once; more wait to be accepted.
    pub(super) connections: usize,
    /// A connection on which nothing arrives for so long is given up.
    pub(super) silence: Duration,
}

/// A connection, and its place among those there may be.
pub(super) struct Connection {
    stream: TcpStream,
    silence: Duration,
    given_up: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

/// Accepts connections for ever.
pub(super) fn accept(listener: TcpListener, bounds: Bounds) -> impl Stream<Item = io::Result<Connection>> {
    let places = Arc::new(Semaphore::new(bounds.connections));
    stream::unfold((listener, places), move |(listener, places)| async move {
        let place = places.clone().acquire_owned().await.ok()?;
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream,
                Err(error) => {
                    tracing::warn!(%error, "a gRPC connection cannot be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        };
        let connection = Connection::new(stream, bounds.silence, place);
        Some((connection, (listener, places)))
    })
}

impl Connection {
    fn new(stream: TcpStream, silence: Duration, place: OwnedSemaphorePermit) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let given_up = Box::pin(tokio::time::sleep(silence));
        Ok(Self { stream, silence, given_up, _place: place })
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            let until = Instant::now() + self.silence;
            self.given_up.as_mut().reset(until);
            return read;
        }
        self.given_up.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, StreamExt as _};
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn listening(bounds: Bounds) -> (SocketAddr, impl Stream<Item = io::Result<Connection>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener.local_addr().unwrap(), accept(listener, bounds))
    }

    #[tokio::test]
    async fn a_connection_more_than_there_may_be_waits_until_another_ends() {
        let (address, accepted) = listening(Bounds { connections: 2, silence: Duration::from_mins(1) }).await;
        let mut accepted = Box::pin(accepted);
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let first = accepted.next().await.unwrap().unwrap();
        let _second = accepted.next().await.unwrap().unwrap();
        assert!(accepted.next().now_or_never().is_none());
        drop(first);
        assert!(accepted.next().await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_connection_on_which_nothing_arrives_is_given_up() {
        let (address, accepted) =
            listening(Bounds { connections: 2, silence: Duration::from_millis(50) }).await;
        let mut accepted = Box::pin(accepted);
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = accepted.next().await.unwrap().unwrap();
        client.write_all(b"x").await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), b'x');
        let silent = connection.read_u8().await.unwrap_err();
        assert_eq!(silent.kind(), io::ErrorKind::TimedOut);
    }
}
