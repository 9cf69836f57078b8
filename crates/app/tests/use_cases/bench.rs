//! A portal without HTTP: one gesture of a person per method, through the public interface of `app`.

use app::{
    App, AppError, Done, Meta, Parts,
    accounts::OpenAccount,
    clock::{Clock, ManualClock},
    codes::Challenge,
    ids::Ids,
    keyring::{BoundKeys, Fingerprinted, Keyring},
    mail::{Mail, Mailer},
    passwords::Passwords,
    quota::time_of,
    secret::Secret,
    side_state::{Place, SideState},
    sign_up::{Proven, SignUp, SignUpStarted},
    staff::{Enrolment, FirstAccess},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Decider as _,
    actor::Actor,
    address::Address,
    decider::StoredEvent as _,
    group::GroupRef,
    ids::{
        DevGroupId, DeveloperId, IntegrationId, IntentId, ProdAccountId, ProdGroupId, SessionId, SignUpId,
        StaffId,
    },
    integration::facts::{Draft, Facts, LtiDraft, Rest, parse},
    policy::{Policy, Tier},
    prodaccount::{self, ProdAccount},
    prodgroup::Asked,
    sealed::Fingerprint,
    staff::StaffRole,
};
use eventlog::{
    ActorEnvelope, AppendBatch, Envelope, EventLog, Expected, NewEvent, Position, Record, StreamAppend,
    StreamName, StreamVersion,
};
use quota::{Engine, Ledger, Options, Time};
use readmodel::ReadModel;
use std::time::Duration;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Keeps the door's directory up to date.
async fn follow(app: &App) {
    tokio::spawn(app.quota_follower().run(std::future::pending()));
    app.door_ready().await;
}

pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) log: EventLog,
    pub(crate) side: SideState,
    pub(crate) keys: BoundKeys,
    pub(crate) ids: Ids,
    pub(crate) clock: ManualClock,
    pub(crate) passwords: Passwords,
    pub(crate) engine: Engine,
    policy: Policy,
    read: ReadModel,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    /// Under a policy of one's own.
    pub(crate) async fn with(policy: Policy) -> Self {
        Self::timed(policy, time_of).await
    }

    /// With a machine's clocks of one's own beside the clock on the wall.
    pub(crate) async fn timed(policy: Policy, time: impl FnOnce(&Clock) -> Time) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ids = Ids::seeded(1);
        let (clock, hand) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let log = EventLog::memory(clock.for_log());
        let log_id = log.head().log_id;
        let keys = Keyring::generate(&ids).bind(log_id);
        let side = SideState::open(Place::File(&dir.path().join("state.sqlite")), log_id).await.unwrap();
        let policy = Policy { reserved_mail_domains: vec!["test".to_owned()], ..policy };
        let passwords = Passwords::start(2, ids.clone()).unwrap();
        let (read, projector) = readmodel::open(dir.path(), log.clone()).await.unwrap();
        tokio::spawn(projector.run(std::future::pending()));
        let ledger = Ledger::open_sqlite(&dir.path().join("quota.sqlite")).await.unwrap();
        let started = Engine::start(ledger, time(&clock), Options::new(1)).await.unwrap();
        let (engine, worker, notices) = started;
        tokio::spawn(worker.run(std::future::pending()));
        let app = App::new(Parts {
            log: log.clone(),
            read: read.clone(),
            side: side.clone(),
            keys: keys.clone(),
            passwords: passwords.clone(),
            policy: policy.clone(),
            engine: engine.clone(),
            clock,
            ids: ids.clone(),
        });
        follow(&app).await;
        let telling = app.clone();
        tokio::spawn(async move { telling.tell_thresholds(notices, std::future::pending()).await });
        Self { app, log, side, keys, ids, clock: hand, passwords, engine, policy, read, _dir: dir }
    }

    /// The same portal after a restart: nothing but log, side state and keys is left.
    pub(crate) async fn restart(&mut self) {
        self.app = App::new(Parts {
            log: self.log.clone(),
            read: self.read.clone(),
            side: self.side.clone(),
            keys: self.keys.clone(),
            passwords: self.passwords.clone(),
            policy: self.policy.clone(),
            engine: self.engine.clone(),
            clock: Clock::Manual(self.clock.clone()),
            ids: self.ids.clone(),
        });
        follow(&self.app).await;
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        Clock::Manual(self.clock.clone()).now()
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn meta(&self, actor: Actor) -> Meta {
        Meta {
            actor,
            request_id: self.ids.v4(),
            idempotency_key: None,
            route: "/test",
            request_digest: [0; 32],
            if_match: None,
        }
    }

    pub(crate) fn by(&self, developer: DeveloperId) -> Meta {
        self.meta(Actor::Developer(developer, SessionId::from_uuid(self.ids.v4())))
    }

    pub(crate) fn by_staff(&self, staff: StaffId) -> Meta {
        self.meta(Actor::Staff(staff, SessionId::from_uuid(self.ids.v4())))
    }

    pub(crate) fn address(&self, text: &str) -> Address {
        Address::parse(text, &self.policy).unwrap()
    }

    pub(crate) fn fingerprint(&self, text: &str) -> Fingerprint {
        self.keys.fingerprint(Fingerprinted::Address, &self.address(text).normalised())
    }

    pub(crate) fn sign_up(&self, email: &str) -> SignUp {
        SignUp {
            email: self.address(email),
            password: Secret::new(PASSWORD.to_owned()),
            name: "Ada Lovelace".to_owned(),
            locale: "en".to_owned(),
            terms_version: self.policy.terms_version.clone(),
        }
    }

    pub(crate) async fn start_sign_up(&self, email: &str) -> SignUpStarted {
        self.app.start_sign_up(self.meta(Actor::Anonymous), self.sign_up(email)).await.unwrap()
    }

    /// The code as it stands in the mail.
    pub(crate) fn sign_up_code(&self, sign_up: SignUpId, email: &str) -> String {
        Challenge::sign_up(sign_up, self.fingerprint(email)).code(&self.keys).reveal().clone()
    }

    pub(crate) async fn prove(&self, sign_up: SignUpId, code: &str) -> Result<Done<Proven>, AppError> {
        self.app.prove_sign_up(self.meta(Actor::Anonymous), sign_up, code.to_owned()).await
    }

    pub(crate) async fn developer(&self, email: &str) -> Proven {
        let started = self.start_sign_up(email).await;
        let code = self.sign_up_code(started.id, email);
        self.prove(started.id, &code).await.unwrap().value
    }

    pub(crate) async fn group(&self, developer: DeveloperId, name: &str) -> DevGroupId {
        self.app.create_group(self.by(developer), developer, name.to_owned()).await.unwrap().value
    }

    pub(crate) async fn integration(&self, developer: DeveloperId, facts: Facts) -> IntegrationId {
        self.app.register(self.by(developer), developer, None, facts).await.unwrap().value.integration
    }

    pub(crate) async fn account(&self, developer: DeveloperId, vendor: &str, contact: &str) -> ProdAccountId {
        let open = self.open_account(vendor, contact);
        self.app.open_account(self.by(developer), developer, open).await.unwrap().value
    }

    pub(crate) fn open_account(&self, vendor: &str, contact: &str) -> OpenAccount {
        OpenAccount {
            vendor_name: vendor.to_owned(),
            contact: self.address(contact),
            support_url: Some("https://help.acme.com/".to_owned()),
        }
    }

    /// Answers the code that is asked for, and where it is the first one the second that follows.
    pub(crate) async fn prove_contact(&self, developer: DeveloperId, account: ProdAccountId, contact: &str) {
        self.app.request_contact_challenge(self.by(developer), developer, account).await.unwrap();
        while let Some((intent, epoch)) = self.open_challenge(account).await {
            let challenge = Challenge::contact(intent, account, self.fingerprint(contact), epoch);
            let code = challenge.code(&self.keys).reveal().clone();
            self.app.confirm_contact(self.by(developer), developer, account, intent, code).await.unwrap();
        }
    }

    /// The challenge of an account that waits for its code, and which declaration it proves.
    pub(crate) async fn open_challenge(&self, account: ProdAccountId) -> Option<(IntentId, u32)> {
        let stream = ProdAccount::stream(account.uuid());
        let records = self.records().await.into_iter().filter(|record| record.stream.as_str() == stream);
        let folded = records.fold(ProdAccount::default(), |account, record| {
            let event = prodaccount::Event::decode(&record.event_type, record.schema, &record.payload);
            account.evolve(&event.unwrap()).unwrap()
        });
        match folded {
            ProdAccount::Open(account) => {
                account.contacts.challenge.map(|challenge| (challenge.intent, challenge.epoch))
            }
            other => panic!("the account is {}", other.phase()),
        }
    }

    pub(crate) async fn staff(&self, email: &str, role: StaffRole) -> (StaffId, FirstAccess) {
        let own_developers = Vec::new();
        let name = "Grace Hopper".to_owned();
        let enrolment = Enrolment { email: self.address(email), name, role, own_developers };
        let done = self.app.enrol(self.meta(Actor::Operator), enrolment).await.unwrap();
        (done.value.staff, done.value.access.unwrap())
    }

    /// A developer with a production group that only waits to be submitted.
    pub(crate) async fn ready_to_submit(&self, asked: Asked) -> Ready {
        let developer = self.developer("owner@acme.com").await.developer;
        let integration = self.integration(developer, complete("Acme Quiz")).await;
        let account = self.account(developer, "Acme", "support@acme.com").await;
        self.prove_contact(developer, account, "support@acme.com").await;
        let app = &self.app;
        let group = app.draft_group(self.by(developer), developer, account, "Acme - Acme Quiz".to_owned());
        let group = group.await.unwrap().value;
        let to = GroupRef::Production(group);
        app.move_integration(self.by(developer), developer, integration, to).await.unwrap();
        let why = "Forty institutions use it daily.".to_owned();
        app.ask_limits(self.by(developer), developer, group, asked, why).await.unwrap();
        Ready { developer, account, group, integration }
    }

    pub(crate) fn standard(&self) -> Asked {
        Asked { tier: Tier::Standard, limits: self.policy.standard }
    }

    pub(crate) async fn records(&self) -> Vec<Record> {
        self.log.read_all(Position(0), 1_000).await.unwrap()
    }

    /// Writes an event that no command gives, as damage or another program would.
    pub(crate) async fn slip_in(&self, stream: &StreamName, after: StreamVersion, event: NewEvent) {
        let envelope = Envelope {
            command_id: self.ids.v4(),
            fingerprint: None,
            causation_id: None,
            actor: ActorEnvelope { kind: "system".to_owned(), ..ActorEnvelope::default() },
            on_behalf_of: None,
            reason: None,
            request_id: None,
            policy_version: 1,
            privileged: false,
        };
        let append =
            StreamAppend { stream: stream.clone(), expected: Expected::Exact(after), events: vec![event] };
        self.log.append(AppendBatch { envelope, streams: vec![append] }).await.unwrap();
    }

    /// How often an event type stands in the log.
    pub(crate) async fn count(&self, event_type: &str) -> usize {
        self.records().await.iter().filter(|record| record.event_type == event_type).count()
    }

    /// Lets the mail worker run until `count` mails were sent; what waited before and is obsolete now goes
    /// unsent.
    pub(crate) async fn mails(&self, count: usize) -> Vec<Mail> {
        let (mailer, sent) = Mailer::memory();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let worker = self.app.mail_worker(mailer, "https://portal.test".to_owned());
        let running = tokio::spawn(worker.run(async { _ = stopped.await }));
        tokio::time::timeout(Duration::from_secs(10), sent.tried(count)).await.unwrap();
        stop.send(()).unwrap();
        running.await.unwrap().unwrap();
        sent.taken()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }
}

