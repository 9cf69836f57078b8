//! Does a contact address really receive mail? Syntax, policy, DNS, address filter, a bounded SMTP prober of our
//! own, and a verdict with evidence.

pub mod dsn;
pub mod inbound;
