//! What has been counted is counted, whatever becomes of the process.

use crate::install;
use portal_tests::{Anonymous, Answer, Api, process::Server};
use serde_json::json;
use server::demo::{journeys::staff::Access, smtp_sink::SmtpSink};

/// What a gateway calls with.
struct Caller {
    gateway: String,
    secret: String,
}

impl Caller {
    async fn call(&self, api: &Api, cost: u32) -> Answer {
        let request = api.get("/gateway/authorize").header("Portal-Gateway", &self.gateway);
        let request = request.header("Authorization", &format!("Bearer {}", self.secret));
        request.header("Portal-Cost", &cost.to_string()).send().await
    }

    /// Units left before this call, by its answer.
    async fn left(&self, server: &Server) -> u32 {
        let answer = self.call(&server.api(), 1).await;
        answer.must_be(200);
        let left = answer.header("x-rate-limit-remaining").and_then(|text| text.parse::<u32>().ok());
        left.expect("a number") + 1
    }
}

async fn begin(server: &Server, sink: &SmtpSink, access: &Access) -> Caller {
    let gateway = server.gateway(access).await;
    let ada = Anonymous::new(server.api(), sink).becomes_vendor("ada@vendor.example").await;
    let quiz = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    Caller { gateway, secret: quiz.text("/credentials/secret") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_count_and_a_kill_forfeits_a_hundredth_at_most() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let access = installation.enrol();
    let server = installation.serve().await;
    let caller = begin(&server, &sink, &access).await;
    caller.call(&server.api(), 7_000).await.must_be(200);
    assert_eq!(caller.left(&server).await, 3_000);

    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
    let server = installation.serve().await;
    assert_eq!(caller.left(&server).await, 2_999, "a clean stop gives everything back");

    server.kill();
    let server = installation.serve().await;
    let left = caller.left(&server).await;
    assert!((2_898..=2_998).contains(&left), "{left}");
    caller.call(&server.api(), left).await.must_be(429);
    caller.call(&server.api(), left - 1).await.must_be(200);
    caller.call(&server.api(), 1).await.must_be(429);
}