pub(crate) struct Ready {
    pub(crate) developer: DeveloperId,
    pub(crate) account: ProdAccountId,
    pub(crate) group: ProdGroupId,
    pub(crate) integration: IntegrationId,
}

pub(crate) trait Keyed {
    fn key(self, key: &str) -> Self;
    fn seen(self, version: StreamVersion) -> Self;
    fn body(self, body: u8) -> Self;
}

impl Keyed for Meta {
    fn key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    fn seen(mut self, version: StreamVersion) -> Self {
        self.if_match = Some(version);
        self
    }

    fn body(mut self, body: u8) -> Self {
        self.request_digest = [body; 32];
        self
    }
}

/// Facts of an LTI tool with nothing missing.
pub(crate) fn complete(name: &str) -> Facts {
    let endpoint = |path: &str| [("default".to_owned(), format!("https://quiz.acme.com/{path}"))].into();
    let draft = Draft {
        name: name.to_owned(),
        kinds: vec!["lti13".to_owned()],
        description: Some("Quizzes.".to_owned()),
        hosts: vec!["quiz.acme.com".to_owned()],
        support_url: Some("https://help.acme.com/quiz".to_owned()),
        lti: Some(LtiDraft {
            login_initiation_url: endpoint("login"),
            redirect_uris: vec!["https://quiz.acme.com/launch".to_owned()],
            jwks_uri: endpoint("jwks.json"),
            target_link_uri: endpoint("launch"),
            ..LtiDraft::default()
        }),
        rest: None,
    };
    parse(draft).unwrap().0
}

/// Facts of an application that speaks REST, by name only.
pub(crate) fn rest(name: &str) -> Facts {
    let draft = Draft {
        name: name.to_owned(),
        kinds: vec!["rest".to_owned()],
        rest: Some(Rest::default()),
        ..Draft::default()
    };
    parse(draft).unwrap().0
}
