//! The contact mailbox of a production account: declared, challenged, proven from two senders, watched, and due
//! again.
//!
//! ```text
//!            first code                second code (a sender it could not expect)
//! pending ──────────────► proven ────────────────────────────────────────────────► proven, good for production
//!                            │  one bounce, or a check that finds no mail there
//!                            ▼
//!                        degraded ── again ──► ends in the days of grace ──► withdrawn    (a new code ends all this)
//! ```

mod contacts;
mod facts;
mod prove;
mod state;
#[cfg(test)]
mod tests;
mod watch;

pub use contacts::{ASKED_MAX, Asked, Contacts, Proof, Standing, Trouble};
pub use facts::{
    BounceCause, CheckVerdict, Consequence, ContactBounced, ContactChallengeRequested, ContactChecked,
    ContactDeclared, ContactDisowned, ContactInput, ContactProofDue, ContactProofEnded, ContactProven,
    EndCause, Sender, Signals,
};
pub(super) use prove::{confirm, declare, declared, disown, renew, request_challenge};
pub use state::{ContactState, REMINDER_DAYS, RENEWAL_DAYS};
pub(super) use watch::{end_proof, record_bounce, record_check};
