//! A portal as a process, with as many groups as are asked for, each with an integration that calls.

use portal_tests::{
    Anonymous,
    process::{Installation, Server},
};
use serde_json::json;
use server::demo::smtp_sink::SmtpSink;
use std::{fs, path::PathBuf};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-under-test");
/// Groups of one developer.
const GROUPS_EACH: usize = 500;
const AT_ONCE: usize = 32;

/// A running portal and what to ask it.
pub(crate) struct Served {
    pub(crate) base: String,
    /// A script for wrk that asks for a group at random each time.
    pub(crate) script: PathBuf,
    _installation: Installation,
    _server: Server,
    _sink: SmtpSink,
}

impl Served {
    pub(crate) async fn start(groups: usize) -> Self {
        let sink = SmtpSink::start().await.unwrap();
        let installation = Installation::new(PROGRAM, sink.url())
            .with("http.workers=1")
            .with("log.level=warn")
            .with("policy.dev_groups_per_owner=1000")
            .with("policy.development_calls=4000000000")
            .with("policy.owner_development_calls=4000000000")
            .with("policy.organisation_development_calls=4000000000");
        let access = installation.enrol();
        let server = installation.serve().await;
        let mut keys = Vec::new();
        for number in 0..groups.div_ceil(GROUPS_EACH) {
            let email = format!("bench{number}@vendor.example");
            let vendor = Anonymous::new(server.api(), &sink).becomes_vendor(&email).await;
            let mine = (number * GROUPS_EACH..groups.min((number + 1) * GROUPS_EACH)).collect::<Vec<_>>();
            for some in mine.chunks(AT_ONCE) {
                // One developer's groups are made one after the other; their integrations at once.
                let mut made = Vec::new();
                for group in some {
                    made.push(vendor.create_group(&format!("Bench {group}")).await.text("/id"));
                }
                let registered = made.iter().map(|group| {
                    let body = json!({ "name": format!("Bench {group}"), "kinds": ["rest"], "group": group });
                    let vendor = &vendor;
                    async move { vendor.register(&body).await.text("/credentials/key") }
                });
                keys.extend(portal_tests::all(registered).await);
            }
        }
        let gateway = server.gateway(&access).await;
        let script = installation.data_dir().join("ask.lua");
        fs::write(&script, ask(&keys, &gateway)).unwrap();
        Self {
            base: server.base().to_owned(),
            script,
            _installation: installation,
            _server: server,
            _sink: sink,
        }
    }
}

fn ask(keys: &[String], gateway: &str) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    format!(
        "local keys = {{ {} }}\nlocal requests = {{}}\nlocal made = false\n\
         request = function()\n\
         if not made then made = true for at = 1, #keys do requests[at] = wrk.format(\"GET\", nil, \
         {{ [\"Portal-Gateway\"] = \"{gateway};caller=key\", [\"Portal-Integration-Key\"] = keys[at] }}) end end\n\
         return requests[math.random(#requests)]\nend\n",
        keys.join(", ")
    )
}
