//! Real processes on one PostgreSQL under kill -9, SIGSTOP, restarts, wall clocks that jump, and a database
//! that dies; the audit is made from the gateway's own log of what it let pass, and when.
//!
//! `cargo test -p portal-tests --test quota_torture -- [--rounds N] [--seed S] [--json]`. A round is a
//! schedule of its own, with windows of a few seconds; it ends with an audit of every window.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where it fails and says what it did"
)]

mod audit;
mod gateway;
mod node;
mod round;

use portal_tests::{Random, postgres::Postgres};
use round::{Outcome, Round};
use std::{env, time::Instant};

const ROUNDS: u64 = 3;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "node") {
        return node::run(&args[1..]);
    }
    if args.iter().any(|arg| arg == "--list") {
        return println!("quota: test");
    }
    let valued = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        Some(args.get(place + 1)?.parse().unwrap())
    };
    // The harness's arguments are not ours, but a filter that means another test is obeyed.
    let mut filters = args.iter().filter(|arg| arg.parse::<u64>().is_err() && !arg.starts_with('-'));
    if filters.clone().next().is_some() && !filters.any(|filter| "quota".contains(filter.as_str())) {
        return;
    }
    let seed = valued("--seed").unwrap_or_else(Random::new_seed);
    let rounds = valued("--rounds").unwrap_or(ROUNDS);
    let is_json = args.iter().any(|arg| arg == "--json");
    if !is_json {
        println!("quota: {rounds} rounds, seed {seed}");
    }
    let begun = Instant::now();
    let mut postgres = Postgres::start();
    let mut sum = Outcome::default();
    for number in 0..rounds {
        let outcome = Round::new(seed.wrapping_add(number), number).run(&mut postgres);
        if !is_json || !outcome.failures.is_empty() {
            eprintln!("round {number}: {outcome}");
        }
        sum.add(outcome);
    }
    drop(postgres);
    let (failures, seconds) = (sum.failures.len(), begun.elapsed().as_secs());
    let Outcome { admitted, limit, over, forfeited, .. } = sum;
    println!(
        r#"{{"name":"quota","rounds":{rounds},"admitted":{admitted},"limit":{limit},"over":{over},"forfeited":{forfeited},"failures":{failures},"seconds":{seconds}}}"#
    );
    if failures > 0 {
        eprintln!("seed {seed}: {failures} failures");
        std::process::exit(1);
    }
}
