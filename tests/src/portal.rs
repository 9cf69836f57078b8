//! A whole server in this process, over a folder of its own: sled log, SQLite, HTTP on a free port, mails to
//! a real SMTP sink, and a clock that moves when told.

use crate::{
    aftermath,
    api::{Answer, Api},
    errors,
    principals::{Anonymous, Customer, Gateway, StaffMember, Vendor, code_for, mail_for, terms_version},
};
use app::{
    App, Meta,
    clock::{Clock, ManualClock},
    contact_checks::{CheckSettings, Look},
    ids::Ids,
    keyring::Keyring,
    staff::Enrolment,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{actor::Actor, address::Address, policy::Policy, staff::StaffRole};
use serde_json::{Value, json};
use server::{
    config::{Config, Inbound, LogFormat, Mode, Smtp},
    demo::{journeys::staff::Access, mail::Mail, smtp_sink::SmtpSink},
    startup::Application,
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// When every test begins.
const BEGINNING: &str = "2026-11-22T12:00:00Z";

/// A running portal. Dropping it stops it and fails the test if it logged an error, lost a mail for good,
/// has a broken log, or a read model that differs from one built anew.
pub struct Portal {
    folder: TempDir,
    base: String,
    grpc: String,
    inbound: SocketAddr,
    app: Option<App>,
    policy: Policy,
    clock: ManualClock,
    mails: Arc<SmtpSink>,
    enrolled: AtomicU32,
    errors_before: usize,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

type Adjust = Box<dyn FnOnce(&mut Config) + Send>;

/// What is not as everywhere else.
#[derive(Default)]
struct Special {
    policy: Policy,
    /// Who looks at the mail hosts of contacts.
    look: Option<Arc<dyn Look>>,
    /// Has the last word on the configuration.
    adjust: Option<Adjust>,
}

/// A member of staff who has not signed in yet.
pub struct Enrolled {
    /// Own id.
    pub id: String,
    /// Sign-in address.
    pub email: String,
    /// Password from the enrolment.
    pub password: String,
    access: Access,
}

impl Enrolled {
    /// The code an authenticator app shows.
    pub fn totp(&self, now: DateTime<Utc>) -> String {
        self.access.code(now).expect("the URL holds a secret")
    }
}

impl Portal {
    /// Starts one with the default policy.
    pub async fn start() -> Self {
        Self::with(Policy::default()).await
    }

    /// Starts one with a policy of choice.
    pub async fn with(policy: Policy) -> Self {
        Self::special(Special { policy, ..Special::default() }).await
    }

    /// Starts one that looks at the mail hosts of contacts through `look`, which never leaves the test.
    pub async fn looking(look: Arc<dyn Look>) -> Self {
        Self::special(Special { look: Some(look), ..Special::default() }).await
    }

    /// Starts one with a configuration that is not as everywhere else.
    pub async fn configured(adjust: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        Self::special(Special { adjust: Some(Box::new(adjust)), ..Special::default() }).await
    }

    #[expect(clippy::unused_async, reason = "tests read the same whether or not starting waits")]
    async fn special(special: Special) -> Self {
        let errors_before = errors::capture();
        let folder = tempfile::tempdir().expect("a folder");
        let (clock, hands) = Clock::manual(BEGINNING.parse().expect("an instant"));
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let path = folder.path().to_owned();
        let thread = std::thread::spawn(move || run(path, clock, special, &ready, stopped));
        let Started { base, grpc, inbound, app, mails } = started.recv().expect("the server starts");
        Self {
            policy: app.policy().clone(),
            folder,
            base,
            grpc,
            inbound,
            app: Some(app),
            clock: hands,
            mails,
            enrolled: AtomicU32::new(0),
            errors_before,
            running: Some((stop, thread)),
        }
    }

    /// The file that the projector writes and queries read.
    pub fn read_model_file(&self) -> PathBuf {
        self.folder.path().join("readmodel/readmodel.sqlite")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        address_in(&self.base)
    }

    /// Where it listens for gRPC, as an address.
    pub fn grpc_address(&self) -> SocketAddr {
        address_in(&self.grpc)
    }

    /// Where it listens for gRPC.
    pub fn grpc(&self) -> &str {
        &self.grpc
    }

    /// Where it takes mail that comes back, by SMTP.
    pub fn inbound_address(&self) -> SocketAddr {
        self.inbound
    }

    /// The Maildir it takes mail that comes back from.
    pub fn inbound_maildir(&self) -> PathBuf {
        maildir(self.folder.path())
    }

    /// Where it is reached over HTTP.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A client nobody has signed in with.
    pub fn api(&self) -> Api {
        Api::new(&self.base)
    }

    /// Mails that arrived.
    pub fn mails(&self) -> &SmtpSink {
        &self.mails
    }

    /// The terms a developer accepts.
    pub fn terms_version(&self) -> String {
        terms_version()
    }

    /// Somebody not signed in.
    pub fn anonymous(&self) -> Anonymous<'_> {
        Anonymous::new(self.api(), &self.mails)
    }

    /// A developer `name@vendor.example`, signed up, proven and signed in.
    pub async fn vendor(&self, name: &str) -> Vendor<'_> {
        self.anonymous().becomes_vendor(&format!("{name}@vendor.example")).await
    }

    /// The same developer with a new session.
    pub async fn signs_in_again<'p>(&'p self, vendor: Vendor<'p>) -> Vendor<'p> {
        let session = self.anonymous().sign_in(&vendor.email, crate::PASSWORD).await;
        session.must_be(201);
        Vendor { api: self.api().with_token(&session.text("/token")), ..vendor }
    }

    /// A customer.
    pub fn customer(&self) -> Customer {
        Customer { api: self.api() }
    }

    /// A member of staff, enrolled by the operator and signed in.
    pub async fn staff(&self, role: &str) -> StaffMember {
        let enrolled = self.enrol(role).await;
        self.signs_in(&enrolled).await
    }

    /// A gateway, let in by an approver.
    pub async fn gateway(&self) -> Gateway {
        let made = self.staff("approver").await.register_gateway("Frankfurt").await;
        let api = self.api().as_gateway(&made.text("/issued/credential"));
        Gateway { api, id: made.text("/id") }
    }

    /// A member of staff with an address of choice.
    pub async fn staff_at(&self, email: &str, role: &str) -> StaffMember {
        let enrolled = self.enrol_at(email, role).await;
        self.signs_in(&enrolled).await
    }

    /// A member of staff who has not signed in yet.
    pub async fn enrol(&self, role: &str) -> Enrolled {
        let number = self.enrolled.fetch_add(1, Ordering::Relaxed);
        self.enrol_at(&format!("staff{number}@portal.example"), role).await
    }

    async fn enrol_at(&self, email: &str, role: &str) -> Enrolled {
        let role = match role {
            "reader" => StaffRole::Reader,
            "approver" => StaffRole::Approver,
            "auditor" => StaffRole::Auditor,
            other => panic!("no such role: {other}"),
        };
        let meta = Meta {
            actor: Actor::Operator,
            request_id: Ids::Os.v4(),
            idempotency_key: None,
            route: "test staff",
            request_digest: [0; 32],
            if_match: None,
        };
        let address = Address::parse(email, &self.policy).expect("an address");
        let enrolment =
            Enrolment { email: address, name: "Staff Person".to_owned(), role, own_developers: Vec::new() };
        let done = self.app.as_ref().expect("it runs").enrol(meta, enrolment).await.expect("enrolled");
        let first = done.value.access.expect("a way in");
        let (password, otpauth) = (first.password.reveal().clone(), first.otpauth_url.reveal().clone());
        let access = Access { password: password.clone(), otpauth };
        Enrolled { id: done.value.staff.to_string(), email: email.to_owned(), password, access }
    }

    async fn signs_in(&self, enrolled: &Enrolled) -> StaffMember {
        let body = self.credentials(enrolled);
        let session = self.api().post("/v1/staff/sessions", &body).expect(201).await;
        StaffMember { api: self.api().with_token(&session.text("/token")), id: enrolled.id.clone() }
    }

    fn credentials(&self, enrolled: &Enrolled) -> Value {
        json!({ "email": enrolled.email, "password": enrolled.password, "totp": enrolled.totp(self.now()) })
    }

    /// What somebody newly enrolled signs in with.
    pub async fn fresh_staff_credentials(&self) -> Value {
        let enrolled = self.enrol("reader").await;
        self.credentials(&enrolled)
    }

    /// An address's `nth` mail, counted from 1.
    pub async fn mail_for(&self, address: &str, nth: usize) -> Mail {
        mail_for(&self.mails, address, nth).await
    }

    /// The code in an address's `nth` mail, counted from 1.
    pub async fn code_for(&self, address: &str, nth: usize) -> String {
        code_for(&self.mails, address, nth).await
    }

    /// What the portal's clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        Clock::Manual(self.clock.clone()).now()
    }

    /// Moves the portal's clock.
    pub fn advance_minutes(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }

    /// Has what became of calls until now written down at once.
    pub async fn write_usage(&self) {
        self.app.as_ref().expect("it runs").write_usage().await;
    }

    /// The card of an integration, once it is shown as released.
    pub async fn until_released(&self, integration: &str) -> Answer {
        let customer = self.customer();
        crate::until("the card shows the release", async || {
            customer.look_up(integration).await.body["released"] == true
        })
        .await;
        customer.look_up(integration).await
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let Some((stop, thread)) = self.running.take() else { return };
        // An error means that the server has ended already; joining tells why.
        stop.send(()).unwrap_or_default();
        let ended = thread.join();
        // It holds the log open.
        self.app = None;
        if std::thread::panicking() {
            return;
        }
        assert!(ended.is_ok(), "the server failed");
        assert_eq!(errors::since(self.errors_before), [""; 0], "errors were logged");
        let folder = self.folder.path().to_owned();
        let checked = std::thread::spawn(move || aftermath::check(&folder)).join();
        assert!(checked.is_ok(), "what the server left behind is not as it should be");
    }
}

