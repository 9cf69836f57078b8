//! A data directory on a network file system is refused before anything is made there. strace lets the kernel's
//! answer about the file system be another one.

use crate::Plan;
use crate::child::Orders;
use crate::oracle::Oracle;
use crate::place::{Place, renew};
use crate::report::Report;
use crate::strace;
use std::fs;

/// Type numbers as in statfs(2), low byte first, as they stand in memory, and what the refusal calls them.
const NETWORK: [(&str, &str); 12] = [
    ("69690000", "nfs"),
    ("7b510000", "smb"),
    ("424d53fe", "smb2"),
    ("424d53ff", "cifs"),
    ("0064c300", "ceph"),
    ("4f414653", "afs"),
    ("97190201", "9p"),
    ("45727573", "coda"),
    ("53465047", "gpfs"),
    ("d00bd00b", "lustre"),
    ("6f636174", "ocfs2"),
    ("70191601", "gfs2"),
];
/// ext, which is local: the answer itself is obeyed.
const LOCAL: &str = "53ef0000";

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = Report::default();
    let place = Place::new();
    for round in 0..plan.rounds {
        let (number, name) = NETWORK[usize::try_from(round).unwrap() % NETWORK.len()];
        let (ended, left) = ask(&place, round, number);
        let says_so = ended.errors.contains(name) && ended.errors.contains("NetworkFileSystem");
        if ended.status.code() != Some(1) || !says_so || left > 0 {
            report
                .fail(format!("{name}: ended with {:?}, {left} files left: {}", ended.status, ended.errors));
        }
    }
    let (ended, left) = ask(&place, plan.rounds, LOCAL);
    let mut oracle = Oracle::in_file(&place.path("oracle"));
    oracle.listen(&ended.said);
    if !oracle.known.closed || left == 0 {
        report.fail(format!("a local file system is refused: {}", ended.errors));
    }
    report.acknowledged = oracle.known.acknowledged.len() as u64;
    report
}

/// Runs a child that is told this type; gives how it ended and what it made.
fn ask(place: &Place, run: u64, number: &str) -> (strace::Ended, usize) {
    let data = place.path("data");
    renew(&data);
    let orders = Orders { dir: data.clone(), run, writers: 1, appends: 1, closes: true, repeats: false };
    let told = format!("inject=statfs:poke_exit=@arg2={number}00000000");
    let ended = strace::run_child(&orders, &["-o", "/dev/null", "-e", "trace=statfs", "-e", &told]);
    let left = fs::read_dir(&data).unwrap().count();
    (ended, left)
}
