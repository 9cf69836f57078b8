//! The program itself, with its real guards and times, gives every situation of the table the stated finding: in a
//! network namespace where port 25 and global addresses are to be had. Elsewhere only what uses no network is asked.

use mail_farm::{Farm, Situation, Want, World, script, table, world};
use serde_json::Value;
use std::{
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    time::Instant,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// Processes at a time.
const AT_A_TIME: usize = 40;

/// Seconds for the longest check: as long as all its conversations may take, and what a busy machine adds.
const PATIENCE: &str = "240";

fn main() -> ExitCode {
    world::enter(|world| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        runtime.block_on(play(world))
    })
}

async fn play(world: World) -> ExitCode {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let chosen = |situation: &Situation| {
        let heading = format!("{} {}", situation.number, situation.title);
        let without_network = situation.wants.iter().all(|want| want.verdict == "REJECTED_INPUT");
        situation.elsewhere.is_none()
            && (world == World::Namespace || without_network)
            // A null byte ends an argument, so nobody can type one here.
            && !situation.to.contains('\0')
            && only.as_ref().is_none_or(|text| heading.contains(text))
    };
    let situations: Vec<Situation> = table::situations().into_iter().filter(chosen).collect();
    if world == World::Loopback {
        eprintln!("playing only the {} situations that use no network", situations.len());
    }
    let farm = Farm::start(world, &situations, 1).await.expect("the farm starts");
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, farm.authority().root_pem()).expect("a file");
    let asker =
        Asker { resolver: farm.resolver().to_string(), roots, turn: Arc::new(Semaphore::new(AT_A_TIME)) };
    let begun = Instant::now();
    let mut checks = JoinSet::new();
    // The slow ones stand at the end of the table and begin first.
    for situation in situations.iter().rev().cloned() {
        let asker = asker.clone();
        checks.spawn(async move { asker.differences(situation).await });
    }
    let mut findings: Vec<String> = checks.join_all().await.into_iter().flatten().collect();
    findings.extend(farm.journal().complaints());
    for finding in &findings {
        eprintln!("{finding}");
    }
    eprintln!(
        "{} situations ({world:?}) by the program in {:.0} s: {} conversations, the longest {:.0} s; {} differences",
        situations.len(),
        begun.elapsed().as_secs_f32(),
        farm.journal().all_conversations(),
        farm.journal().longest().as_secs_f32(),
        findings.len()
    );
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the program.
#[derive(Clone)]
struct Asker {
    resolver: String,
    roots: PathBuf,
    turn: Arc<Semaphore>,
}

impl Asker {
    async fn differences(&self, situation: Situation) -> Vec<String> {
        let _turn = self.turn.acquire().await.expect("never closed");
        let mut differences = Vec::new();
        for want in &situation.wants {
            let (found, code) = self.ask(&situation).await;
            if found.as_ref() != Some(want) || code != Some(code_of(&want.verdict)) {
                let heading = format!("{} {}", situation.number, situation.title);
                differences
                    .push(format!("{heading}: wanted {want:?}, found {found:?} with exit code {code:?}"));
            }
        }
        differences
    }

    /// What the program tells, and its exit code.
    async fn ask(&self, situation: &Situation) -> (Option<Want>, Option<i32>) {
        // `timeout` of coreutils, so that a check that does not end ends all the same.
        let mut command = Command::new("timeout");
        command.args([PATIENCE, env!("CARGO_BIN_EXE_portal-under-test"), "mailcheck", "--json"]);
        command.args(["--helo", "probe.portal-mail.org", "--resolver", &self.resolver]);
        if !situation.egress_works {
            command.args(["--canary", &script::DEAD_CANARY.to_string()]);
        }
        command.args(["--", &situation.to]);
        command.env_clear().env("SSL_CERT_FILE", &self.roots).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
        let output = output.expect("timeout of coreutils runs");
        (told(&output.stdout), output.status.code())
    }
}

fn told(output: &[u8]) -> Option<Want> {
    let told: Value = serde_json::from_slice(output).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let flags = told["flags"].as_array()?.iter().filter_map(|flag| text(&flag["code"])).collect();
    Some(Want { verdict: text(&told["verdict"])?, reason: text(&told["reason"])?, flags })
}

/// Exit codes are part of the interface.
fn code_of(verdict: &str) -> i32 {
    match verdict {
        "ACCEPTED" => 0,
        "UNREACHABLE" | "REJECTED_INPUT" | "UNSAFE_TARGET" => 3,
        _ => 7,
    }
}
