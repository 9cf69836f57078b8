//! The way into the outbox: rows of side state, sealed, because they hold addresses.

use super::{MailIntent, MailKind, Wish};
use crate::{
    AppError,
    clock::Clock,
    ids::Ids,
    keyring::{BoundKeys, Fingerprinted, TransientError},
    side_state::{Budget, QueuedMail, SideState, SideStateError},
};
use chrono::{DateTime, Utc};
use domain::{
    address::{self, Address},
    claim::ClaimKey,
    ids::{IntentId, ProdAccountId, SignUpId},
    sealed::Fingerprint,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Notify;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const ROW: &str = "mail";

/// Queues mails. Cheap to clone; all clones wake the same worker.
#[derive(Clone)]
pub struct Outbox {
    side: SideState,
    keys: BoundKeys,
    ids: Ids,
    clock: Clock,
    queued: Arc<Notify>,
}

/// What a row holds. Without `Debug`.
#[derive(Serialize, Deserialize)]
pub(super) enum Queued {
    /// From side state: nothing is in the log before the address is proven.
    SignUp(SignUpMail),
    /// From the log.
    Wish(Wish),
}

/// A mail about a sign-up.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct SignUpMail {
    /// Where it goes.
    pub(super) to: String,
    /// Fingerprint of the address; the code is bound to it.
    #[zeroize(skip)]
    pub(super) address: Fingerprint,
    /// The address has an account already.
    #[zeroize(skip)]
    pub(super) known: bool,
    /// BCP 47.
    #[zeroize(skip)]
    pub(super) locale: String,
}

impl Queued {
    fn kind(&self) -> MailKind {
        match self {
            Self::SignUp(mail) if mail.known => MailKind::AddressAlreadyKnown,
            Self::SignUp(_) => MailKind::SignUpCode,
            Self::Wish(wish) => wish.kind(),
        }
    }
}

/// A sign-up whose address gets a mail.
pub struct SignUpRecipient<'a> {
    /// The sign-up; the mail's intent has the same UUID.
    pub sign_up: SignUpId,
    /// The address as typed.
    pub to: &'a Address,
    /// Its fingerprint.
    pub address: Fingerprint,
    /// BCP 47.
    pub locale: &'a str,
    /// When the sign-up ends.
    pub expires_at: DateTime<Utc>,
}

/// What mails to an address are counted under: its tags lead to one mailbox.
pub(super) fn counted(keys: &BoundKeys, address: &str) -> Fingerprint {
    keys.fingerprint(Fingerprinted::Address, &address::mailbox(&address.to_ascii_lowercase()))
}

/// The claim on a mailbox whose reader wants no codes.
pub(crate) fn unwanted(keys: &BoundKeys, address: &str) -> ClaimKey {
    ClaimKey::Unwanted(counted(keys, address))
}

impl Outbox {
    /// Queues into this side state.
    pub fn new(side: SideState, keys: BoundKeys, ids: Ids, clock: Clock) -> Self {
        Self { side, keys, ids, clock, queued: Arc::default() }
    }

    /// Queues the code that proves a sign-up's address. An address that had its three mails of the day gets
    /// none, and nobody is told.
    pub async fn enqueue_sign_up_code(&self, recipient: &SignUpRecipient<'_>) -> Result<(), SideStateError> {
        self.enqueue_sign_up(recipient, false).await
    }

    /// Queues, in place of the code, the notice that the address has an account; counted alike.
    pub async fn enqueue_already_known(&self, recipient: &SignUpRecipient<'_>) -> Result<(), SideStateError> {
        self.enqueue_sign_up(recipient, true).await
    }

    async fn enqueue_sign_up(
        &self,
        recipient: &SignUpRecipient<'_>,
        known: bool,
    ) -> Result<(), SideStateError> {
        let queued = Queued::SignUp(SignUpMail {
            to: recipient.to.reveal(),
            address: recipient.address,
            known,
            locale: recipient.locale.to_owned(),
        });
        let intent = IntentId::from_uuid(recipient.sign_up.uuid());
        let now = self.clock.now();
        let mail = self.row(intent, &queued, None, recipient.expires_at);
        let address = counted(&self.keys, &recipient.to.reveal());
        self.side.enqueue_within_budget(&mail, address, Budget::Stranger, now).await?;
        self.queued.notify_one();
        Ok(())
    }

    /// The row of a wish in the log.
    pub(super) fn row_of(&self, intent: &MailIntent) -> QueuedMail {
        let queued = Queued::Wish(intent.wish);
        self.row(intent.intent, &queued, Some(intent.cause), intent.expires_at)
    }

    /// What a row holds.
    pub(super) fn open(&self, mail: &QueuedMail) -> Result<Queued, TransientError> {
        let clear = self.keys.open_transient(ROW, mail.intent.uuid().as_bytes(), &mail.payload)?;
        serde_json::from_slice(&clear).map_err(|_| TransientError)
    }

    /// Whose contact a mail that waits is for, if it is for one.
    pub(crate) async fn contact_of(&self, intent: IntentId) -> Result<Option<ProdAccountId>, AppError> {
        let Some(mail) = self.side.queued_mail(intent).await? else { return Ok(None) };
        Ok(match self.open(&mail).map_err(AppError::unavailable)? {
            Queued::Wish(wish) => wish.contact_of(),
            Queued::SignUp(_) => None,
        })
    }

    /// Returns when a sign-up queued a mail.
    pub(super) async fn queued(&self) {
        self.queued.notified().await;
    }

    #[expect(clippy::expect_used, reason = "ids, texts and fingerprints always have a JSON form")]
    fn row(
        &self,
        intent: IntentId,
        queued: &Queued,
        cause: Option<uuid::Uuid>,
        expires_at: DateTime<Utc>,
    ) -> QueuedMail {
        let clear = Zeroizing::new(serde_json::to_vec(queued).expect("it has a JSON form"));
        QueuedMail {
            intent,
            kind: queued.kind().name().to_owned(),
            payload: self.keys.seal_transient(&self.ids, ROW, intent.uuid().as_bytes(), &clear),
            cause,
            is_sent: false,
            attempts: 0,
            due_at: self.clock.now(),
            expires_at,
        }
    }
}
