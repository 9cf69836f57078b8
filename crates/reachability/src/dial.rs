//! How connections are made: to an address that passed the filter, on the port for mail, and to nothing else.

use crate::globality::GlobalAddress;
use std::{future::Future, io};
use tokio::net::TcpStream;

/// The port of SMTP between hosts (RFC 5321, 4.5.4.2).
pub const PORT: u16 = 25;

/// Makes connections. There is one in production; tests where no network namespace may be made have another.
pub trait Dial: Send + Sync {
    /// Connects to exactly this address. The caller limits the time.
    fn dial(&self, to: GlobalAddress) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

/// Connects to port 25 of the address.
#[derive(Debug, Clone, Copy, Default)]
pub struct Port25;

impl Dial for Port25 {
    async fn dial(&self, to: GlobalAddress) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((to.ip(), PORT)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
