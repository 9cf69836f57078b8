//! A second process on a data directory: it names the holder, ends within two seconds, and changes no byte, even when
//! the holder stands still. Of many that start at once, one gets it.

use crate::Plan;
use crate::program::{Portal, block_on};
use crate::report::Report;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const AT_ONCE: usize = 20;
/// The program's code for what somebody else holds.
const UNAVAILABLE: i32 = 7;
const ENDS_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn run(plan: &Plan) -> Report {
    block_on(async {
        let mut report = Report::default();
        let portal = Portal::new(&[]).await;
        let server = portal.installation.serve().await;
        let api = portal.api(&server);
        if Portal::register(&api, &portal.promised, "Before").await != Some(201) {
            report.fail("a registration was not taken");
        }
        signal(server.id(), "STOP");
        let before = listing(&portal.installation.data_dir());
        for round in 0..plan.rounds {
            let begun = Instant::now();
            let second = portal.installation.run(&["serve"]);
            let told = String::from_utf8_lossy(&second.stderr).into_owned();
            if second.status.code() != Some(UNAVAILABLE) || !told.contains(&server.id().to_string()) {
                report.fail(format!("second {round}: {:?}, {told}", second.status.code()));
            }
            if begun.elapsed() > ENDS_WITHIN {
                report.fail(format!("second {round}: it took {:?}", begun.elapsed()));
            }
        }
        let children: Vec<Child> = (0..AT_ONCE).map(|_| start(&portal)).collect();
        for (number, child) in children.into_iter().enumerate() {
            let ended = child.wait_with_output().unwrap();
            if ended.status.code() != Some(UNAVAILABLE) {
                report.fail(format!("of many at once, {number} ended with {:?}", ended.status));
            }
        }
        if listing(&portal.installation.data_dir()) != before {
            report.fail("a second process changed the data directory");
        }
        signal(server.id(), "CONT");
        report.add("afterwards", portal.look(&server).await);
        server.kill();
        let winners = compete(&portal).await;
        if winners != 1 {
            report.fail(format!("of {AT_ONCE} that started at once, {winners} got the directory"));
        }
        let server = portal.installation.serve().await;
        report.add("afterwards", portal.look(&server).await);
        report.acknowledged = portal.count() as u64;
        report
    })
}

fn start(portal: &Portal) -> Child {
    let mut command = portal.installation.command(&["serve"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts many at once on a directory that nobody holds; gives how many go on running.
async fn compete(portal: &Portal) -> usize {
    let mut children: Vec<Child> = (0..AT_ONCE).map(|_| start(portal)).collect();
    let begun = Instant::now();
    let mut running = AT_ONCE;
    while running > 1 && begun.elapsed() < Duration::from_secs(30) {
        tokio::time::timeout(portal_tests::LOOK_AGAIN, std::future::pending::<()>()).await.unwrap_err();
        running =
            children.iter_mut().filter_map(|child| child.try_wait().unwrap().is_none().then_some(())).count();
    }
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    running
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Every file below a folder with its bytes.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}
