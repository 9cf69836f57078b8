//! A barrier that fails once: the program acknowledges nothing from then on, does not try again, and ends within a
//! second with the code for it. Afterwards everything that was acknowledged is there.

use crate::Plan;
use crate::child::NOT_DURABLE;
use crate::program::{Portal, block_on};
use crate::report::Report;
use portal_tests::Random;
use std::fs;
use std::path::Path;

const WRITERS: u64 = 4;
const SECONDS_TO_END: f64 = 1.0;

pub(crate) fn run(plan: &Plan) -> Report {
    block_on(async {
        let mut report = Report::default();
        let mut random = Random(plan.seed);
        let portal = Portal::new(&[]).await;
        let mut slowest = 0.0_f64;
        for round in 0..plan.rounds {
            slowest = slowest.max(one_failure(&portal, round, &mut random, &mut report).await);
        }
        report.note(format!("it ended {slowest:.3} s after the failure at the latest"));
        portal.check(&mut report);
        report.acknowledged = portal.count() as u64;
        report
    })
}

/// Gives the seconds from the failure to the end.
async fn one_failure(portal: &Portal, round: u64, random: &mut Random, report: &mut Report) -> f64 {
    let data = portal.installation.data_dir();
    let file = if random.below(3) == 0 { "store/head" } else { "store/sled/db" };
    let (file, record) = (data.join("log").join(file), data.with_file_name("record"));
    let fault = format!("inject=fdatasync:error=EIO:when={}", 2 + random.below(30));
    let options = [
        "-D",
        "-f",
        "-q",
        "-ttt",
        "-e",
        "signal=none",
        "-e",
        "trace=fdatasync",
        "-e",
        &fault,
        "-P",
        file.to_str().unwrap(),
        "-o",
        record.to_str().unwrap(),
    ];
    let mut server = portal.installation.serve_under("strace", &options).await;
    let writers = portal.keep_registering(&server, round, WRITERS);
    for writer in writers {
        writer.await.unwrap();
    }
    let mut status = None;
    for _ in 0..600 {
        status = server.ended();
        if status.is_some() {
            break;
        }
        tokio::time::timeout(portal_tests::LOOK_AGAIN, std::future::pending::<()>()).await.unwrap_err();
    }
    let code = status.and_then(|status| status.code());
    if code != Some(NOT_DURABLE) {
        report.fail(format!("round {round}: after a failed barrier it ended with {code:?}"));
    }
    let seconds = after_failure(&record, round, report);
    if seconds > SECONDS_TO_END {
        report.fail(format!("round {round}: it ended {seconds} s after the failure"));
    }
    drop(server);
    let server = portal.installation.serve().await;
    report.add(&format!("round {round}"), portal.look(&server).await);
    server.kill();
    seconds
}

/// Looks at what the process did after the failure; gives the seconds to its end.
fn after_failure(record: &Path, round: u64, report: &mut Report) -> f64 {
    let text = fs::read_to_string(record).unwrap();
    let time = |line: &str| line.split_whitespace().nth(1).and_then(|time| time.parse::<f64>().ok());
    let mut lines = text.lines().skip_while(|line| !line.contains("(INJECTED)"));
    let Some(failure) = lines.next().and_then(time) else {
        report.fail(format!("round {round}: the failure did not come: {text}"));
        return 0.0;
    };
    let mut end = failure;
    for line in lines {
        if line.contains("fdatasync(") && line.contains("= 0") {
            report.fail(format!("round {round}: a barrier was tried again: {line}"));
        }
        end = time(line).unwrap_or(end);
    }
    end - failure
}
