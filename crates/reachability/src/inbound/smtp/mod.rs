//! A small SMTP server (RFC 5321) that takes nothing but mail to return paths of ours, from whoever brings it.
//!
//! It belongs behind the operator's mail server, which routes the bounce domain to it. It knows no users and relays
//! nothing: whatever is not a return path that was made here is 550 5.1.1. A mail has one recipient (a second gets 452)
//! and is answered with 250 only when the [`Handler`] has taken it, else with 451. Bounds: [`SESSIONS_MAX`] sessions, each
//! of [`SESSION_TIME`], [`COMMANDS_MAX`] commands and [`REFUSALS_MAX`] refusals; lines of [`LINE_BYTES_MAX`] bytes; mails of
//! [`MAIL_BYTES_MAX`](crate::dsn::MAIL_BYTES_MAX) bytes. Only CRLF ends a line and only CRLF.CRLF a mail: who sends a bare
//! LF is hung up on, so that no two servers can see different mails in the same bytes.

mod command;
mod lines;
mod session;
#[cfg(test)]
mod tests;

use super::Handler;
use crate::dsn::ReturnPaths;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// Sessions at a time; the next one is told to come later (421).
pub const SESSIONS_MAX: usize = 32;
/// Time of one session, whatever it does.
pub const SESSION_TIME: Duration = Duration::from_mins(1);
/// Bytes of one line, its end included (RFC 5321, 4.5.3.1.6).
pub const LINE_BYTES_MAX: usize = 1_000;
/// Commands of one session.
pub const COMMANDS_MAX: usize = 200;
/// Recipients and commands of one session that are refused before it is ended.
pub const REFUSALS_MAX: usize = 10;
/// Bytes of a mail that is too big which are read, so that its sender hears why.
const DRAINED_BYTES_MAX: usize = 8 << 20;
/// Pause after a connection could not be taken, usually for want of file descriptors.
const BREATH: Duration = Duration::from_millis(200);
const BUSY: &[u8] = b"421 4.3.2 Too many sessions, come again later\r\n";

/// The name of this host is none in ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host name of the listener is letters, digits, dots and hyphens")]
pub struct InvalidHost;

/// Who stands at the door: name, return paths, and who takes what comes.
pub struct Door<H> {
    host: String,
    paths: ReturnPaths,
    handler: Arc<H>,
}

impl<H: Handler> Door<H> {
    /// `host` is what the greeting says; at most 253 bytes.
    pub fn new(host: &str, paths: ReturnPaths, handler: Arc<H>) -> Result<Self, InvalidHost> {
        let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if host.is_empty() || host.len() > 253 || !host.bytes().all(of_host) {
            return Err(InvalidHost);
        }
        Ok(Self { host: host.to_owned(), paths, handler })
    }

    /// Takes connections until `stop` is done. Sessions that are under way are hung up on then: their mails were not
    /// answered with 250 and come again.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let door = Arc::new(self);
        let mut sessions = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(_) = sessions.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if sessions.len() < SESSIONS_MAX => {
                        let door = Arc::clone(&door);
                        sessions.spawn(async move { session::hold(stream, &door).await });
                    }
                    // A new connection has room for a line; if not, the peer hears nothing, as it would of a crash.
                    Ok((stream, _)) => drop(stream.try_write(BUSY)),
                    Err(_) => tokio::time::sleep(BREATH).await,
                },
            }
        }
    }
}
