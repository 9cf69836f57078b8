//! A device that runs full under the program, on a small file system in a mount namespace of its own. Writing is
//! refused with 507 within a second, reading goes on, and writing goes on by itself when there is space again; also
//! when the program is killed meanwhile. To the last byte full, the read model may miss what was acknowledged last;
//! then a read says that it is behind, as it does whenever the read model stands still.

use crate::Plan;
use crate::program::{Portal, block_on};
use crate::report::Report;
use portal_tests::Random;
use portal_tests::process::Server;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The word by which this program knows that it runs in its own namespace.
pub(crate) const INSIDE: &str = "inside-the-mount";
const SIZE: &str = "size=96m";
const FLOOR: &str = "storage.free_space_floor_bytes=1048576";
/// Below the floor and what the log adds to it; twenty registrations fit in what the other files keep.
const LEFT_BYTES: u64 = 3 * 1024 * 1024;
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
const RESUMED_WITHIN: Duration = Duration::from_secs(30);
const NO_SPACE: u16 = 507;

/// Starts this program again where it may mount a file system.
pub(crate) fn run(plan: &Plan) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]).arg(program);
    command.args([INSIDE, &plan.rounds.to_string(), &plan.seed.to_string()]).arg(folder.path());
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("TMPDIR", folder.path());
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("no unshare ({error}): apt-get install util-linux"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(told) = said.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok()) else {
        return Report {
            failures: vec![format!("it said {said:?} and ended with {}", output.status)],
            ..Report::default()
        };
    };
    let number = |name: &str| told[name].as_u64().unwrap();
    let texts = |name: &str| -> Vec<String> { serde_json::from_value(told[name].clone()).unwrap() };
    Report {
        acknowledged: number("acknowledged"),
        lost: number("lost"),
        duplicated: number("duplicated"),
        failures: texts("failures"),
        notes: texts("notes"),
    }
}

/// In the namespace: rounds, seed, and where to mount.
pub(crate) fn inside(words: &[String]) {
    let [rounds, seed, folder] = words else { panic!("{words:?}") };
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs", folder]).status().unwrap();
    assert!(mounted.success());
    let plan = Plan { rounds: rounds.parse().unwrap(), seed: seed.parse().unwrap() };
    let report = block_on(cycles(&plan, Path::new(folder)));
    let Report { acknowledged, lost, duplicated, failures, notes } = report;
    println!(
        "{}",
        json!({ "acknowledged": acknowledged, "lost": lost, "duplicated": duplicated, "failures": failures, "notes": notes })
    );
}

/// The slowest of each.
#[derive(Default)]
struct Times {
    refused: Duration,
    resumed: Duration,
}

async fn cycles(plan: &Plan, folder: &Path) -> Report {
    let mut report = Report::default();
    let mut random = Random(plan.seed);
    let mut times = Times::default();
    let portal = Portal::new(&[FLOOR]).await;
    let mut server = portal.installation.serve().await;
    for round in 0..plan.rounds {
        let filler = folder.join("filler");
        let writers = portal.keep_registering(&server, round, 3);
        portal_tests::until("something is registered", async || portal.count() as u64 > round).await;
        // Below the floor, where the read model still has room, or to the last byte, where it may fall behind.
        let is_brimful = round % 2 == 1;
        fill(&filler, if is_brimful { 0 } else { LEFT_BYTES });
        refused(&portal, &server, round, &mut times, &mut report).await;
        for writer in writers {
            writer.await.unwrap();
        }
        report.add(&format!("round {round}, full"), portal.look(&server, is_brimful).await);
        let is_killed = random.below(3) == 0;
        if is_killed {
            server.kill();
            fs::remove_file(&filler).unwrap();
            server = portal.installation.serve().await;
        } else {
            fs::remove_file(&filler).unwrap();
        }
        resumed(&portal, &server, round, &mut times, &mut report).await;
        report.add(&format!("round {round}, afterwards"), portal.look(&server, false).await);
    }
    let (status, log) = server.terminate();
    if !status.success() {
        report.fail(format!("it ended with {status}: {log}"));
    }
    portal.check(&mut report);
    report.note(format!("refused within {:?}, resumed within {:?}", times.refused, times.resumed));
    report.acknowledged = portal.count() as u64;
    report
}

/// Takes every byte there is, but for some.
fn fill(filler: &Path, left_bytes: u64) {
    let mut file = File::create(filler).unwrap();
    let mut bytes = vec![0; 1024 * 1024];
    while !bytes.is_empty() {
        match file.write_all(&bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let half = bytes.len() / 2;
                bytes.truncate(half);
            }
            Err(error) => panic!("{error}"),
        }
    }
    let taken = file.metadata().unwrap().len();
    file.set_len(taken.saturating_sub(left_bytes)).unwrap();
}

async fn refused(portal: &Portal, server: &Server, round: u64, times: &mut Times, report: &mut Report) {
    let (api, begun) = (portal.api(server), Instant::now());
    for n in 0.. {
        let name = format!("Full {round} Number {n}");
        match Portal::register(&api, &portal.promised, &name).await {
            Some(NO_SPACE) => break,
            Some(201) if begun.elapsed() < REFUSED_WITHIN => {}
            other => return report.fail(format!("round {round}: on a full device it answered {other:?}")),
        }
    }
    times.refused = times.refused.max(begun.elapsed());
    let ready = server.api().get("/readyz").attempt().await.map(|answer| answer.status);
    if ready != Some(503) {
        report.fail(format!("round {round}: on a full device readiness is {ready:?}"));
    }
}

async fn resumed(portal: &Portal, server: &Server, round: u64, times: &mut Times, report: &mut Report) {
    let (api, begun) = (portal.api(server), Instant::now());
    let name = format!("Space {round}");
    loop {
        match Portal::register(&api, &portal.promised, &name).await {
            Some(201) => break,
            Some(NO_SPACE | 503) if begun.elapsed() < RESUMED_WITHIN => {
                tokio::time::timeout(portal_tests::LOOK_AGAIN, std::future::pending::<()>())
                    .await
                    .unwrap_err();
            }
            other => return report.fail(format!("round {round}: with space again it answered {other:?}")),
        }
    }
    portal_tests::until("all of it is ready", async || {
        server.api().get("/readyz").send().await.status == 200
    })
    .await;
    times.resumed = times.resumed.max(begun.elapsed());
}
