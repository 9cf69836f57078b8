//! A mail server that does as its script says, and answers as a good one would where the script is silent.

use crate::{
    certificates::{Authority, Kind},
    journal::Journal,
    script::Host,
    stage::Step,
};
use std::{
    future::pending,
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// Longest command taken (RFC 5321, 4.5.3.1.4), with room for SMTPUTF8.
const COMMAND_BYTES_MAX: usize = 1_024;

/// One mail server.
pub(crate) struct Server {
    pub(crate) address: IpAddr,
    /// Its name, as its certificate has it.
    pub(crate) name: String,
    /// The address it is asked about.
    pub(crate) recipient: String,
    pub(crate) script: Host,
    pub(crate) authority: Arc<Authority>,
    pub(crate) journal: Arc<Journal>,
    /// What seconds are divided by.
    pub(crate) hurry: u32,
    /// Made when first needed, because keys take longer than conversations.
    pub(crate) acceptors: Mutex<Vec<(Kind, TlsAcceptor)>>,
}

trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

/// One conversation.
struct Talk<'a> {
    server: &'a Server,
    stream: Box<dyn Bytes>,
    /// Which conversation of the host's it is, from 1.
    number: usize,
    waiting: Vec<u8>,
    encrypted: bool,
}

/// Whether a conversation goes on.
enum Then {
    Next,
    End,
}

impl Server {
    /// Plays until the other side goes or the script ends it.
    pub(crate) async fn play(&self, stream: TcpStream) {
        let (number, _visit) = self.journal.came(self.address);
        if self.script.at_most.is_some_and(|most| number > most) {
            self.journal.complain(format!("{} ({}) was dialled {number} times", self.address, self.name));
        }
        let resets = self.script.steps.values().flatten().any(|step| *step == Step::Reset);
        // A reset is what closing without lingering is.
        if resets && stream.set_zero_linger().is_err() {
            self.journal.complain("cannot set a socket to reset".to_owned());
        }
        let stream = Box::new(stream);
        let mut talk = Talk { server: self, stream, number, waiting: Vec::new(), encrypted: false };
        // That a client goes in the middle is its right.
        talk.through().await.ok();
    }

    /// The steps for a moment of the n-th conversation: those that begin to count latest.
    fn steps(&self, moment: &str, number: usize) -> Option<&[Step]> {
        (1..=number)
            .rev()
            .find_map(|from| self.script.steps.get(&(moment.to_owned(), from)))
            .map(Vec::as_slice)
    }

    async fn pause(&self, seconds: u64) {
        timeout(Duration::from_secs(seconds) / self.hurry, pending::<()>()).await.ok();
    }

    fn acceptor(&self, kind: Kind) -> TlsAcceptor {
        let mut acceptors = self.acceptors.lock().expect("no panic under it");
        if let Some((_, made)) = acceptors.iter().find(|(of, _)| *of == kind) {
            return made.clone();
        }
        let made = self.authority.acceptor(kind, &self.name);
        acceptors.push((kind, made.clone()));
        made
    }

    fn offers_tls(&self) -> bool {
        self.script.steps.keys().any(|(moment, _)| moment == "starttls")
    }
}

