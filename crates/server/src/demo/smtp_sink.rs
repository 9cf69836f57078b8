//! An SMTP server for one machine (RFC 5321): it takes whatever a client submits, keeps it in memory and
//! lets a test or the demo wait for it. Nothing is relayed.
//!
//! Limits: 32 connections, 100 recipients, 1 MiB a message, 10,000 messages, 60 s of silence.

use super::mail::Mail;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

const CONNECTIONS_MAX: usize = 32;
const RECIPIENTS_MAX: usize = 100;
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
const MESSAGES_MAX: usize = 10_000;
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// RFC 5321 §4.5.3.1.4 says 512 octets for a command; extensions such as SMTPUTF8 add some.
const COMMAND_BYTES_MAX: usize = 1024;
/// RFC 5321 §4.5.3.1.6, CRLF and the doubled dot included.
const TEXT_LINE_BYTES_MAX: usize = 1001;

/// A running sink; it stops when dropped.
pub struct SmtpSink {
    address: SocketAddr,
    kept: Arc<Kept>,
    accepting: JoinHandle<()>,
}

/// The awaited mail has not come in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such mail came within {waited_ms} ms; {kept} others did")]
pub struct NoMail {
    /// How long was waited.
    pub waited_ms: u128,
    /// Mails in the sink by then.
    pub kept: usize,
}

#[derive(Default)]
struct Kept {
    mails: Mutex<Vec<Mail>>,
    count: watch::Sender<usize>,
}

