use crate::install;
use portal_tests::{Anonymous, Api, process::Server};
use serde_json::json;
use server::demo::smtp_sink::SmtpSink;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::task::JoinHandle;

const ROUNDS: usize = 3;
const WRITERS: usize = 6;
const ACKNOWLEDGED_BEFORE_THE_CUT: usize = 30;

/// What the clients know, kept outside the data directory: (writer, name) → ID that was acknowledged.
type Oracle = Arc<Mutex<BTreeMap<(usize, String), String>>>;

/// One developer a writer, so that writers meet in the log only.
async fn vendors(server: &Server, sink: &SmtpSink) -> Vec<String> {
    let mut tokens = Vec::new();
    for writer in 0..WRITERS {
        let email = format!("writer{writer}@vendor.example");
        let vendor = Anonymous::new(server.api(), sink).becomes_vendor(&email).await;
        tokens.push(vendor.api.token().expect("signed in").to_owned());
    }
    tokens
}

fn begin_writing(server: &Server, tokens: &[String], oracle: &Oracle, round: usize) -> Vec<JoinHandle<()>> {
    let writers = tokens.iter().enumerate().map(|(writer, token)| {
        tokio::spawn(write_until_cut(server.api().with_token(token), oracle.clone(), round, writer))
    });
    writers.collect()
}

/// Registers one integration after the other until the server is gone.
async fn write_until_cut(api: Api, oracle: Oracle, round: usize, writer: usize) {
    for n in 0.. {
        let name = format!("Round {round} Number {n}");
        let body = json!({ "name": name, "kinds": ["rest"] });
        let Some(answer) = api.post("/v1/integrations", &body).attempt().await else { return };
        answer.must_be(201);
        oracle.lock().expect("no writer panics").insert((writer, name), answer.text("/id"));
    }
}

/// Fails when something acknowledged is not there, or a session has gone.
async fn all_is_there(server: &Server, tokens: &[String], oracle: &Oracle) {
    let known = oracle.lock().expect("no writer panics").clone();
    for ((writer, name), id) in &known {
        let api = server.api().with_token(&tokens[*writer]);
        assert_eq!(api.get(&format!("/v1/integrations/{id}")).expect(200).await.text("/name"), *name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_acknowledged_survives_being_killed_in_the_middle_of_writing() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let mut server = installation.serve().await;
    let tokens = vendors(&server, &sink).await;
    let oracle = Oracle::default();
    for round in 0..ROUNDS {
        let before = oracle.lock().expect("no writer panics").len();
        let writers = begin_writing(&server, &tokens, &oracle, round);
        portal_tests::until("enough is acknowledged", async || {
            oracle.lock().expect("no writer panics").len() >= before + ACKNOWLEDGED_BEFORE_THE_CUT
        })
        .await;
        server.kill();
        for writer in writers {
            writer.await.expect("a writer ends when the server is gone");
        }
        server = installation.serve().await;
        all_is_there(&server, &tokens, &oracle).await;
    }
    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
    let check = installation.run(&["log", "check"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_repeated_after_a_restart_finds_itself() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let server = installation.serve().await;
    let ada = Anonymous::new(server.api(), &sink).becomes_vendor("ada@vendor.example").await;
    let token = ada.api.token().expect("signed in").to_owned();
    let body = json!({ "name": "Once", "kinds": ["rest"] });
    let first = ada.api.post("/v1/integrations", &body).once("the-key").expect(201).await;
    server.kill();
    let server = installation.serve().await;
    let api = server.api().with_token(&token);
    let again = api.post("/v1/integrations", &body).once("the-key").expect(201).await;
    assert!(again.is_replay());
    assert_eq!((first.text("/id"), first.position()), (again.text("/id"), again.position()));
    assert_eq!(again.body["credentials"]["secret_lost"], true);
    let other = json!({ "name": "Other", "kinds": ["rest"] });
    api.post("/v1/integrations", &other).once("the-key").refused(422, "idempotency.key_reused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_finishes_what_it_has_begun_and_then_ends_well() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let server = installation.serve().await;
    let tokens = vendors(&server, &sink).await;
    let oracle = Oracle::default();
    let writers = begin_writing(&server, &tokens, &oracle, 0);
    portal_tests::until("something is acknowledged", async || {
        oracle.lock().expect("no writer panics").len() >= 10
    })
    .await;
    let stopped = tokio::task::spawn_blocking(|| server.terminate());
    for writer in writers {
        writer.await.expect("a writer ends when the server is gone");
    }
    let (status, log) = stopped.await.expect("it stops");
    assert!(status.success(), "{log}");
    let server = installation.serve().await;
    all_is_there(&server, &tokens, &oracle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_model_kept_over_restarts_equals_one_built_from_the_log() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    for round in 0..2 {
        let server = installation.serve().await;
        let email = format!("vendor{round}@vendor.example");
        let vendor = Anonymous::new(server.api(), &sink).becomes_vendor(&email).await;
        let release = vendor.ready_release(&format!("Company{round}")).await;
        vendor.submit(&release).await.must_be(200);
        let (status, log) = server.terminate();
        assert!(status.success(), "{log}");
    }
    portal_tests::read_model_equals_one_built_anew(&installation.data_dir()).await;
}
