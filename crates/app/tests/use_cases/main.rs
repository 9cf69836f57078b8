//! Use cases over a log in memory, side state in a scratch file and a clock that is moved by hand.
#![expect(clippy::unwrap_used, reason = "a gesture that fails ends the test")]

mod allowances;
mod bench;
mod contact_checks;
mod contacts;
mod deadlines;
mod door;
mod gateways;
mod groups;
mod housekeeping;
mod integrations;
mod notices;
mod outcome;
mod promotion;
mod replay;
mod sessions;
mod sign_up;
mod sites;
mod usage;
