//! What came back of mail: delivery reports (RFC 3464 in RFC 6522, and RFC 6533 for addresses beyond ASCII).
//!
//! Anybody can write a report. It counts only when it came to a return path that was made here ([`ReturnPaths`]), which
//! names the mail, and when it is about the address that mail went to ([`Report::about`]). Whatever the original mail
//! inside a report says counts for nothing; it is never looked into.
//!
//! Everything is bounded: bytes of a mail ([`MAIL_BYTES_MAX`]), parts (16), multiparts in multiparts (4), recipients
//! ([`RECIPIENTS_MAX`]), fields of each (64) and bytes of a field (4 KiB).

mod fields;
mod mime;
mod quoted;
mod recipient;
mod status;
mod verp;

pub use quoted::Quoted;
pub use recipient::Recipient;
pub use status::{Action, Class, Meaning, Status};
pub use verp::{InvalidBounceDomain, ReturnPaths, TokenError};

use domain::ids::IntentId;
use mime::Part;

/// Bytes of a mail that is read.
pub const MAIL_BYTES_MAX: usize = 1 << 20;
/// Recipients of one report; ours have one.
pub const RECIPIENTS_MAX: usize = 32;
/// Header fields of one name that are looked at for the envelope recipient.
const TRACES_MAX: usize = 16;
/// What delivering programs write the envelope recipient into, on top of a mail.
const TRACES: [&str; 3] = ["Delivered-To", "X-Original-To", "Envelope-To"];

/// Why a mail is no report on a mail of ours. Nothing of the mail stands in it, so it may be logged and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DsnError {
    /// The envelope recipient names no mail of ours.
    #[error("the envelope recipient names no mail of ours: {0}")]
    Unmatched(#[from] TokenError),
    /// Over [`MAIL_BYTES_MAX`].
    #[error("the mail is too big")]
    TooBig,
    /// More parts, or parts within parts, than a report has.
    #[error("the mail has too many parts")]
    TooManyParts,
    /// Over [`RECIPIENTS_MAX`].
    #[error("the report is about too many recipients")]
    TooManyRecipients,
    /// Written by a program in answer to ours: out of office, challenges, receipts of reading (RFC 3834, RFC 8098).
    /// Says nothing (situation V48).
    #[error("an automatic answer")]
    AutomaticAnswer,
    /// Any other mail.
    #[error("not a delivery report")]
    NotAReport,
    /// It calls itself one, and no recipient in it can be read.
    #[error("a delivery report without a readable recipient")]
    NoRecipient,
}

impl DsnError {
    /// A short constant name, for counting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unmatched(TokenError::NotOurs) => "not_ours",
            Self::Unmatched(TokenError::Malformed) => "malformed_token",
            Self::Unmatched(TokenError::Forged) => "forged_token",
            Self::TooBig => "too_big",
            Self::TooManyParts => "too_many_parts",
            Self::TooManyRecipients => "too_many_recipients",
            Self::AutomaticAnswer => "automatic_answer",
            Self::NotAReport => "not_a_report",
            Self::NoRecipient => "no_recipient",
        }
    }
}

/// A delivery report that came to a return path of ours. It is not yet known to be about the address the mail went to:
/// ask [`Report::about`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which mail it is about.
    pub intent: IntentId,
    /// What became of each recipient, at least one.
    pub recipients: Vec<Recipient>,
}

impl Report {
    /// What it says of an address, given as it was sent to; `None` when it is about other addresses. The local part is
    /// compared byte for byte, because only its host may say what equals what (RFC 5321, 2.4), the domain without regard
    /// to letter case or form (A-labels, U-labels). Where several groups are about the address, one that failed counts.
    pub fn about(&self, address: &str) -> Option<&Recipient> {
        let about = || self.recipients.iter().filter(|recipient| recipient.is(address));
        about().find(|recipient| recipient.action == Action::Failed).or_else(|| about().next())
    }
}

/// Reads a mail that came to `envelope_recipient` (RCPT TO, or what [`envelope_recipient`] finds). Any bytes may be
/// given.
pub fn read(mail: &[u8], paths: &ReturnPaths, envelope_recipient: &str) -> Result<Report, DsnError> {
    let intent = paths.verify(envelope_recipient)?;
    if mail.len() > MAIL_BYTES_MAX {
        return Err(DsnError::TooBig);
    }
    let parts = mime::parts(mail)?;
    let report = parts.iter().find(|part| part.is(&DELIVERY_STATUS));
    match (parts.first(), report) {
        (Some(whole), Some(report)) if whole.is(&["multipart/report"]) || is_report_inside(whole) => {
            Ok(Report { intent, recipients: recipients(report)? })
        }
        (Some(whole), _) if is_automatic(whole) => Err(DsnError::AutomaticAnswer),
        _ => Err(DsnError::NotAReport),
    }
}

/// The envelope recipient of a mail in a mailbox, from what delivering programs write on top of it: the first field
/// among `Delivered-To`, `X-Original-To` and `Envelope-To` that holds a return path of ours. Fields that strangers wrote
/// below do no harm: they would have to know the token.
pub fn envelope_recipient(mail: &[u8], paths: &ReturnPaths) -> Result<String, TokenError> {
    let header = Part::new(mail);
    let mut error = TokenError::NotOurs;
    for text in TRACES.iter().flat_map(|name| header.fields(name).take(TRACES_MAX)) {
        let address = text.trim_matches(['<', '>']);
        match paths.verify(address) {
            Ok(_) => return Ok(address.to_owned()),
            Err(TokenError::NotOurs) => {}
            Err(other) => error = other,
        }
    }
    Err(error)
}

const DELIVERY_STATUS: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];

/// Some servers and gateways wrap or retype the outer multipart, and leave its parameter.
fn is_report_inside(whole: &Part<'_>) -> bool {
    whole.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"))
}

/// Whether a program wrote it in answer to a mail. Reports of delivery call themselves so, too, and are told apart before.
fn is_automatic(mail: &Part<'_>) -> bool {
    let says = |name: &str, values: &[&str]| {
        let word = mail.field(name).and_then(|text| text.split([';', ' ', '\t', '\r', '\n']).next());
        word.is_some_and(|word| values.iter().any(|value| word.eq_ignore_ascii_case(value)))
    };
    let is_receipt = mail
        .parameter("report-type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("disposition-notification"));
    is_receipt
        || says("Auto-Submitted", &["auto-replied", "auto-generated", "auto-notified"])
        || says("Precedence", &["auto_reply", "bulk", "junk"])
        || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"]
            .iter()
            .any(|name| mail.field(name).is_some())
}

/// Fields of the mail and of each recipient are groups; a group that names no recipient is of the mail, wherever it
/// stands.
fn recipients(report: &Part<'_>) -> Result<Vec<Recipient>, DsnError> {
    let content = report.content();
    let groups = fields::groups(&String::from_utf8_lossy(&content), RECIPIENTS_MAX + 1);
    let recipients: Vec<_> = groups.iter().filter_map(Recipient::read).collect();
    match recipients.len() {
        0 => Err(DsnError::NoRecipient),
        1..=RECIPIENTS_MAX => Ok(recipients),
        _ => Err(DsnError::TooManyRecipients),
    }
}
