//! kill -9 of the program 0 to 300 ms after it was started, as an impatient supervisor does again and again. It
//! always starts when it is left alone, and has everything.

use crate::Plan;
use crate::program::{Portal, block_on};
use crate::report::Report;
use portal_tests::Random;
use std::fs::File;
use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills in a row before it is left alone.
const KILLS_PER_LOOK: u64 = 12;
const LATEST_US: u64 = 300_000;
const READY_WITHIN: Duration = Duration::from_secs(30);

pub(crate) fn run(plan: &Plan) -> Report {
    block_on(async {
        let mut report = Report::default();
        let mut random = Random(plan.seed);
        let portal = Portal::new(&[]).await;
        for round in 0..plan.rounds {
            kill_soon(&portal, round, &mut random, &mut report).await;
            if (round + 1) % KILLS_PER_LOOK == 0 || round + 1 == plan.rounds {
                let begun = Instant::now();
                let server = portal.installation.serve().await;
                if begun.elapsed() > READY_WITHIN {
                    report.fail(format!("round {round}: ready after {:?}", begun.elapsed()));
                }
                report.add(&format!("round {round}"), portal.look(&server).await);
                let api = portal.api(&server);
                let name = format!("After Kill {round}");
                if Portal::register(&api, &portal.promised, &name).await != Some(201) {
                    report.fail(format!("round {round}: a registration was not taken"));
                }
                server.kill();
            }
        }
        portal.check(&mut report);
        report.acknowledged = portal.count() as u64;
        report
    })
}

async fn kill_soon(portal: &Portal, round: u64, random: &mut Random, report: &mut Report) {
    let log = portal.installation.data_dir().with_file_name("startup.log");
    let mut command = portal.installation.command(&["serve"]);
    let mut child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    let delay = Duration::from_micros(random.below(LATEST_US));
    // Nothing is waited for but time: when the kill comes must not depend on what the program does.
    tokio::time::timeout(delay, std::future::pending::<()>()).await.unwrap_err();
    if let Some(status) = child.try_wait().unwrap() {
        let mut text = String::new();
        File::open(&log).unwrap().read_to_string(&mut text).unwrap();
        report.fail(format!("round {round}: it did not start but ended with {status}: {text}"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