struct Started {
    base: String,
    grpc: String,
    inbound: SocketAddr,
    app: App,
    mails: Arc<SmtpSink>,
}

fn run(
    folder: PathBuf,
    clock: Clock,
    special: Special,
    ready: &mpsc::Sender<Started>,
    stopped: oneshot::Receiver<()>,
) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let mails = Arc::new(SmtpSink::start().await.expect("a sink"));
        let Special { policy, look, adjust } = special;
        let mut config = configuration(&folder, &mails, policy);
        if let Some(adjust) = adjust {
            adjust(&mut config);
        }
        Keyring::generate(&Ids::Os).write_new(&config.keyring).expect("a keyring");
        let built = Application::build(config, clock, Ids::Os).await;
        let application = built.unwrap_or_else(|failure| panic!("the server does not start: {failure}"));
        let application = match look {
            Some(look) => application.looking_with(look, CheckSettings { per_hour: 1_000 }),
            None => application,
        };
        let base = format!("http://{}", application.address());
        let grpc = application.grpc_address().map(|address| format!("http://{address}")).unwrap_or_default();
        let inbound = application.inbound_address().expect("it takes mail");
        let started = Started { base, grpc, inbound, app: application.app(), mails: mails.clone() };
        assert!(ready.send(started).is_ok(), "the test waits for it");
        let ended = application.run_until(async { stopped.await.unwrap_or_default() }).await;
        ended.unwrap_or_else(|failure| panic!("the server failed: {failure}"));
    });
}

