//! Does a contact address really receive mail? Asked in layers, each of which can end the check:
//!
//! ```text
//! contact (syntax, policy, IDN) ─► route (MX, aliases, implicit MX) ─► globality (only global addresses)
//!                                                                        │
//!            finding ◄─ judge (replies to a reason) ◄─ smtp (bounded) ◄─ dial (exactly what was filtered)
//! ```
//!
//! What comes out is a hint with evidence, never a proof: a server that says 250 takes responsibility for a mail,
//! it does not say that anybody reads it (RFC 5321, 6.1). Proof is a code that comes back, and that is somebody
//! else's part. So trouble on the way never becomes a permanent verdict.
//!
//! What comes back of mail is a part of its own that needs no resolver: [`dsn`] makes return paths and reads delivery
//! reports, [`inbound`] takes them from a folder or over SMTP.
//!
//! Everything is bounded ([`Limits`]), nothing is logged, and names, addresses and what servers said leave this crate
//! only in the [`Finding`]. Resolver, dialler, randomness and time come from the caller.

pub mod check;
pub mod contact;
pub mod dial;
pub mod dns;
pub mod dsn;
pub mod flag;
pub mod globality;
pub mod history;
pub mod inbound;
mod judge;
pub mod limits;
pub mod reason;
mod route;
mod smtp;
pub mod verdict;

pub use check::{Checker, Identity, InvalidIdentity, Occasion};
pub use contact::Contact;
pub use dial::{Dial, Port25};
pub use dns::{Resolver, ResolverError};
pub use flag::Flag;
pub use globality::GlobalAddress;
pub use limits::Limits;
pub use reason::Reason;
pub use smtp::tls::Roots;
pub use verdict::{Evidence, Finding, Signals, Stage, Verdict};
