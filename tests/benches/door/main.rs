//! The door over HTTP beside what it can't do without, and beside a counter in Redis, in alternating rounds of
//! one run. Server, peers and load share the machine; the load is made by wrk with 64 kept connections.
//!
//! `cargo bench -p portal-tests --bench door -- [--json] [--rounds N] [--groups N]`
//! Rates are requests a second (more is better); rows named p99 are microseconds (less is better).

#![expect(clippy::unwrap_used, reason = "a bench ends where it fails and prints figures")]

mod load;
mod peers;
mod portal;

use load::{Load, Measured};
use portal::Served;
use portal_tests::bench::{Options, Row, alternate};
use std::env;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("hello") => return peers::hello(),
        Some("counter") => return peers::counter(&args[1]),
        _ => {}
    }
    let options = Options::parse(2_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let served = runtime.block_on(Served::start(options.groups));
    run(&options, &served);
}

/// What the door is measured beside: its name, what it is sent, and where.
type Peer<'a> = (&'static str, Load<'a>, String);

fn run(options: &Options, served: &Served) {
    let hello = peers::Peer::hello();
    let redis = peers::Redis::start();
    let counter = peers::Peer::counter(&redis.address());
    let [plain, asked] = [Load::plain(), Load::with(&served.script)];
    let door = |path: &str| format!("{}{path}", served.base);
    let (bare, full) = (door("/gateway/auth-request"), door("/gateway/authorize"));
    let rows: [(&str, &String, Peer<'_>); 4] = [
        ("auth-request, no body", &bare, ("empty actix handler, 204", plain, hello.url("/empty"))),
        ("authorize, 200", &full, ("actix hello, JSON", plain, hello.url("/hello"))),
        ("authorize, 200, same headers", &full, ("actix hello, JSON", asked, hello.url("/hello"))),
        ("auth-request, no body", &bare, ("actix and one Redis INCR", asked, counter.url("/count"))),
    ];
    // Every pool leases its first slice.
    asked.measure(&bare);
    for (name, url, (peer_name, load, peer)) in rows {
        let rounds = alternate(options.rounds, || asked.measure(url), || load.measure(&peer));
        let groups = options.groups;
        let row = |what: &str, of: fn(&Measured) -> f64| Row {
            name: format!("{name}, {what}, {groups} groups"),
            peer_name,
            rounds: rounds.iter().map(|(ours, peer)| (of(ours), of(peer))).collect(),
        };
        row("requests/s", |measured| measured.rate).print(options);
        row("p99 us", |measured| measured.p99_us).print(options);
    }
    Row {
        name: "auth-request, no body, requests/s".to_owned(),
        peer_name: "redis-benchmark INCR, 64 connections",
        rounds: vec![(asked.measure(&bare).rate, redis.benchmark())],
    }
    .print(options);
}
