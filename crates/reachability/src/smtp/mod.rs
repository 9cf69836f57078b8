//! One conversation with one server: greeting, EHLO, STARTTLS if offered, MAIL, RCPT, controls, RSET, QUIT. Never
//! DATA, so no mail is ever sent from here.

pub(crate) mod reply;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
mod wire;

use crate::{
    flag::Flag,
    judge::{self, Judged},
    limits::Limits,
    reason::Reason,
    verdict::Stage,
};
use reply::Reply;
use std::collections::BTreeSet;
use tls::Certificate;
use tokio::time::Instant;
use wire::{Broken, Bytes, Wire};

/// What is asked of a server.
pub(crate) struct Question<'a> {
    /// How we call ourselves.
    pub(crate) helo: &'a str,
    /// The sender, a mailbox that really takes bounces.
    pub(crate) sender: &'a str,
    /// The address asked about.
    pub(crate) recipient: &'a str,
    /// Whether the address needs SMTPUTF8.
    pub(crate) utf8: bool,
    /// Its domain, for the controls.
    pub(crate) domain: &'a str,
    /// A local part nobody has.
    pub(crate) nobody: &'a str,
    /// None: stay plain.
    pub(crate) tls: Option<&'a tls::Client>,
    /// Name of the server, as certificates have it.
    pub(crate) host: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) reason: Reason,
    pub(crate) stage: Stage,
    /// The reply that decided.
    pub(crate) reply: Option<Reply>,
    pub(crate) flags: BTreeSet<Flag>,
    pub(crate) tls: bool,
    /// TLS was tried and broke; worth one more connection without (RFC 7435).
    pub(crate) tls_broke: bool,
}

/// How a conversation ended before it had an answer.
enum End {
    Said(Reason, Reply),
    Without(Reason),
    Broke(Broken),
    TlsBroke(Broken),
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        Self::Broke(broken)
    }
}

/// Asks. Ends at `until` whatever the server does.
pub(crate) async fn converse(
    stream: impl Bytes + 'static,
    question: &Question<'_>,
    until: Instant,
    limits: &Limits,
) -> Heard {
    let wire = Some(Wire::new(stream, until, limits));
    let mut talk = Talk { wire, question, stage: Stage::Greeting, flags: BTreeSet::new(), tls: false };
    let ended = talk.through().await;
    if !matches!(ended, Err(End::Broke(_) | End::TlsBroke(_))) {
        talk.farewell(Instant::now() + limits.farewell).await;
    }
    let tls_broke = matches!(ended, Err(End::TlsBroke(_)));
    let (reason, reply) = match ended {
        Ok((reason, reply)) | Err(End::Said(reason, reply)) => (reason, Some(reply)),
        Err(End::Without(reason)) => (reason, None),
        Err(End::Broke(broken) | End::TlsBroke(broken)) => (broken.reason(), None),
    };
    Heard { reason, stage: talk.stage, reply, flags: talk.flags, tls: talk.tls, tls_broke }
}

struct Talk<'a> {
    /// Gone when a handshake failed.
    wire: Option<Wire<'a>>,
    question: &'a Question<'a>,
    stage: Stage,
    flags: BTreeSet<Flag>,
    tls: bool,
}

/// What a server says it can do.
#[derive(Default)]
struct Abilities {
    starttls: bool,
    smtputf8: bool,
}

impl<'a> Talk<'a> {
    async fn through(&mut self) -> Result<(Reason, Reply), End> {
        let greeting = self.wire()?.reply().await?;
        if let Some(reason) = judge::greeting(&greeting) {
            return Err(End::Said(reason, greeting));
        }
        let mut abilities = self.hello().await?;
        if let Some(client) = self.question.tls.filter(|_| abilities.starttls)
            && self.start_tls(client).await?
        {
            abilities = self.hello().await?;
        }
        let Question { sender, recipient, utf8, .. } = *self.question;
        if utf8 && !abilities.smtputf8 {
            return Err(End::Without(Reason::NeedsSmtpUtf8));
        }
        self.stage = Stage::Sender;
        let parameter = if utf8 { " SMTPUTF8" } else { "" };
        let reply = self.wire()?.ask(&format!("MAIL FROM:<{sender}>{parameter}")).await?;
        if let Some(reason) = judge::sender(&reply) {
            return Err(End::Said(reason, reply));
        }
        self.stage = Stage::Recipient;
        let reply = self.recipient(recipient).await?;
        let reason = match judge::recipient(&reply) {
            Judged::Is(reason) => reason,
            Judged::Bare => self.asked_for_the_postmaster().await,
        };
        if matches!(reason, Reason::Taken | Reason::Forwarded) && self.takes_anybody().await {
            self.flags.insert(Flag::CatchAll);
        }
        Ok((reason, reply))
    }

