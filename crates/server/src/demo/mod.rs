//! `devportal demo`: the journeys of three people and their gateway, played over HTTP against a real server, with real mail.

pub mod client;
pub mod journeys;
pub mod mail;
pub mod manifest;
pub mod smtp_sink;
mod stage;
pub mod transcript;

use client::Client;
use journeys::{
    Scene, customer, gateway, registering, registering::Registered, staff, vendor, vendor::Release,
};
use manifest::Record;
use serde_json::json;
use stage::{Stage, StopSignals};
use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    time::Instant,
};
use transcript::{Form, Transcript, milliseconds};

/// The demo's own registrations; the first is the one that goes to production.
const FIXTURES: [&str; 3] = [
    include_str!("../../fixtures/sudoku-daily.json"),
    include_str!("../../fixtures/attendance-export.json"),
    include_str!("../../fixtures/crossword-corner.json"),
];

/// What the demo plays.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print one JSON object a step instead of the transcript.
    #[arg(long)]
    pub json: bool,
    /// Register these instead of the demo's own: a file with one registration or an array of them, or a
    /// folder of files; in the portal's own format or the layout of public records.
    #[arg(long, value_name = "PATH")]
    pub manifest: Option<PathBuf>,
    /// Leave the server running until Ctrl-C or SIGTERM, and print addresses and sign-in data.
    #[arg(long)]
    pub serve: bool,
}

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A step did not go as it should; it is written down already.
    #[error("{step}: {why}")]
    Step {
        /// Which.
        step: String,
        /// What was wrong.
        why: String,
    },
    /// An earlier step held, but did not give what the next one needs.
    #[error("cannot go on without {0}")]
    Without(&'static str),
    /// A mail did not come.
    #[error(transparent)]
    NoMail(#[from] smtp_sink::NoMail),
    /// The server did not answer.
    #[error("the server does not answer")]
    Http(#[from] reqwest::Error),
    /// An answer was no JSON.
    #[error("an answer is not JSON")]
    Json(#[from] serde_json::Error),
    /// The registrations can't be read.
    #[error(transparent)]
    Manifest(#[from] manifest::ManifestError),
    /// The transcript can't be written, or a socket or folder can't be made.
    #[error("cannot write the transcript, or make a socket or folder")]
    Io(#[from] io::Error),
    /// Not everything held; what did not is written down.
    #[error("not everything held; the transcript says what did not")]
    NotHeld,
    /// The server does not start or stop as it should.
    #[error("the demo's server failed")]
    Server(#[source] anyhow::Error),
}

/// The demo's form of output: colour and progress only for people at a terminal.
pub fn form(options: &Options, no_colour: bool) -> Form {
    let terminal = io::stdout().is_terminal();
    if options.json {
        return Form::Json;
    }
    Form::Pretty { colour: terminal && !no_colour, progress: terminal }
}

/// Plays everything. Err unless every step held and the log check found nothing.
pub async fn run(options: &Options, form: Form) -> Result<(), DemoError> {
    let begun = Instant::now();
    let records = match &options.manifest {
        Some(path) => manifest::read(path)?,
        None => Vec::new(),
    };
    let mut transcript = Transcript::new(form, Box::new(io::stdout()));
    transcript.progress("starting the server")?;
    let stage = Stage::start().await?;
    transcript.heading("devportal demo", "three people, one portal, everything over HTTP")?;
    transcript.pretty(&format!("  server {}, mail {}", stage.base(), stage.mails().address()))?;
    let played = play(&stage, &mut transcript, &records).await;
    transcript.totals.ms = milliseconds(begun.elapsed());
    if options.serve && played.is_ok() {
        serve(&stage, &mut transcript).await?;
    }
    finish(stage, &mut transcript, played).await
}

/// Stops the server, checks its log and closes the transcript.
async fn finish(
    stage: Stage,
    transcript: &mut Transcript,
    played: Result<(), DemoError>,
) -> Result<(), DemoError> {
    transcript.totals.mails = stage.mails().mails().len();
    transcript.progress("stopping the server and checking its log")?;
    let report = stage.stop_and_check().await?;
    let totals = &mut transcript.totals;
    totals.events = report.events;
    totals.log_digest = report.digest;
    totals.log_check = match &report.first_bad {
        None => format!("{} events in {} streams verified, nothing bad", report.events, report.streams),
        Some((position, what)) => format!("bad at position {}: {what}", position.0),
    };
    totals.ok = played.is_ok() && totals.failed == 0 && report.first_bad.is_none();
    transcript.close()?;
    match played {
        // Written down as a step already.
        Ok(()) | Err(DemoError::Step { .. }) if transcript.totals.ok => Ok(()),
        Ok(()) | Err(DemoError::Step { .. }) => Err(DemoError::NotHeld),
        Err(other) => Err(other),
    }
}

async fn play(stage: &Stage, transcript: &mut Transcript, records: &[Record]) -> Result<(), DemoError> {
    let mut scene = Scene { transcript, mails: stage.mails() };
    let mut ada = Client::new(vendor::ACTOR, stage.base())?;
    let mut grace = Client::new(staff::ACTOR, stage.base())?;
    let customer = Client::new(customer::ACTOR, stage.base())?;

    scene.transcript.heading("Vendor", "signs up and registers")?;
    vendor::sign_up(&mut scene, &mut ada, &stage.policy().terms_version).await?;
    let flagship = register(&mut scene, &ada, stage, records).await?;
    vendor::keep_credentials(&mut scene, &ada, &flagship).await?;

    scene.transcript.heading("Customer", "was handed the ID early")?;
    customer::look_up_before(&mut scene, &customer, &flagship).await?;

    scene.transcript.heading("Vendor", "prepares the release")?;
    let vendor_name = flagship.vendor.clone().unwrap_or_else(|| vendor::VENDOR.to_owned());
    let account = vendor::open_account(&mut scene, &ada, &vendor_name).await?;
    let release = vendor::prepare_release(&mut scene, &ada, &account, &vendor_name, &flagship).await?;
    vendor::submit(&mut scene, &ada, &release, "hands it in for review").await?;

    scene.transcript.heading("Staff", "review it and send it back")?;
    staff::sign_in(&mut scene, &mut grace, stage.staff()).await?;
    staff::read_queue(&mut scene, &grace, &release).await?;
    staff::send_back(&mut scene, &grace, &release).await?;

    scene.transcript.heading("Vendor", "answers")?;
    vendor::answer_changes(&mut scene, &ada, &release).await?;

    scene.transcript.heading("Staff", "approve it")?;
    staff::approve(&mut scene, &grace, &release).await?;

    scene.transcript.heading("Vendor", "is in production")?;
    vendor::see_grant(&mut scene, &ada, &release).await?;

    scene.transcript.heading("Customer", "looks the ID up")?;
    customer::look_up_after(&mut scene, &customer, &release).await?;
    customer::look_up_unknown(&mut scene, &customer).await?;

    scene.transcript.heading("Gateway", "asks about each call")?;
    count(&mut scene, stage, [&ada, &grace], &release).await
}

/// A gateway asks about calls until the limit is reached.
async fn count(
    scene: &mut Scene<'_>,
    stage: &Stage,
    [vendor, staff]: [&Client; 2],
    release: &Release,
) -> Result<(), DemoError> {
    let Some(secret) = &release.integration.secret else {
        return Ok(scene
            .transcript
            .remark("nothing to ask about: the integration has no REST credentials")?);
    };
    let credential = staff::register_gateway(scene, staff).await?;
    staff::set_limit(scene, staff, &release.group, gateway::CALLS).await?;
    let asking = Client::new(gateway::ACTOR, stage.base())?;
    gateway::ask(scene, &asking, &credential, secret).await?;
    vendor::see_quota(scene, vendor, &release.group, gateway::CALLS).await
}

/// Registers the records, or the demo's own, and gives the integration that goes to production: of the
/// records the first that is complete and may be named after its vendor, else the demo's own.
async fn register(
    scene: &mut Scene<'_>,
    vendor: &Client,
    stage: &Stage,
    records: &[Record],
) -> Result<Registered, DemoError> {
    let mut own = Vec::new();
    for fixture in FIXTURES {
        own.extend(manifest::parse(fixture.as_bytes())?);
    }
    let releasable = |one: &Registered| {
        let vendor = one.vendor.as_deref().unwrap_or(vendor::VENDOR);
        one.complete && domain::names::check_production(vendor, vendor, &[], stage.policy()).is_ok()
    };
    if !records.is_empty() {
        let registered = registering::register_all(scene, vendor, records).await?;
        if let Some(flagship) = registered.into_iter().find(releasable) {
            return Ok(flagship);
        }
        scene.transcript.remark("none of them can go to production, so the demo registers one of its own")?;
        own.truncate(1);
    }
    let registered = registering::register_all(scene, vendor, &own).await?;
    registered.into_iter().find(releasable).ok_or(DemoError::Without("an integration that is complete"))
}

/// Prints how to sign in as whom, and waits to be stopped.
async fn serve(stage: &Stage, transcript: &mut Transcript) -> Result<(), DemoError> {
    let stop = StopSignals::listen()?;
    let access = stage.staff();
    transcript.heading("Serving", "until Ctrl-C or SIGTERM")?;
    for line in [
        format!("portal    {}   (API description: /openapi.json)", stage.base()),
        format!("mail      {}", stage.mails().url()),
        format!("data      {}", stage.data_dir().display()),
        format!("vendor    POST /v1/sessions        {} / {}", vendor::EMAIL, vendor::PASSWORD),
        format!("staff     POST /v1/staff/sessions  {} / {}", staff::EMAIL, access.password),
        format!("          second factor: {}", access.otpauth),
        "customer  GET /v1/lookup/{integration ID}, no sign-in".to_owned(),
    ] {
        transcript.pretty(&format!("  {line}"))?;
    }
    transcript.json(&json!({ "serving": {
        "base_url": stage.base(), "smtp": stage.mails().url(), "data_dir": stage.data_dir(),
        "vendor": { "email": vendor::EMAIL, "password": vendor::PASSWORD },
        "staff": { "email": staff::EMAIL, "password": access.password, "otpauth": access.otpauth },
    } }))?;
    stop.first().await;
    Ok(())
}
