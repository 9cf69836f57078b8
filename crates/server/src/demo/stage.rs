//! What the demo plays on: a real server over a temporary folder, a sink for its mails, a member of staff.

use super::{
    DemoError,
    journeys::staff::{self, Access},
    smtp_sink::SmtpSink,
};
use crate::{
    config::{Config, Gateway, LogFormat, Mode, Smtp},
    startup::Application,
};
use anyhow::{Context as _, anyhow};
use app::{App, Meta, clock::Clock, ids::Ids, keyring::Keyring, staff::Enrolment};
use domain::{actor::Actor, address::Address, policy::Policy, staff::StaffRole};
use eventlog::CheckReport;
use std::{net::Ipv4Addr, path::Path};
use tempfile::TempDir;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
};

/// Addresses of the demo live below this domain, which has no mail in the real world (RFC 2606).
const MAIL_DOMAIN: &str = "example";
/// Enough threads for three people.
const WORKERS: usize = 2;

/// A running server and what surrounds it.
pub(super) struct Stage {
    folder: TempDir,
    mails: SmtpSink,
    base: String,
    policy: Policy,
    access: Access,
    stop: oneshot::Sender<()>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Stage {
    /// Starts everything: sled log, SQLite read model and side state in a fresh folder, a free port.
    pub(super) async fn start() -> Result<Self, DemoError> {
        let folder = tempfile::Builder::new().prefix("devportal-demo-").tempdir()?;
        let mails = SmtpSink::start().await?;
        let config = configuration(folder.path(), &mails);
        let policy = config.policy.clone();
        Keyring::generate(&Ids::Os)
            .write_new(&config.keyring)
            .map_err(|error| DemoError::Server(anyhow::Error::new(error)))?;
        let application = Application::build(config, Clock::System, Ids::Os).await.map_err(server_failed)?;
        let access = enrol(&application.app(), &policy).await.map_err(DemoError::Server)?;
        let base = format!("http://{}", application.address());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let until = async move { stopped.await.unwrap_or_default() };
            application.run_until(until).await.map_err(|failure| anyhow!("{failure}"))
        });
        Ok(Self { folder, mails, base, policy, access, stop, running })
    }

    /// Origin of the portal.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Where its mails arrive.
    pub(super) fn mails(&self) -> &SmtpSink {
        &self.mails
    }

    /// The policy in force.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How the member of staff signs in.
    pub(super) fn staff(&self) -> &Access {
        &self.access
    }

    /// Where everything is stored.
    pub(super) fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the server in order and verifies its whole log.
    pub(super) async fn stop_and_check(self) -> Result<CheckReport, DemoError> {
        let Self { folder, stop, running, .. } = self;
        // An error means that the server has ended already; why is told below.
        stop.send(()).unwrap_or_default();
        running.await.context("the server panicked").flatten().map_err(DemoError::Server)?;
        let log = folder.path().join("log");
        let checked =
            tokio::task::spawn_blocking(move || eventlog::check(&log, &Clock::System.for_log())).await;
        let report = checked.context("the check panicked").map_err(DemoError::Server)?;
        let report = report.context("the log cannot be checked").map_err(DemoError::Server)?;
        folder.close()?;
        Ok(report)
    }
}

fn configuration(folder: &Path, mails: &SmtpSink) -> Config {
    Config {
        mode: Mode::Development,
        data_dir: folder.to_owned(),
        keyring: folder.join("keyring.toml"),
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        base_url: None,
        workers: WORKERS,
        smtp: Some(Smtp {
            url: mails.url(),
            from: format!("portal@portal.{MAIL_DOMAIN}"),
            second_domain: None,
            inbound: None,
        }),
        policy: Policy { reserved_mail_domains: vec![MAIL_DOMAIN.to_owned()], ..Policy::default() },
        ledger: None,
        gateway: Gateway::default(),
        // The demo talks to nothing outside this machine.
        reachability: None,
        log_format: LogFormat::Text,
        log_level: "warn".to_owned(),
        free_space_floor_bytes: 0,
    }
}

/// Adds the member of staff as the operator would with `devportal staff add`.
async fn enrol(app: &App, policy: &Policy) -> anyhow::Result<Access> {
    let meta = Meta {
        actor: Actor::Operator,
        request_id: Ids::Os.v4(),
        idempotency_key: None,
        route: "demo staff",
        request_digest: [0; 32],
        if_match: None,
    };
    let enrolment = Enrolment {
        email: Address::parse(staff::EMAIL, policy)?,
        name: staff::NAME.to_owned(),
        role: StaffRole::Approver,
        own_developers: Vec::new(),
    };
    let enrolled = app.enrol(meta, enrolment).await?;
    let first = enrolled.value.access.context("a new member of staff has a way in")?;
    Ok(Access { password: first.password.reveal().clone(), otpauth: first.otpauth_url.reveal().clone() })
}

fn server_failed(failure: impl std::fmt::Display) -> DemoError {
    DemoError::Server(anyhow!("{failure}"))
}

/// Somebody's wish that the server stop. It is heard from the moment this exists, so make it before anybody is
/// told that the server runs.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Listens for SIGTERM and Ctrl-C.
    pub(super) fn listen() -> Result<Self, DemoError> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns at the first of them.
    pub(super) async fn first(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
