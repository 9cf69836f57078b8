//! The program itself and one who uses it over HTTP: what it acknowledged is asked for afterwards.

use crate::report::Report;
use portal_tests::process::{Installation, Server};
use portal_tests::{Anonymous, Api};
use serde_json::json;
use server::demo::smtp_sink::SmtpSink;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-under-test");

/// Name → ID of every integration whose registration was acknowledged.
pub(crate) type Promised = Arc<Mutex<BTreeMap<String, String>>>;

/// An installation with a vendor, and what the vendor was promised.
pub(crate) struct Portal {
    pub(crate) installation: Installation,
    pub(crate) promised: Promised,
    token: String,
    _sink: SmtpSink,
}

impl Portal {
    /// Makes it, with settings of choice; no server runs.
    pub(crate) async fn new(settings: &[&str]) -> Self {
        let sink = SmtpSink::start().await.unwrap();
        let installed = Installation::new(PROGRAM, sink.url());
        let installation = settings.iter().fold(installed, |made, setting| made.with(setting));
        let server = installation.serve().await;
        let vendor = Anonymous::new(server.api(), &sink).becomes_vendor("ada@vendor.example").await;
        let token = vendor.api.token().unwrap().to_owned();
        server.kill();
        Self { installation, promised: Promised::default(), token, _sink: sink }
    }

    pub(crate) fn api(&self, server: &Server) -> Api {
        server.api().with_token(&self.token)
    }

    pub(crate) fn count(&self) -> usize {
        self.promised.lock().unwrap().len()
    }

    /// Registers one integration; gives the status, none when nobody answered.
    pub(crate) async fn register(api: &Api, promised: &Promised, name: &str) -> Option<u16> {
        let body = json!({ "name": name, "kinds": ["rest"] });
        let answer = api.post("/v1/integrations", &body).attempt().await?;
        if answer.status == 201 {
            promised.lock().unwrap().insert(name.to_owned(), answer.text("/id"));
        }
        Some(answer.status)
    }

    /// Registers one after the other until nobody answers or the answer is not that it was done.
    pub(crate) fn keep_registering(&self, server: &Server, round: u64, writers: u64) -> Vec<JoinHandle<()>> {
        let begin = |writer| {
            let (api, promised) = (self.api(server), Arc::clone(&self.promised));
            tokio::spawn(async move {
                for n in 0.. {
                    let name = format!("Round {round} Writer {writer} Number {n}");
                    if Self::register(&api, &promised, &name).await != Some(201) {
                        return;
                    }
                }
            })
        };
        (0..writers).map(begin).collect()
    }

    /// Asks for everything that was promised.
    pub(crate) async fn look(&self, server: &Server) -> Report {
        let mut report = Report::default();
        let promised = self.promised.lock().unwrap().clone();
        let api = self.api(server);
        for (name, id) in &promised {
            let found = api.get(&format!("/v1/integrations/{id}")).attempt().await;
            match found {
                Some(answer) if answer.status == 200 && answer.text("/name") == *name => {}
                Some(answer) if answer.status == 404 => report.lost += 1,
                other => report.fail(format!("asked for {name}: {:?}", other.map(|answer| answer.status))),
            }
        }
        report
    }

    /// What an offline check says of the log; no server may run.
    pub(crate) fn check(&self, report: &mut Report) {
        let checked = self.installation.run(&["log", "check"]);
        if !checked.status.success() {
            report.fail(format!("log check: {}", String::from_utf8_lossy(&checked.stderr)));
        }
    }
}

/// A runtime for talking to servers.
pub(crate) fn block_on<T>(doing: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(doing)
}
