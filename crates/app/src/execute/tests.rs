use super::*;
use crate::{
    Meta, Parts,
    aggregate::Aggregate as _,
    clock::Clock,
    ids::Ids,
    keyring::Keyring,
    passwords::Passwords,
    quota::time_of,
    secret::Secret,
    side_state::{Place, SideState},
    sign_up::SignUp,
};
use ::quota::{Engine, Ledger, Options};
use chrono::DateTime;
use domain::{
    actor::Actor,
    address::Address,
    devgroup::{Command, DevGroup},
    ids::{DevGroupId, DeveloperId, SessionId},
    policy::Policy,
};
use eventlog::EventLog;
use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

struct Bench {
    app: App,
    developer: DeveloperId,
    _dir: tempfile::TempDir,
}

/// An engine without a worker: nothing here calls the platform.
async fn engine(dir: &Path, clock: &Clock) -> Engine {
    let ledger = Ledger::open_sqlite(&dir.join("quota.sqlite")).await.unwrap();
    Engine::start(ledger, time_of(clock), Options::new(1)).await.unwrap().0
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ids = Ids::seeded(1);
        let (clock, _) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let log = EventLog::memory(clock.for_log());
        let log_id = log.head().log_id;
        let (read, _) = readmodel::open(dir.path(), log.clone()).await.unwrap();
        let app = App::new(Parts {
            read,
            side: SideState::open(Place::File(&dir.path().join("state.sqlite")), log_id).await.unwrap(),
            keys: Keyring::generate(&ids).bind(log_id),
            passwords: Passwords::start(1, ids.clone()).unwrap(),
            policy: Policy::default(),
            engine: engine(dir.path(), &clock).await,
            clock,
            ids,
            log,
        });
        let developer = register(&app).await;
        Self { app, developer, _dir: dir }
    }

    fn meta(&self) -> Meta {
        meta(&self.app, Actor::Developer(self.developer, SessionId::from_uuid(self.app.inner.ids.v4())))
    }

    async fn group(&self, name: &str) -> DevGroupId {
        self.app.create_group(self.meta(), self.developer, name.to_owned()).await.unwrap().value
    }

    async fn version(&self, group: DevGroupId) -> StreamVersion {
        self.app.inner.log.stream_version(&DevGroup::stream_of(group)).await.unwrap()
    }

    async fn run(&self, meta: Meta, disturbed: Disturbed) -> (Result<Done<()>, AppError>, u32) {
        let attempts = Arc::clone(&disturbed.attempts);
        let outcome = self.app.run(self.app.ticket(meta), disturbed).await;
        (outcome, attempts.load(Ordering::SeqCst))
    }

    /// Renames `main` after having read `guard`; meanwhile somebody renames `moved`, so many times.
    fn disturbed(&self, main: DevGroupId, guard: DevGroupId, moved: DevGroupId, times: u32) -> Disturbed {
        let (app, by, attempts) = (self.app.clone(), self.developer, Arc::default());
        Disturbed { app, by, main, guard, moved, times, attempts }
    }
}

fn meta(app: &App, actor: Actor) -> Meta {
    Meta {
        actor,
        request_id: app.inner.ids.v4(),
        idempotency_key: None,
        route: "/test",
        request_digest: [0; 32],
        if_match: None,
    }
}

async fn register(app: &App) -> DeveloperId {
    let sign_up = SignUp {
        email: Address::parse("ada@acme.com", app.policy()).unwrap(),
        password: Secret::new("correct horse battery staple".to_owned()),
        name: "Ada".to_owned(),
        locale: "en".to_owned(),
        terms_version: app.policy().terms_version.clone(),
    };
    let address = app.address_fingerprint(&sign_up.email);
    let id = app.start_sign_up(meta(app, Actor::Anonymous), sign_up).await.unwrap().id;
    let code = crate::codes::Challenge::sign_up(id, address).code(&app.inner.keys).reveal().clone();
    app.prove_sign_up(meta(app, Actor::Anonymous), id, code).await.unwrap().value.developer
}

