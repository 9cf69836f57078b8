//! The HTTP surface in process: the real log, side state and read model in a folder of their own, mails in
//! memory, a clock that stands still.

mod access_log;
mod application;
mod commands;
mod door;
mod framework;
mod roles;

use crate::{
    config::{Config, Sources},
    middleware::edge,
    parts,
    portal::Portal,
    startup::wire,
};
use actix_web::{
    App,
    body::MessageBody,
    dev::ServiceResponse,
    http::header::HeaderMap,
    middleware::from_fn,
    test::{self, TestRequest},
    web::Data,
};
use app::{
    Meta,
    clock::Clock,
    ids::Ids,
    keyring::Keyring,
    mail::{Mailer, MemoryMailer},
    staff::Enrolment,
};
use chrono::DateTime;
use domain::{actor::Actor, address::Address, staff::StaffRole};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

/// A portal without sockets.
struct World {
    _dir: TempDir,
    portal: Data<Portal>,
    mails: MemoryMailer,
    /// Workers end when it is dropped.
    _running: watch::Sender<()>,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

const PASSWORD: &str = "a fine password indeed";

fn config(dir: &TempDir, flags: &[(&str, &str)]) -> Config {
    let data_dir = dir.path().to_str().expect("UTF-8");
    let fixed = [
        ("mode", "development"),
        ("data_dir", data_dir),
        ("http.listen", "127.0.0.1:0"),
        ("mail.reserved_domains", "acme.test,portal.test"),
    ];
    let flags = fixed.iter().chain(flags).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Config::load(&Sources { flags: flags.collect(), ..Sources::default() }).expect("a valid configuration")
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A portal that differs from the usual one.
    async fn with(change: impl FnOnce(&mut Portal)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let ids = Ids::seeded(1);
        let (clock, _) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).expect("an instant"));
        let config = config(&dir, &[]);
        Keyring::generate(&ids).write_new(&config.keyring).expect("a keyring");
        let opened = parts::open(&config, clock.clone(), ids.clone(), None).await.expect("opened");
        let (mailer, mails) = Mailer::memory();
        let mailing = opened.app.mail_worker(mailer, "http://portal.test".to_owned());
        let running = watch::Sender::new(());
        tokio::spawn(mailing.run(ended(running.subscribe())));
        tokio::spawn(opened.projector.run(ended(running.subscribe())));
        tokio::spawn(opened.counting.worker.run(ended(running.subscribe())));
        tokio::spawn(opened.counting.follower.run(ended(running.subscribe())));
        opened.app.door_ready().await;
        let mut portal = Portal::new(opened.app, clock, ids, false, watch::Sender::new(None));
        change(&mut portal);
        portal.caught_up(portal.app.head().position).await.expect("a read model");
        Self { _dir: dir, portal: Data::new(portal), mails, _running: running }
    }

    /// One request through the whole stack.
    async fn send(&self, request: TestRequest) -> Answer {
        let portal = self.portal.clone();
        let app = App::new().wrap(from_fn(edge::wrap)).configure(|config| wire(config, portal));
        let response = test::call_service(&test::init_service(app).await, request.to_request()).await;
        read(response).await
    }

    /// A signed-up developer's session token.
    async fn developer(&self, email: &str) -> String {
        let before = self.mails.taken().len();
        let sign_up =
            json!({"email": email, "password": PASSWORD, "name": "Ada", "terms_version": "2026-11"});
        let started = self.send(TestRequest::post().uri("/v1/sign-ups").set_json(sign_up)).await;
        assert_eq!(started.status, 202, "{started:?}");
        self.mails.tried(before + 1).await;
        let text = self.mails.taken().last().expect("a mail").text.reveal().clone();
        let code = text.lines().map(str::trim).find(|line| line.len() == 9 && line.as_bytes()[4] == b'-');
        let proof = format!("/v1/sign-ups/{}/proof", started.body["id"].as_str().expect("an id"));
        let proof = TestRequest::post().uri(&proof).set_json(json!({"code": code.expect("a code")}));
        assert_eq!(self.send(proof).await.status, 201);
        let session = json!({"email": email, "password": PASSWORD});
        let session = self.send(TestRequest::post().uri("/v1/sessions").set_json(session)).await;
        session.body["token"].as_str().expect("a token").to_owned()
    }

    /// A member of staff's session token.
    async fn staff(&self, email: &str, role: StaffRole) -> String {
        let email = Address::parse(email, self.portal.app.policy()).expect("an address");
        let enrolment =
            Enrolment { email: email.clone(), name: "Grace".to_owned(), role, own_developers: Vec::new() };
        let meta = Meta {
            actor: Actor::Operator,
            request_id: self.portal.ids.v4(),
            idempotency_key: None,
            route: "test",
            request_digest: [0; 32],
            if_match: None,
        };
        let access =
            self.portal.app.enrol(meta, enrolment).await.expect("enrolled").value.access.expect("access");
        let totp = totp_rs::Totp::from_url(access.otpauth_url.reveal()).expect("a second factor");
        let now = u64::try_from(self.portal.clock.now().timestamp()).expect("after 1970");
        let session = json!({
            "email": email.reveal(), "password": access.password.reveal(), "totp": totp.generate(now).to_string(),
        });
        let session = self.send(TestRequest::post().uri("/v1/staff/sessions").set_json(session)).await;
        session.body["token"].as_str().expect("a token").to_owned()
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("(none)")
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("(none)")
    }
}

async fn read<B: MessageBody>(response: ServiceResponse<B>) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = test::read_body(response).await;
    let media = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body =
        if media.contains("json") { serde_json::from_slice(&bytes).expect("JSON") } else { Value::Null };
    Answer { status, headers, body }
}

fn bearer(request: TestRequest, token: &str) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {token}")))
}

async fn ended(mut running: watch::Receiver<()>) {
    while running.changed().await.is_ok() {}
}