fn maildir(folder: &Path) -> PathBuf {
    folder.join("bounces")
}

fn smtp(folder: &Path, mails: &SmtpSink) -> Smtp {
    let maildir = maildir(folder);
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(maildir.join(part)).expect("a folder");
    }
    let inbound = Inbound {
        bounce_domain: "bounces.portal.example".to_owned(),
        maildir: Some(maildir),
        listen: Some(([127, 0, 0, 1], 0).into()),
    };
    Smtp {
        url: mails.url(),
        from: "Developer Portal <portal@portal.example>".to_owned(),
        second_domain: Some("second.example".to_owned()),
        inbound: Some(inbound),
    }
}

fn configuration(folder: &Path, mails: &SmtpSink, policy: Policy) -> Config {
    Config {
        mode: Mode::Development,
        data_dir: folder.to_owned(),
        keyring: folder.join("keyring.toml"),
        listen: ([127, 0, 0, 1], 0).into(),
        base_url: None,
        workers: 1,
        smtp: Some(smtp(folder, mails)),
        policy: Policy { reserved_mail_domains: vec!["example".to_owned()], ..policy },
        ledger: None,
        gateway: server::config::Gateway {
            grpc_listen: Some(([127, 0, 0, 1], 0).into()),
            ..Default::default()
        },
        reachability: None,
        log_format: LogFormat::Text,
        log_level: "info".to_owned(),
        free_space_floor_bytes: 0,
    }
}

fn address_in(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().expect("an address and a port")
}
