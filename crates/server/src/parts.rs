//! Opening everything that lives in the data directory, in the order of trust: the log under its lock, then
//! what must belong to it.

use crate::{config::Config, exit::Failure};
use anyhow::Context as _;
use app::{
    App, Parts,
    clock::Clock,
    ids::Ids,
    keyring::Keyring,
    passwords::Passwords,
    quota::{Follower, time_of},
    side_state::{Place, SideState, SideStateError},
};
use eventlog::{EventLog, Hooks, OnFatal, OpenError, SledOptions};
use quota::{Engine, Ledger, LedgerError, Options};
use readmodel::Projector;
use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// Threads that hash passwords: each holds 19 MiB while it works.
const PASSWORD_THREADS: usize = 2;

/// An opened data directory.
pub(crate) struct Opened {
    /// Use cases.
    pub(crate) app: App,
    /// The log, to close in the end.
    pub(crate) log: EventLog,
    /// Folds the log into the read model while it runs.
    pub(crate) projector: Projector,
    /// What counts calls.
    pub(crate) counting: Counting,
}

/// What runs beside the door.
pub(crate) struct Counting {
    /// Where calls are counted, to close in the end.
    pub(crate) ledger: Ledger,
    /// Leases from it, and gives back.
    pub(crate) worker: quota::Worker,
    /// Keeps up with who is who.
    pub(crate) follower: Follower,
    /// Thresholds that were reached.
    pub(crate) notices: mpsc::Receiver<quota::Notice>,
}

/// Where the log lives.
pub(crate) fn log_dir(config: &Config) -> PathBuf {
    config.data_dir.join("log")
}

/// The file side state lives in.
pub(crate) fn side_state_file(config: &Config) -> PathBuf {
    config.data_dir.join("state/state.sqlite")
}

/// Opens all parts. `on_fatal` is told when the log can't be written any more.
pub(crate) async fn open(
    config: &Config,
    clock: Clock,
    ids: Ids,
    on_fatal: Option<OnFatal>,
) -> Result<Opened, Failure> {
    let keyring = Keyring::load(&config.keyring)
        .context("the keyring is needed; `devportal init` makes one")
        .map_err(Failure::Failed)?;
    private_dir(&config.data_dir)?;
    let options = SledOptions { dir: log_dir(config), free_space_floor_bytes: config.free_space_floor_bytes };
    let hooks = Hooks { on_fatal, ..Hooks::default() };
    let log = EventLog::open_sled_with(options, clock.for_log(), hooks).await.map_err(from_log)?;
    let log_id = log.head().log_id;
    private_dir(&config.data_dir.join("state"))?;
    let side = SideState::open(Place::File(&side_state_file(config)), log_id).await.map_err(from_side)?;
    let keys = keyring.bind(log_id);
    side.bind_keys(&keys).await.map_err(from_side)?;
    side.check_keys_of(&log).await.map_err(from_side)?;
    let (read, projector) = readmodel::open(&config.data_dir.join("readmodel"), log.clone())
        .await
        .context("the read model cannot be opened")?;
    let ledger = open_ledger(config).await?;
    let options = Options::new(u64::from_be_bytes(ids.bytes()));
    let (engine, worker, notices) = Engine::start(ledger.clone(), time_of(&clock), options)
        .await
        .context("the ledger of calls cannot be read")?;
    let passwords = Passwords::start(PASSWORD_THREADS, ids.clone()).context("no threads for passwords")?;
    let app = App::new(Parts {
        log: log.clone(),
        read,
        side,
        keys,
        passwords,
        policy: config.policy.clone(),
        engine,
        clock,
        ids,
    });
    let counting = Counting { ledger, worker, follower: app.quota_follower(), notices };
    Ok(Opened { app, log, projector, counting })
}

async fn open_ledger(config: &Config) -> Result<Ledger, Failure> {
    let opened = if let Some(url) = &config.ledger {
        Ledger::open_postgres(url).await
    } else {
        let folder = config.data_dir.join("quota");
        private_dir(&folder)?;
        Ledger::open_sqlite(&folder.join("quota.sqlite")).await
    };
    opened.map_err(|error| match error {
        LedgerError::NewerSchema { .. } => Failure::NewerFormat(error.to_string()),
        error => Failure::Failed(anyhow::Error::new(error).context("the ledger of calls cannot be opened")),
    })
}

fn private_dir(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    Ok(made.with_context(|| format!("cannot make {}", path.display()))?)
}

/// How a command ends that can't open the log.
pub(crate) fn from_log(error: OpenError) -> Failure {
    match error {
        OpenError::InUse { .. } => Failure::Unavailable(error.to_string()),
        OpenError::NewerFormat { .. } | OpenError::NewerSchema { .. } => {
            Failure::NewerFormat(error.to_string())
        }
        OpenError::NetworkFileSystem { .. } => Failure::Refused(error.to_string()),
        OpenError::Damaged { .. }
        | OpenError::Shortened { .. }
        | OpenError::Database(_)
        | OpenError::Io { .. } => {
            Failure::Failed(anyhow::Error::new(error).context("the log cannot be opened"))
        }
    }
}

/// How a command ends that can't open side state.
pub(crate) fn from_side(error: SideStateError) -> Failure {
    match error {
        SideStateError::NewerSchema { .. } => Failure::NewerFormat(error.to_string()),
        SideStateError::OtherKeyring | SideStateError::NoKeys => Failure::Refused(error.to_string()),
        SideStateError::Busy => Failure::Unavailable(error.to_string()),
        error => Failure::Failed(anyhow::Error::new(error).context("side state cannot be opened")),
    }
}
