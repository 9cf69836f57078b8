//! Handing a mail to whoever sends it: the operator's relay, or a list in memory that tests read.

use super::{Senders, smtp::SmtpMailer};
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use domain::{ids::IntentId, prodaccount::Sender};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// A mail ready to be sent. Without `Debug`: it holds address and code.
#[derive(Clone)]
pub struct Mail {
    /// Names it in its return path.
    pub intent: IntentId,
    /// Who it comes from.
    pub sender: Sender,
    /// Without angle brackets; the same for every attempt to send this mail.
    pub message_id: String,
    /// Where it goes.
    pub to: Secret<String>,
    /// Subject, from the catalogue.
    pub subject: &'static str,
    /// Plain text.
    pub text: Secret<String>,
    /// The same as HTML.
    pub html: Secret<String>,
    /// When this attempt was made.
    pub date: DateTime<Utc>,
}

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub enum Mailer {
    /// To a relay, by SMTP.
    Smtp(SmtpMailer),
    /// To a list in memory.
    Memory(MemoryMailer),
}

/// Why no mailer can be made. Never quotes the relay's URL, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// Not a URL of a relay.
    #[error("the relay is given as smtp://host:port or smtps://host:port, with user:password@ where needed")]
    Url,
    /// Not a sender.
    #[error("the sender is given as name@domain or Words <name@domain>")]
    From,
}

/// Why a mail was not taken. Replies of servers quote addresses, so only their codes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It will never be taken.
    #[error("refused for good ({})", code.unwrap_or_default())]
    Permanent {
        /// Reply code, when a server said so.
        code: Option<u16>,
    },
    /// It may be taken later.
    #[error("not taken now ({})", code.unwrap_or_default())]
    Transient {
        /// Reply code, when a server said so.
        code: Option<u16>,
    },
}

impl Mailer {
    /// A mailer for a relay. `url` is `smtp://user:pass@host:port` (`?tls=required` for STARTTLS) or
    /// `smtps://…`.
    pub fn smtp(url: &Secret<String>, senders: Senders) -> Result<Self, MailerError> {
        SmtpMailer::new(url, senders).map(Self::Smtp)
    }

    /// A mailer into memory.
    pub fn memory() -> (Self, MemoryMailer) {
        let memory = MemoryMailer::default();
        (Self::Memory(memory.clone()), memory)
    }

    /// The domain of a sender: the right part of each Message-ID.
    pub fn domain(&self, sender: Sender) -> &str {
        match self {
            Self::Smtp(smtp) => smtp.domain(sender),
            Self::Memory(_) => "portal.test",
        }
    }

    /// Hands a mail over; taken when Ok.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Memory(memory) => memory.send(mail).await,
        }
    }
}

/// Keeps mails in memory, and fails as told.
#[derive(Clone, Default)]
pub struct MemoryMailer(Arc<Memory>);

#[derive(Default)]
struct Memory {
    taken: Mutex<Vec<Mail>>,
    next: Mutex<VecDeque<Next>>,
    calls: watch::Sender<usize>,
}

enum Next {
    Fail(SendError),
    TakeAndHang,
}

impl MemoryMailer {
    /// The next mail that is not yet told otherwise fails like this.
    pub fn fail_next(&self, error: SendError) {
        self.next().push_back(Next::Fail(error));
    }

    /// The next mail is taken, but the answer never comes: as when the process dies at that moment.
    pub fn hang_after_next(&self) {
        self.next().push_back(Next::TakeAndHang);
    }

    /// Mails taken, oldest first.
    pub fn taken(&self) -> Vec<Mail> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns once so many sends have been tried, failed ones included.
    pub async fn tried(&self, count: usize) {
        let mut calls = self.0.calls.subscribe();
        if calls.wait_for(|calls| *calls >= count).await.is_err() {
            // The sender lives in `self`.
            std::future::pending::<()>().await;
        }
    }

    fn next(&self) -> MutexGuard<'_, VecDeque<Next>> {
        self.0.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let next = self.next().pop_front();
        let outcome = match next {
            Some(Next::Fail(error)) => Err(error),
            Some(Next::TakeAndHang) | None => {
                self.0.taken.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
                Ok(())
            }
        };
        self.0.calls.send_modify(|calls| *calls += 1);
        if let Some(Next::TakeAndHang) = next {
            std::future::pending::<()>().await;
        }
        outcome
    }
}
