//! Lines from a client and replies to it.

use super::LINE_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Why nothing more is heard of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Closed or reset.
    Dropped,
    /// LF without CR before it.
    BareNewline,
    /// Over [`LINE_BYTES_MAX`].
    LongLine,
    /// So far over what a mail may have that its end is not waited for.
    LongMail,
}

/// One connection.
pub(super) struct Lines<S> {
    stream: S,
    /// Read and not yet part of a line: less than a line and what was read last.
    waiting: Vec<u8>,
    /// Said and not yet sent. Replies to commands that came together go together (RFC 2920).
    unsent: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, waiting: Vec::new(), unsent: Vec::new() }
    }

    /// The next line without its CRLF. What was said is sent before anything is waited for.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, Broken> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                if end >= LINE_BYTES_MAX {
                    return Err(Broken::LongLine);
                }
                let mut line: Vec<u8> = self.waiting.drain(..=end).collect();
                line.pop();
                return if line.pop() == Some(b'\r') { Ok(line) } else { Err(Broken::BareNewline) };
            }
            if self.waiting.len() >= LINE_BYTES_MAX {
                return Err(Broken::LongLine);
            }
            self.send().await?;
            let mut chunk = [0; 4_096];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return Err(Broken::Dropped),
                Ok(read) => self.waiting.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// Says one line.
    pub(super) fn say(&mut self, line: &str) {
        self.unsent.extend_from_slice(line.as_bytes());
        self.unsent.extend_from_slice(b"\r\n");
    }

    pub(super) async fn send(&mut self) -> Result<(), Broken> {
        let unsent = std::mem::take(&mut self.unsent);
        if !unsent.is_empty() {
            self.stream.write_all(&unsent).await.map_err(|_| Broken::Dropped)?;
            self.stream.flush().await.map_err(|_| Broken::Dropped)?;
        }
        Ok(())
    }

    /// Sends what was said and hangs up.
    pub(super) async fn close(&mut self) {
        if self.send().await.is_ok() {
            self.stream.shutdown().await.ok();
        }
    }
}