impl Talk<'_> {
    async fn through(&mut self) -> io::Result<()> {
        if let Then::End = self.act("greeting", "220 farm ESMTP\r\n").await? {
            return Ok(());
        }
        while let Some(line) = self.command().await? {
            if let Then::End = self.answer(&line).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn answer(&mut self, line: &str) -> io::Result<Then> {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let starttls = self.server.offers_tls() && !self.encrypted;
                let offers = [("STARTTLS", starttls), ("SMTPUTF8", self.server.script.utf8)];
                let mut text = "250-farm\r\n250-SIZE 10485760\r\n".to_owned();
                text.extend(offers.iter().filter(|(_, on)| *on).map(|(what, _)| format!("250-{what}\r\n")));
                text.push_str("250 HELP\r\n");
                self.act("ehlo", &text).await
            }
            "HELO" => self.act("helo", "250 farm\r\n").await,
            "STARTTLS" => self.act("starttls", "502 5.5.1 no\r\n").await,
            "MAIL" => self.act("mail", "250 2.1.0 ok\r\n").await,
            "RCPT" => self.recipient(line).await,
            "RSET" => self.act("rset", "250 2.0.0 ok\r\n").await,
            "QUIT" => {
                self.act("quit", "221 2.0.0 bye\r\n").await?;
                Ok(Then::End)
            }
            _ => {
                self.server.journal.complain(format!("{}: {verb} was said", self.server.address));
                self.say(b"500 5.5.1 what?\r\n").await
            }
        }
    }

    async fn recipient(&mut self, line: &str) -> io::Result<Then> {
        let recipient =
            line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(to, _)| to);
        // The domain may have been put into ASCII; the name before it must come byte for byte.
        let name = |address: &'_ str| address.rsplit_once('@').map(|(name, _)| name.to_owned());
        if name(recipient) == name(&self.server.recipient) {
            self.act("rcpt", "250 2.1.5 ok\r\n").await
        } else if recipient.starts_with("postmaster@") {
            self.act("postmaster", "250 2.1.5 ok\r\n").await
        } else {
            self.act("control", "550 5.1.1 no such user\r\n").await
        }
    }

    async fn act(&mut self, moment: &str, otherwise: &str) -> io::Result<Then> {
        let server = self.server;
        let Some(steps) = server.steps(moment, self.number) else {
            return self.say(otherwise.as_bytes()).await;
        };
        for step in steps {
            if let Then::End = self.step(step).await? {
                return Ok(Then::End);
            }
        }
        Ok(Then::Next)
    }

    async fn step(&mut self, step: &Step) -> io::Result<Then> {
        match step {
            Step::Say(bytes) => return self.say(bytes).await,
            Step::Drip(seconds, bytes) => {
                for byte in bytes {
                    self.server.pause(*seconds).await;
                    self.say(&[*byte]).await?;
                }
            }
            Step::Flood(bytes) => loop {
                self.say(bytes).await?;
            },
            Step::Noise(length) => {
                let noise: Vec<u8> =
                    (0..=255_u8).rev().map(|byte| byte.wrapping_mul(151)).cycle().take(*length).collect();
                self.say(&noise).await?;
            }
            Step::Wait(seconds) => self.server.pause(*seconds).await,
            Step::Hang => {
                // Whatever is said, until nothing more can be.
                while self.stream.read(&mut [0; 256]).await? > 0 {}
                return Ok(Then::End);
            }
            // Longer than anybody waits for a reply, and shorter than a conversation may be.
            Step::Deaf => {
                self.server.pause(60).await;
                return Ok(Then::End);
            }
            Step::HalfClose => self.stream.shutdown().await?,
            Step::Drop | Step::Reset => return Ok(Then::End),
            Step::Tls(kind) => {
                self.say(b"220 2.0.0 go ahead\r\n").await?;
                return self.encrypt(*kind).await;
            }
            Step::Handshake(kind) => return self.encrypt(*kind).await,
        }
        Ok(Then::Next)
    }

    async fn encrypt(&mut self, kind: Kind) -> io::Result<Then> {
        let acceptor = self.server.acceptor(kind);
        let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(acceptor.accept(plain).await?);
        self.encrypted = true;
        Ok(Then::Next)
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<Then> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(Then::Next)
    }

    /// The next line, complained about where it is not as RFC 5321 has it.
    async fn command(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.waiting.drain(..=end).collect();
                self.server.journal.hear(&line);
                if !line.ends_with(b"\r\n") || line[..line.len() - 2].contains(&b'\r') {
                    self.server.journal.complain(format!("{}: a bare line end", self.server.address));
                }
                if line.len() > COMMAND_BYTES_MAX {
                    self.server.journal.complain(format!("{}: a long line", self.server.address));
                }
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            let mut chunk = [0; 512];
            match self.stream.read(&mut chunk).await? {
                0 => return Ok(None),
                read => self.waiting.extend_from_slice(&chunk[..read]),
            }
        }
    }
}
