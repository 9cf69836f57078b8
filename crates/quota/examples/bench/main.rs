//! How much a decision costs beside what it can't do without, and beside a limiter that forgets, in the same
//! run, in alternating rounds.
//!
//! `cargo run --release -p quota --example bench -- quota [--json] [--rounds N] [--groups N]`
//! Every row is one measurement. Rates are decisions a second (more is better); `ratio` is ours to the
//! peer's. Rows in ns, bytes or per mille are less-is-better and say so in their name.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends where it fails and prints figures"
)]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod decisions;
mod ledger;
mod rows;

use std::env;

/// What the command line asks for.
struct Options {
    is_json: bool,
    rounds: usize,
    groups: u64,
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let value = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        args.get(place + 1)?.parse::<u64>().ok()
    };
    let options = Options {
        is_json: args.iter().any(|arg| arg == "--json"),
        rounds: usize::try_from(value("--rounds").unwrap_or(7)).unwrap(),
        groups: value("--groups").unwrap_or(100_000),
    };
    ledger::run(&options);
    decisions::run(&options);
}
