//! One session with one client.

use super::{
    super::{Handler, NotTaken, hand_on},
    COMMANDS_MAX, DRAINED_BYTES_MAX, Door, REFUSALS_MAX, SESSION_TIME,
    command::{Command, Unfit, check_parameters},
    lines::{Broken, Lines},
};
use crate::dsn::{DsnError, MAIL_BYTES_MAX};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

/// Time for the last words.
const FAREWELL: Duration = Duration::from_secs(2);

/// Holds a session to its end, [`SESSION_TIME`] at the latest.
pub(super) async fn hold<H: Handler>(stream: impl AsyncRead + AsyncWrite + Unpin, door: &Door<H>) {
    let mut session = Session {
        lines: Lines::new(stream),
        door,
        is_greeted: false,
        mail: None,
        refusals_left: REFUSALS_MAX,
    };
    let last_words = match timeout(SESSION_TIME, session.through()).await {
        Ok(Ok(()) | Err(Broken::Dropped)) => None,
        Ok(Err(Broken::BareNewline)) => Some("550 5.5.2 Lines end with CRLF"),
        Ok(Err(Broken::LongLine)) => Some("500 5.5.2 Line too long"),
        Ok(Err(Broken::LongMail)) => Some("552 5.3.4 Mail too big"),
        Err(_) => Some("421 4.4.2 Session too long"),
    };
    if let Some(words) = last_words {
        session.lines.say(words);
    }
    timeout(FAREWELL, session.lines.close()).await.ok();
}

struct Session<'a, S, H> {
    lines: Lines<S>,
    door: &'a Door<H>,
    is_greeted: bool,
    mail: Option<Mail>,
    refusals_left: usize,
}

/// A mail that has a sender, and a recipient once one was good.
#[derive(Default)]
struct Mail {
    recipient: Option<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin, H: Handler> Session<'_, S, H> {
    async fn through(&mut self) -> Result<(), Broken> {
        self.lines.say(&format!("220 {} ESMTP", self.door.host));
        for _ in 0..COMMANDS_MAX {
            let line = self.lines.next().await?;
            match Command::parse(&line) {
                Command::Quit => {
                    self.lines.say("221 2.0.0 Bye");
                    return Ok(());
                }
                Command::Data => self.data().await?,
                Command::Rcpt { recipient, parameters } => self.recipient(recipient, parameters),
                command => self.simple(&command),
            }
            if self.refusals_left == 0 {
                break;
            }
        }
        self.lines.say("421 4.7.0 Too much of that");
        Ok(())
    }

    fn simple(&mut self, command: &Command<'_>) {
        match command {
            Command::Ehlo => self.hello(true),
            Command::Helo => self.hello(false),
            Command::Mail { parameters } => self.sender(parameters),
            Command::Rset => {
                self.mail = None;
                self.lines.say("250 2.0.0 Forgotten");
            }
            Command::Noop => self.lines.say("250 2.0.0 Fine"),
            Command::Vrfy => self.lines.say("252 2.5.2 Send a mail and see"),
            Command::Malformed => self.refuse("501 5.5.4 Not understood"),
            Command::Unavailable => self.refuse("502 5.5.1 Not available here"),
            _ => self.refuse("500 5.5.2 No such command"),
        }
    }

    fn refuse(&mut self, reply: &str) {
        self.refusals_left = self.refusals_left.saturating_sub(1);
        self.lines.say(reply);
    }

    fn hello(&mut self, is_extended: bool) {
        self.is_greeted = true;
        self.mail = None;
        let host = &self.door.host;
        if !is_extended {
            return self.lines.say(&format!("250 {host}"));
        }
        let size = format!("250-SIZE {MAIL_BYTES_MAX}");
        for line in [&format!("250-{host}"), "250-PIPELINING", &size, "250-8BITMIME", "250-SMTPUTF8"] {
            self.lines.say(line);
        }
        self.lines.say("250 ENHANCEDSTATUSCODES");
    }

    fn sender(&mut self, parameters: &str) {
        if !self.is_greeted || self.mail.is_some() {
            return self.refuse("503 5.5.1 Not now");
        }
        match check_parameters(parameters, MAIL_BYTES_MAX) {
            Ok(()) => {
                self.mail = Some(Mail::default());
                self.lines.say("250 2.1.0 Go on");
            }
            Err(Unfit::TooBig) => self.refuse("552 5.3.4 Mail too big"),
            Err(Unfit::Unknown) => self.refuse("555 5.5.4 Parameter not offered"),
        }
    }

    fn recipient(&mut self, recipient: &str, parameters: &str) {
        match &mut self.mail {
            None => self.refuse("503 5.5.1 Not now"),
            Some(Mail { recipient: Some(_) }) => self.refuse("452 4.5.3 One recipient a mail"),
            Some(_) if !parameters.is_empty() => self.refuse("555 5.5.4 Parameter not offered"),
            Some(mail) => match self.door.paths.verify(recipient) {
                Ok(_) => {
                    mail.recipient = Some(recipient.to_owned());
                    self.lines.say("250 2.1.5 Go on");
                }
                Err(why) => {
                    self.door.handler.ignored(why.into());
                    self.refuse("550 5.1.1 No such recipient");
                }
            },
        }
    }

    async fn data(&mut self) -> Result<(), Broken> {
        let Some(recipient) = self.mail.as_mut().and_then(|mail| mail.recipient.take()) else {
            self.refuse("503 5.5.1 No recipient");
            return Ok(());
        };
        self.mail = None;
        self.lines.say("354 End with CRLF.CRLF");
        let Some(mail) = self.body().await? else {
            self.door.handler.ignored(DsnError::TooBig);
            self.refuse("552 5.3.4 Mail too big");
            return Ok(());
        };
        match hand_on(&mail, &recipient, &self.door.paths, &*self.door.handler).await {
            Ok(_) => self.lines.say("250 2.0.0 Taken"),
            Err(NotTaken) => self.lines.say("451 4.3.0 Come again later"),
        }
        Ok(())
    }

    /// The mail, its dots unstuffed (RFC 5321, 4.5.2); `None` when it was too big.
    async fn body(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let mut mail = Vec::new();
        let mut bytes = 0_usize;
        loop {
            let line = self.lines.next().await?;
            if line == b"." {
                return Ok((bytes <= MAIL_BYTES_MAX).then_some(mail));
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            bytes += line.len() + 2;
            if bytes <= MAIL_BYTES_MAX {
                mail.extend_from_slice(line);
                mail.extend_from_slice(b"\r\n");
            } else if bytes > DRAINED_BYTES_MAX {
                self.door.handler.ignored(DsnError::TooBig);
                return Err(Broken::LongMail);
            } else {
                mail = Vec::new();
            }
        }
    }
}
