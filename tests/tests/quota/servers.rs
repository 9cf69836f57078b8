//! Whole servers, each with a door of its own, that count in one PostgreSQL.

use portal_tests::{
    Anonymous, Api, Request,
    postgres::Postgres,
    process::{Installation, Server},
};
use serde_json::json;
use server::demo::smtp_sink::SmtpSink;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-under-test");
const NODES: usize = 5;
const CLIENTS_EACH: usize = 4;
const LIMIT: u32 = 400;

fn ask<'a>(api: &'a Api, gateway: &str, secret: &str) -> Request<'a> {
    let request = api.get("/gateway/authorize").header("Portal-Gateway", gateway);
    request.header("Authorization", &format!("Bearer {secret}"))
}

/// Calls until the refusal is final: nothing lies idle elsewhere. Returns how many passed.
async fn exhaust(server: &Server, gateway: &str, secret: &str) -> u32 {
    let mut passed = 0;
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    loop {
        let answer = ask(&server.api(), gateway, secret).send().await;
        let retry_after = answer.header("retry-after").and_then(|text| text.parse::<u32>().ok());
        match (answer.status, retry_after) {
            (200, _) => passed += 1,
            (429, Some(seconds)) if seconds > 60 => return passed,
            (429 | 503, _) => drop(pause.tick().await),
            (status, _) => panic!("{status}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_five_doors_exactly_n_calls_pass_and_a_killed_node_forfeits_a_hundredth_at_most() {
    let postgres = Postgres::start();
    let sink = SmtpSink::start().await.expect("a sink");
    let first = Installation::new(PROGRAM, sink.url())
        .with(&format!("policy.development_calls={LIMIT}"))
        .with(&format!("quota.ledger={}", postgres.url()));
    let access = first.enrol();
    let server = first.serve().await;
    let gateway = server.gateway(&access).await;
    let ada = Anonymous::new(server.api(), &sink).becomes_vendor("ada@vendor.example").await;
    let secret = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    let secret = secret.text("/credentials/secret");
    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
    // The log is one node's own here; what the nodes share is the ledger.
    let nodes: Vec<Installation> = (0..NODES).map(|_| first.copied()).collect();
    let mut servers = portal_tests::all(nodes.iter().map(Installation::serve)).await;

    let killed = servers.pop().expect("five");
    let one = exhaust_a_little(&killed, &gateway, &secret).await;
    killed.kill();
    servers.push(nodes[NODES - 1].serve().await);
    let clients = servers.iter().flat_map(|server| {
        let (gateway, secret) = (&gateway, &secret);
        (0..CLIENTS_EACH).map(move |_| exhaust(server, gateway, secret))
    });
    let passed: u32 = one + portal_tests::all(clients).await.into_iter().sum::<u32>();
    let slice = LIMIT / 100;
    assert!((LIMIT - slice..=LIMIT).contains(&passed), "{passed} of {LIMIT} passed");
    for server in servers {
        let (status, log) = server.terminate();
        assert!(status.success(), "{log}");
    }
}

/// A few calls, so that a slice is leased.
async fn exhaust_a_little(server: &Server, gateway: &str, secret: &str) -> u32 {
    for _ in 0..2 {
        ask(&server.api(), gateway, secret).expect(200).await;
    }
    2
}
