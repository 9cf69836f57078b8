//! `devportal log check | head | export | import`

use crate::{
    cli::Configured,
    config::Config,
    exit::Failure,
    parts::{from_log, log_dir},
};
use anyhow::Context as _;
use app::clock::Clock;
use data_encoding::HEXLOWER;
use eventlog::{EventLog, ExportError, ImportError, SledOptions};
use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// What to do with the log.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Verify every record: checksum, hash, chain, positions, batches, and that nothing durable is missing.
    Check(Configured),
    /// Tell the durable end; works while a server runs.
    Head(Configured),
    /// Write all records as JSON Lines into a new file.
    Export {
        /// File to write; must not exist.
        file: PathBuf,
        #[command(flatten)]
        configured: Configured,
    },
    /// Read an export into a data directory without a log.
    Import {
        /// File to read.
        file: PathBuf,
        #[command(flatten)]
        configured: Configured,
    },
}

/// Does it, and tells the result as one JSON object.
pub(crate) async fn run(command: Command) -> Result<String, Failure> {
    let told = match command {
        Command::Check(configured) => check(&log_dir(&configured.load()?))?,
        Command::Head(configured) => head(&log_dir(&configured.load()?))?,
        Command::Export { file, configured } => export(&configured.load()?, &file).await?,
        Command::Import { file, configured } => import(&log_dir(&configured.load()?), &file)?,
    };
    Ok(format!("{told}\n"))
}

fn head(dir: &Path) -> Result<serde_json::Value, Failure> {
    let head = eventlog::head(dir).map_err(from_log)?;
    let hash = HEXLOWER.encode(&head.hash);
    Ok(serde_json::json!({ "log_id": head.log_id, "position": head.position.0, "hash": hash }))
}

fn check(dir: &Path) -> Result<serde_json::Value, Failure> {
    let report = eventlog::check(dir, &Clock::System.for_log()).map_err(from_log)?;
    let told = serde_json::json!({
        "log_id": report.log_id, "events": report.events, "streams": report.streams,
        "durable": report.durable.0, "digest": report.digest, "head_hash": HEXLOWER.encode(&report.head_hash),
    });
    match report.first_bad {
        None => Ok(told),
        Some((position, what)) => Err(Failure::Failed(anyhow::anyhow!(
            "the log is bad from position {} on: {what}\n{told}",
            position.0
        ))),
    }
}

async fn export(config: &Config, file: &Path) -> Result<serde_json::Value, Failure> {
    let options = SledOptions { dir: log_dir(config), free_space_floor_bytes: config.free_space_floor_bytes };
    eventlog::head(&options.dir).map_err(from_log)?;
    let log = EventLog::open_sled(options, Clock::System.for_log()).await.map_err(from_log)?;
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let out = open.with_context(|| format!("cannot make {}", file.display()))?;
    let exported = eventlog::export(&log, BufWriter::new(&out)).await;
    log.close().await;
    let done = exported.map_err(|error: ExportError| Failure::Failed(error.into()))?;
    out.sync_all().context("the export is not durable")?;
    Ok(serde_json::json!({ "log_id": done.log_id, "events": done.events, "digest": done.digest }))
}

fn import(dir: &Path, file: &Path) -> Result<serde_json::Value, Failure> {
    let input = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let imported = eventlog::import(BufReader::new(input), dir, &Clock::System.for_log());
    let done = imported.map_err(|error| match error {
        ImportError::Exists => Failure::Refused(error.to_string()),
        ImportError::Open(error) => from_log(error),
        error => Failure::Failed(error.into()),
    })?;
    Ok(serde_json::json!({ "log_id": done.log_id, "events": done.events, "digest": done.digest }))
}
