//! Lines to and from a server, plain or under TLS, within the limits of a conversation.

use super::{
    reply::{Builder, Reply},
    tls::{self, Certificate},
};
use crate::{limits::Limits, reason::Reason};
use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};

/// Why a conversation cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Timeout,
    /// Closed or reset.
    Dropped,
    /// What was said is no SMTP, or too much.
    Protocol,
}

impl Broken {
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Timeout => Reason::Timeout,
            Self::Dropped => Reason::Dropped,
            Self::Protocol => Reason::Protocol,
        }
    }
}

/// A way for bytes to and fro.
pub(crate) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

/// One connection.
pub(crate) struct Wire<'a> {
    stream: Box<dyn Bytes>,
    /// Read and not yet part of a reply.
    waiting: Vec<u8>,
    /// Bytes read since the connection was made.
    heard: usize,
    until: Instant,
    limits: &'a Limits,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(stream: impl Bytes + 'static, until: Instant, limits: &'a Limits) -> Self {
        Self { stream: Box::new(stream), waiting: Vec::new(), heard: 0, until, limits }
    }

    /// The session's end comes sooner from now on.
    pub(crate) fn hasten(&mut self, until: Instant) {
        self.until = self.until.min(until);
    }

    /// Says one line and hears the reply.
    pub(crate) async fn ask(&mut self, line: &str) -> Result<Reply, Broken> {
        // A reply before its command would be taken for the answer to another one. A server that says it is
        // leaving may say so at any time (RFC 5321, 3.8).
        if !self.waiting.is_empty() && !self.waiting.starts_with(b"421") {
            return Err(Broken::Protocol);
        }
        let deadline = self.deadline();
        let said = async {
            self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout_at(deadline, said).await {
            // What the server said before it closed is still to be heard.
            Ok(_) => self.reply_by(deadline).await,
            Err(_) => Err(Broken::Timeout),
        }
    }

    /// Hears a reply nobody asked for: the greeting.
    pub(crate) async fn reply(&mut self) -> Result<Reply, Broken> {
        self.reply_by(self.deadline()).await
    }

    async fn reply_by(&mut self, deadline: Instant) -> Result<Reply, Broken> {
        let mut builder = Builder::default();
        loop {
            let line = self.line(deadline).await?;
            if let Some(reply) = builder.take(&line, self.limits).map_err(|_| Broken::Protocol)? {
                return Ok(reply);
            }
        }
    }

    /// A line without its end. A bare LF ends one too: tolerated when heard, never said.
    async fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, Broken> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                if end >= self.limits.line_bytes {
                    return Err(Broken::Protocol);
                }
                let mut line: Vec<u8> = self.waiting.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.waiting.len() >= self.limits.line_bytes || self.heard >= self.limits.session_bytes {
                return Err(Broken::Protocol);
            }
            let mut chunk = [0; 1_024];
            match timeout_at(deadline, self.stream.read(&mut chunk)).await {
                Ok(Ok(0) | Err(_)) => return Err(Broken::Dropped),
                Ok(Ok(read)) => {
                    self.heard += read;
                    self.waiting.extend_from_slice(&chunk[..read]);
                }
                Err(_) => return Err(Broken::Timeout),
            }
        }
    }

    /// Goes on under TLS. What was heard before is forgotten with the plain connection; bytes that wait already are
    /// somebody's attempt to have them taken for what is said under TLS, and end it.
    pub(crate) async fn encrypt(self, tls: &tls::Client, host: &str) -> Result<(Self, Certificate), Broken> {
        if !self.waiting.is_empty() {
            return Err(Broken::Protocol);
        }
        let deadline = self.deadline();
        let Self { stream, heard, until, limits, .. } = self;
        match timeout_at(deadline, tls.handshake(host, stream)).await {
            Ok(Ok((stream, certificate))) => {
                let stream = Box::new(stream);
                Ok((Self { stream, waiting: Vec::new(), heard, until, limits }, certificate))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(Broken::Protocol),
            Ok(Err(_)) => Err(Broken::Dropped),
            Err(_) => Err(Broken::Timeout),
        }
    }

    fn deadline(&self) -> Instant {
        self.until.min(Instant::now() + self.limits.reply)
    }
}
