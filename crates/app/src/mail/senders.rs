//! Who mails come from, and where they come back to.

use super::mailer::MailerError;
use domain::{ids::IntentId, prodaccount::Sender};
use lettre::{Address, message::Mailbox};
use reachability::dsn::ReturnPaths;

/// What the local part of a rotated sender begins with.
const ROTATED: &str = "contact-";
/// Characters of the Message-ID that make a rotated sender one of its own: 60 bits nobody can foresee.
const ROTATED_CHARS: usize = 15;

/// The senders of a portal. A mail keeps the same one for every attempt to send it.
#[derive(Clone)]
pub struct Senders {
    usual: Mailbox,
    /// Where rotated senders are; none: at the domain of the usual one.
    second_domain: Option<String>,
    /// None: mails come back to their sender, and the portal hears nothing of it.
    paths: Option<ReturnPaths>,
}

/// Who one mail comes from.
pub(super) struct From {
    /// Shown.
    pub(super) mailbox: Mailbox,
    /// Where people's answers go, when it is not there.
    pub(super) reply_to: Option<Mailbox>,
    /// Where it comes back to.
    pub(super) return_path: Address,
}

impl Senders {
    /// The usual sender, with or without words before the address.
    pub fn new(usual: &str) -> Result<Self, MailerError> {
        let usual = usual.parse().map_err(|_| MailerError::From)?;
        Ok(Self { usual, second_domain: None, paths: None })
    }

    /// Rotated senders are at this domain.
    pub fn rotating_at(mut self, domain: &str) -> Result<Self, MailerError> {
        let is_domain = Address::new("contact", domain).is_ok();
        self.second_domain = Some(domain.to_owned()).filter(|_| is_domain);
        if is_domain { Ok(self) } else { Err(MailerError::From) }
    }

    /// Mails come back to these paths.
    #[must_use]
    pub fn returning_to(mut self, paths: ReturnPaths) -> Self {
        self.paths = Some(paths);
        self
    }

    /// The domain of a sender: the right part of each Message-ID.
    pub(super) fn domain(&self, sender: Sender) -> &str {
        match (sender, &self.second_domain) {
            (Sender::Rotated, Some(second)) => second,
            (Sender::Rotated | Sender::Usual, _) => self.usual.email.domain(),
        }
    }

    /// None when a rotated sender would be no address.
    pub(super) fn of(&self, sender: Sender, intent: IntentId, message_id: &str) -> Option<From> {
        let (mailbox, reply_to) = match sender {
            Sender::Usual => (self.usual.clone(), None),
            Sender::Rotated => {
                let own = message_id.get(..ROTATED_CHARS)?;
                let address = Address::new(format!("{ROTATED}{own}"), self.domain(sender)).ok()?;
                (Mailbox::new(self.usual.name.clone(), address), Some(self.usual.clone()))
            }
        };
        let return_path = match (&self.paths, sender) {
            (Some(paths), Sender::Usual) => paths.mint(intent).parse().ok()?,
            (Some(paths), Sender::Rotated) => paths.mint_rotated(intent).parse().ok()?,
            (None, _) => self.usual.email.clone(),
        };
        Some(From { mailbox, reply_to, return_path })
    }
}
