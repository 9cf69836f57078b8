//! How much a decision costs beside what it can't do without, and beside a limiter that forgets, in the same
//! run, in alternating rounds.
//!
//! `cargo bench -p portal-tests --bench quota -- [--json] [--rounds N] [--groups N]`
//! Every row is one measurement. Rates are decisions a second (more is better); `ratio` is ours to the
//! peer's. Rows in bytes or writes are less-is-better and say so in their name.

#![expect(clippy::unwrap_used, reason = "a bench ends where it fails")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod decisions;
mod ledger;

use portal_tests::bench::Options;

fn main() {
    let options = Options::parse(100_000);
    ledger::run(&options);
    decisions::run(&options);
}