struct Disturbed {
    app: App,
    by: DeveloperId,
    main: DevGroupId,
    guard: DevGroupId,
    moved: DevGroupId,
    times: u32,
    attempts: Arc<AtomicU32>,
}

impl UseCase for Disturbed {
    fn main(&self) -> StreamName {
        DevGroup::stream_of(self.main)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut main = work.load::<DevGroup>(self.main).await?;
        work.load::<DevGroup>(self.guard).await?;
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
        if attempt < self.times {
            let meta = meta(&self.app, Actor::System);
            self.app
                .rename_group(meta, self.by, self.moved, format!("Moved {attempt} {}", self.moved))
                .await?;
        }
        let (group, by, name) = (self.main, self.by, "Renamed".to_owned());
        work.decide(&mut main, Command::Rename { group, by, name })
    }
}

#[tokio::test]
async fn a_stream_that_was_only_read_guards_the_append() {
    let bench = Bench::new().await;
    let (main, guard) = (bench.group("Main").await, bench.group("Guard").await);
    let (outcome, attempts) = bench.run(bench.meta(), bench.disturbed(main, guard, guard, 1)).await;
    assert_eq!((outcome.unwrap().version, attempts), (StreamVersion(2), 2));
    assert_eq!(bench.version(guard).await, StreamVersion(2), "guarded, not written");
}

#[tokio::test]
async fn after_three_retries_it_is_contended_and_nothing_was_done() {
    let bench = Bench::new().await;
    let (main, guard) = (bench.group("Main").await, bench.group("Guard").await);
    let (outcome, attempts) = bench.run(bench.meta(), bench.disturbed(main, guard, guard, 9)).await;
    assert!(matches!(outcome, Err(AppError::Contended)));
    assert_eq!(attempts, 4);
    assert_eq!(bench.version(main).await, StreamVersion(1));
}

#[tokio::test]
async fn what_a_client_has_seen_is_not_overridden_by_a_retry() {
    let bench = Bench::new().await;
    let (main, guard) = (bench.group("Main").await, bench.group("Guard").await);
    let seen = || Meta { if_match: Some(StreamVersion(1)), ..bench.meta() };
    let (outcome, attempts) = bench.run(seen(), bench.disturbed(main, guard, guard, 1)).await;
    assert!(matches!(outcome, Err(AppError::Contended)));
    assert_eq!(attempts, 1);
    let (outcome, attempts) = bench.run(seen(), bench.disturbed(main, guard, main, 1)).await;
    assert!(matches!(outcome, Err(AppError::PreconditionFailed { actual: StreamVersion(2) })));
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn a_stream_loaded_twice_is_guarded_at_the_version_seen_first() {
    let bench = Bench::new().await;
    let group = bench.group("Main").await;
    let mut work = Work::query(&bench.app.inner);
    work.load::<DevGroup>(group).await.unwrap();
    let by = bench.developer;
    bench.app.rename_group(bench.meta(), by, group, "Moved".to_owned()).await.unwrap();
    let mut main = work.load::<DevGroup>(group).await.unwrap();
    work.decide(&mut main, Command::Rename { group, by, name: "Renamed".to_owned() }).unwrap();
    let committed = work.commit(&bench.app.ticket(bench.meta()), &DevGroup::stream_of(group)).await;
    assert!(matches!(committed, Err(Uncommitted::Conflict { actual: StreamVersion(2), .. })));
}

#[tokio::test]
async fn the_same_command_does_not_run_twice_at_once() {
    let bench = Bench::new().await;
    let (main, guard) = (bench.group("Main").await, bench.group("Guard").await);
    let ticket = bench.app.ticket(Meta { idempotency_key: Some("k".to_owned()), ..bench.meta() });
    let running = bench.app.inner.in_flight.enter(ticket.command).unwrap();
    let again = bench.app.run(ticket.clone(), bench.disturbed(main, guard, guard, 0)).await;
    assert!(matches!(again, Err(AppError::InFlight)));
    drop(running);
    bench.app.run(ticket, bench.disturbed(main, guard, guard, 0)).await.unwrap();
}
