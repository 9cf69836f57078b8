//! What has been counted is counted, whatever becomes of the process.

use crate::install;
use app::clock::Clock;
use portal_tests::{Anonymous, Answer, Api, process::Server};
use serde_json::json;
use server::demo::{journeys::staff::Access, smtp_sink::SmtpSink};

const STAFF: &str = "approver@portal.example";

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

/// The lines that `staff add` prints: `password …`, `authenticator …`.
fn access(printed: &str) -> Access {
    let word = |name: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}")).trim().to_owned()
    };
    Access { password: word("password"), otpauth: word("authenticator") }
}

async fn begin(server: &Server, sink: &SmtpSink, access: &Access) -> Caller {
    let totp = access.code(Clock::System.now()).expect("a code");
    let body = json!({ "email": STAFF, "password": access.password, "totp": totp });
    let token = server.api().post("/v1/staff/sessions", &body).expect(201).await.text("/token");
    let staff = server.api().with_token(&token);
    let made = staff.post("/v1/staff/gateways", &json!({ "name": "Frankfurt" })).expect(201).await;
    let ada = Anonymous::new(server.api(), sink).becomes_vendor("ada@vendor.example").await;
    let quiz = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    Caller { gateway: made.text("/issued/credential"), secret: quiz.text("/credentials/secret") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_count_and_a_kill_forfeits_a_hundredth_at_most() {
    let sink = SmtpSink::start().await.expect("a sink");
    let installation = install(&sink);
    let args = ["staff", "add", "--email", STAFF, "--name", "Grace", "--role", "approver"];
    let added = installation.run(&args);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let server = installation.serve().await;
    let caller = begin(&server, &sink, &access(&String::from_utf8_lossy(&added.stdout))).await;
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