impl SmtpSink {
    /// Listens on a free port of the loopback interface.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let kept = Arc::new(Kept::default());
        let accepting = tokio::spawn(accept(listener, kept.clone()));
        Ok(Self { address, kept, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The form mail settings take, without TLS: `smtp://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// All mails, in the order of their final dot.
    pub fn mails(&self) -> Vec<Mail> {
        self.kept.lock().clone()
    }

    /// Mails that were sent to an address, oldest first; letter case does not count.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.is_to(address)).collect()
    }

    /// Waits until an address has been sent its `nth` mail (counted from 1) and gives that mail.
    pub async fn wait_for(&self, address: &str, nth: usize, patience: Duration) -> Result<Mail, NoMail> {
        let pick = |mails: &[Mail]| {
            mails.iter().filter(|mail| mail.is_to(address)).nth(nth.saturating_sub(1)).cloned()
        };
        self.wait_until(pick, patience).await
    }

    /// Waits until a condition over all mails gives something.
    pub async fn wait_until<T>(
        &self,
        condition: impl Fn(&[Mail]) -> Option<T>,
        patience: Duration,
    ) -> Result<T, NoMail> {
        let mut count = self.kept.count.subscribe();
        let found = timeout(patience, async {
            loop {
                count.borrow_and_update();
                if let Some(found) = condition(&self.kept.lock()) {
                    return found;
                }
                if count.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        });
        let none = |_| NoMail { waited_ms: patience.as_millis(), kept: self.kept.lock().len() };
        found.await.map_err(none)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Kept {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Mail>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False when the sink is full.
    fn keep(&self, mail: Mail) -> bool {
        let mut mails = self.lock();
        if mails.len() == MESSAGES_MAX {
            return false;
        }
        mails.push(mail);
        self.count.send_replace(mails.len());
        true
    }
}

async fn accept(listener: TcpListener, kept: Arc<Kept>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut sessions = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while sessions.try_join_next().is_some() {}
        let kept = kept.clone();
        sessions.spawn(async move {
            // A peer that hangs up mid-way has only cut its own connection.
            drop(Session::serve(stream, &kept).await);
            drop(place);
        });
    }
}

struct Session<'a> {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    kept: &'a Kept,
    greeted: bool,
    envelope: Option<Envelope>,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

enum Line {
    Text(Vec<u8>),
    TooLong,
    Closed,
}

impl<'a> Session<'a> {
    async fn serve(stream: TcpStream, kept: &'a Kept) -> io::Result<()> {
        // lettre writes the final dot apart; with Nagle's delay each mail would take 44 ms.
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut session =
            Session { reader: BufReader::new(reader), writer, kept, greeted: false, envelope: None };
        session.say("220 sink.localhost ESMTP ready").await?;
        loop {
            let line = match timeout(SILENCE_MAX, session.line(COMMAND_BYTES_MAX)).await {
                Err(_) => return session.say("421 4.4.2 silent for too long").await,
                Ok(line) => line?,
            };
            match line {
                Line::Closed => return Ok(()),
                Line::TooLong => return session.say("500 5.5.2 line too long").await,
                Line::Text(line) => {
                    if session.obey(&String::from_utf8_lossy(&line)).await?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn obey(&mut self, line: &str) -> io::Result<std::ops::ControlFlow<()>> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.greet();
                self.say("250-sink.localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING").await?;
                self.say(&format!("250 SIZE {MESSAGE_BYTES_MAX}")).await?;
            }
            "HELO" => {
                self.greet();
                self.say("250 sink.localhost").await?;
            }
            "MAIL" => self.mail(rest).await?,
            "RCPT" => self.recipient(rest).await?,
            "DATA" => return self.data().await,
            "RSET" => {
                self.envelope = None;
                self.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.say("250 2.0.0 here").await?,
            "VRFY" => self.say("252 2.1.5 send and see").await?,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                return Ok(std::ops::ControlFlow::Break(()));
            }
            _ => self.say("500 5.5.1 unknown command").await?,
        }
        Ok(std::ops::ControlFlow::Continue(()))
    }

    fn greet(&mut self) {
        self.greeted = true;
        self.envelope = None;
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        if !self.greeted || self.envelope.is_some() {
            return self.say("503 5.5.1 not now").await;
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return self.say("501 5.5.4 expected MAIL FROM:<address>").await;
        };
        let size = parameters.split_ascii_whitespace().find_map(|parameter| parameter.strip_prefix("SIZE="));
        if size.and_then(|size| size.parse::<usize>().ok()).is_some_and(|size| size > MESSAGE_BYTES_MAX) {
            return self.say("552 5.3.4 message too large").await;
        }
        self.envelope = Some(Envelope { from: from.to_owned(), to: Vec::new() });
        self.say("250 2.1.0 sender taken").await
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<()> {
        let to = path(rest, "TO:").map(|(to, _)| to).filter(|to| !to.is_empty());
        let reply = match (&mut self.envelope, to) {
            (None, _) => "503 5.5.1 MAIL first",
            (Some(_), None) => "501 5.5.4 expected RCPT TO:<address>",
            (Some(envelope), Some(_)) if envelope.to.len() == RECIPIENTS_MAX => {
                "452 4.5.3 too many recipients"
            }
            (Some(envelope), Some(to)) => {
                envelope.to.push(to.to_owned());
                "250 2.1.5 recipient taken"
            }
        };
        self.say(reply).await
    }

    async fn data(&mut self) -> io::Result<std::ops::ControlFlow<()>> {
        let Some(envelope) = self.envelope.take_if(|envelope| !envelope.to.is_empty()) else {
            self.say("503 5.5.1 RCPT first").await?;
            return Ok(std::ops::ControlFlow::Continue(()));
        };
        self.say("354 end with a dot on a line of its own").await?;
        let mut raw = Vec::new();
        let mut too_large = false;
        loop {
            let line = match timeout(SILENCE_MAX, self.line(TEXT_LINE_BYTES_MAX)).await {
                Ok(Ok(Line::Text(line))) => line,
                Ok(Ok(Line::TooLong)) => {
                    self.say("500 5.5.2 line too long").await?;
                    return Ok(std::ops::ControlFlow::Break(()));
                }
                Ok(Ok(Line::Closed)) | Err(_) => return Ok(std::ops::ControlFlow::Break(())),
                Ok(Err(error)) => return Err(error),
            };
            if line == b"." {
                break;
            }
            // RFC 5321 §4.5.2: a leading dot was doubled by the sender.
            let text = line.strip_prefix(b".").unwrap_or(&line);
            too_large |= raw.len() + text.len() + 2 > MESSAGE_BYTES_MAX;
            if !too_large {
                raw.extend_from_slice(text);
                raw.extend_from_slice(b"\r\n");
            }
        }
        let reply = if too_large {
            "552 5.3.4 message too large"
        } else if self.kept.keep(Mail { from: envelope.from, to: envelope.to, raw }) {
            "250 2.0.0 kept"
        } else {
            "452 4.3.1 the sink is full"
        };
        self.say(reply).await?;
        Ok(std::ops::ControlFlow::Continue(()))
    }

    /// One line without its CRLF. Only CRLF ends a line (RFC 5321 §2.3.8), so that a bare line feed can't
    /// smuggle a second message in.
    async fn line(&mut self, limit: usize) -> io::Result<Line> {
        let mut line = Vec::new();
        loop {
            let room = limit.saturating_sub(line.len());
            if room == 0 {
                return Ok(Line::TooLong);
            }
            let read = (&mut self.reader).take(room as u64).read_until(b'\n', &mut line).await?;
            if read == 0 {
                return Ok(Line::Closed);
            }
            if line.ends_with(b"\r\n") {
                line.truncate(line.len() - 2);
                return Ok(Line::Text(line));
            }
        }
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.writer.write_all(format!("{reply}\r\n").as_bytes()).await
    }
}

/// `FROM:<path> parameters` → (path, parameters); the keyword in any case.
fn path<'l>(rest: &'l str, keyword: &str) -> Option<(&'l str, &'l str)> {
    let (head, tail) = rest.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    tail.trim_start().strip_prefix('<')?.split_once('>')
}

#[cfg(test)]
mod tests;
