//! The door over HTTP beside what it can't do without, and beside a counter in Redis, in alternating rounds of
//! one run. Server, peers and load share the machine; the load is made by wrk with 64 kept connections.
//!
//! `cargo bench -p portal-tests --bench door -- [--json] [--rounds N] [--groups N]`
//! Rates are requests a second (more is better); rows named p99 are microseconds (less is better).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends where it fails and prints figures"
)]

mod load;
mod peers;
mod portal;

use load::{Load, Measured};
use portal::Served;
use std::env;

/// What the command line asks for.
struct Options {
    is_json: bool,
    rounds: usize,
    groups: usize,
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("hello") => return peers::hello(),
        Some("counter") => return peers::counter(&args[1]),
        _ => {}
    }
    let value = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        args.get(place + 1)?.parse::<usize>().ok()
    };
    let options = Options {
        is_json: args.iter().any(|arg| arg == "--json"),
        rounds: value("--rounds").unwrap_or(7),
        groups: value("--groups").unwrap_or(2_000),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let served = runtime.block_on(Served::start(options.groups));
    run(&options, &served);
}

/// One side of a row.
type Side<'a> = (&'a str, Load<'a>, String);

fn run(options: &Options, served: &Served) {
    let hello = peers::Peer::hello();
    let redis = peers::Redis::start();
    let counter = peers::Peer::counter(&redis.address());
    let [plain, asked] = [Load::plain(), Load::with(&served.script)];
    let door = |path: &str| format!("{}{path}", served.base);
    let rows: [(&str, Side<'_>, Side<'_>); 4] = [
        (
            "auth-request, no body",
            ("door", asked, door("/gateway/auth-request")),
            ("empty actix handler, 204", plain, hello.url("/empty")),
        ),
        (
            "authorize, 200",
            ("door", asked, door("/gateway/authorize")),
            ("actix hello, JSON", plain, hello.url("/hello")),
        ),
        (
            "authorize, 200, same headers",
            ("door", asked, door("/gateway/authorize")),
            ("actix hello, JSON", asked, hello.url("/hello")),
        ),
        (
            "auth-request, no body",
            ("door", asked, door("/gateway/auth-request")),
            ("actix and one Redis INCR", asked, counter.url("/count")),
        ),
    ];
    // Every pool leases its first slice.
    asked.measure(&door("/gateway/auth-request"));
    for (name, ours, peer) in rows {
        let rounds: Vec<(Measured, Measured)> = (0..options.rounds)
            .map(|round| {
                if round.is_multiple_of(2) {
                    let first = ours.1.measure(&ours.2);
                    (first, peer.1.measure(&peer.2))
                } else {
                    let first = peer.1.measure(&peer.2);
                    (ours.1.measure(&ours.2), first)
                }
            })
            .collect();
        let groups = options.groups;
        let figures = |of: fn(&Measured) -> f64| rounds.iter().map(|(a, b)| (of(a), of(b))).collect();
        print(options, &format!("{name}, requests/s, {groups} groups"), peer.0, figures(|m| m.rate));
        print(options, &format!("{name}, p99 us, {groups} groups"), peer.0, figures(|m| m.p99_us));
    }
    print(options, "redis-benchmark INCR, 64 connections, requests/s", "door, no body", {
        let ours = asked.measure(&door("/gateway/auth-request")).rate;
        vec![(redis.benchmark(), ours)]
    });
}

/// Prints medians: of ours, of the peer's, and of the rounds' ratios.
fn print(options: &Options, name: &str, peer_name: &str, rounds: Vec<(f64, f64)>) {
    let ours = median(rounds.iter().map(|(ours, _)| *ours));
    let peer = median(rounds.iter().map(|(_, peer)| *peer));
    let ratio = median(rounds.iter().map(|(ours, peer)| ours / peer));
    if options.is_json {
        println!(
            "{{\"name\":\"{name}\",\"ours\":{ours:.1},\"peer\":{peer:.1},\"peer_name\":\"{peer_name}\",\"ratio\":{ratio:.3}}}"
        );
    } else {
        println!("{name:<52} {ours:>12.1} {peer:>12.1}  {ratio:>6.3}  {peer_name}");
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