    fn wire(&mut self) -> Result<&mut Wire<'a>, Broken> {
        self.wire.as_mut().ok_or(Broken::Dropped)
    }

    /// EHLO, or HELO where that is unknown (RFC 5321, 3.2).
    async fn hello(&mut self) -> Result<Abilities, End> {
        self.stage = Stage::Hello;
        let name = self.question.helo;
        let reply = self.wire()?.ask(&format!("EHLO {name}")).await?;
        if reply.is_positive() {
            let has = |keyword: &str| {
                reply.lines.iter().skip(1).any(|line| {
                    let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
                    word.eq_ignore_ascii_case(keyword.as_bytes())
                })
            };
            return Ok(Abilities { starttls: has("STARTTLS"), smtputf8: has("SMTPUTF8") });
        }
        if !judge::knows_no_ehlo(&reply) {
            return Err(End::Said(judge::hello(&reply), reply));
        }
        let reply = self.wire()?.ask(&format!("HELO {name}")).await?;
        if reply.is_positive() {
            Ok(Abilities::default())
        } else {
            Err(End::Said(judge::hello(&reply), reply))
        }
    }

    /// Whether the conversation goes on under TLS now. A server that offers it and then refuses stays plain.
    async fn start_tls(&mut self, client: &tls::Client) -> Result<bool, End> {
        self.stage = Stage::StartTls;
        let reply = self.wire()?.ask("STARTTLS").await.map_err(End::TlsBroke)?;
        if reply.code != 220 {
            self.flags.insert(Flag::BrokenTls);
            return if reply.code == 421 { Err(End::Said(Reason::Busy, reply)) } else { Ok(false) };
        }
        let wire = self.wire.take().ok_or(Broken::Dropped)?;
        match wire.encrypt(client, self.question.host).await {
            Ok((wire, certificate)) => {
                self.wire = Some(wire);
                self.tls = true;
                if certificate == Certificate::Unsound {
                    self.flags.insert(Flag::BrokenTls);
                }
                Ok(true)
            }
            Err(broken) => {
                self.flags.insert(Flag::BrokenTls);
                Err(End::TlsBroke(broken))
            }
        }
    }

    async fn recipient(&mut self, address: &str) -> Result<Reply, Broken> {
        self.wire()?.ask(&format!("RCPT TO:<{address}>")).await
    }

    /// A refusal without a reason: every host that takes mail at all takes it for the postmaster (RFC 5321, 4.5.1), so
    /// one who is refused as well is refused for who asks.
    async fn asked_for_the_postmaster(&mut self) -> Reason {
        match self.recipient(&format!("postmaster@{}", self.question.domain)).await {
            Ok(reply) if reply.is_positive() => Reason::NoMailbox,
            Ok(reply) if reply.code >= 500 => Reason::Policy,
            _ => Reason::Ambiguous,
        }
    }

    /// Whether a mailbox that cannot exist is taken as well. Asked after the address itself, so that a server that
    /// minds is minding too late to change what it said (Outlook and others do).
    async fn takes_anybody(&mut self) -> bool {
        let nobody = format!("{}@{}", self.question.nobody, self.question.domain);
        matches!(self.recipient(&nobody).await, Ok(reply) if matches!(reply.code, 250 | 251))
    }

    /// RSET and QUIT. Whatever comes of them, the verdict stands.
    async fn farewell(&mut self, until: Instant) {
        if let Some(wire) = &mut self.wire {
            wire.hasten(until);
            if self.stage >= Stage::Sender && wire.ask("RSET").await.is_err() {
                return;
            }
            wire.ask("QUIT").await.ok();
        }
    }
}
