//! Devices that fail: an error at the Nth call of a kind by one thread, and calls that find no space. Whatever fails,
//! a child either goes on rightly or ends with the code for it; what it had acknowledged is there afterwards.

use crate::Plan;
use crate::child::{NOT_DURABLE, Orders};
use crate::oracle::{Oracle, recover};
use crate::place::{Place, renew};
use crate::report::Report;
use crate::strace;
use portal_tests::Random;
use std::collections::BTreeMap;

const KINDS: [&str; 8] =
    ["pwrite64", "fdatasync", "sync_file_range", "fsync", "write", "openat", "rename", "ftruncate"];
const APPENDS: u64 = 12;
const WRITERS: u64 = 4;

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = Report::default();
    let mut random = Random(plan.seed);
    let place = Place::new();
    let mut endings = BTreeMap::<String, u64>::new();
    let mut run = 0;
    for round in 0..plan.rounds {
        if round % 8 == 0 {
            renew(&place.path("data"));
            let _ = std::fs::remove_file(place.path("oracle"));
        }
        // Every kind in turn; a full device is met by whoever writes data.
        let is_full = round % 3 == 2;
        let kind = if is_full { "pwrite64" } else { KINDS[usize::try_from(round).unwrap() % KINDS.len()] };
        // So many of them are made by one thread, or a few more.
        let nth = 1 + random.below(match kind {
            "pwrite64" => 6,
            "rename" | "ftruncate" => 2,
            "write" | "fsync" => 9,
            _ => 16,
        });
        run += 2;
        let fault = if is_full {
            format!("inject={kind}:error=ENOSPC:when={nth}..{}", nth + random.below(4))
        } else {
            format!("inject={kind}:error=EIO:when={nth}")
        };
        let ending = one_fault(&place, run, kind, &fault, &mut report);
        *endings.entry(format!("{kind} {} {ending}", if is_full { "full" } else { "EIO" })).or_default() += 1;
    }
    let counts: Vec<String> =
        endings.into_iter().map(|(ending, count)| format!("{ending} {count}")).collect();
    report.note(counts.join(", "));
    report
}

/// Says how the child ended that met the fault.
fn one_fault(place: &Place, run: u64, kind: &str, fault: &str, report: &mut Report) -> &'static str {
    let data = place.path("data");
    let mut oracle = Oracle::from_file(&place.path("oracle"));
    let before = oracle.known.acknowledged.len();
    let orders = |run| Orders {
        dir: data.clone(),
        run,
        writers: WRITERS,
        appends: APPENDS,
        closes: true,
        repeats: true,
    };
    let trace = format!("trace={kind}");
    // Only calls on the log's own files: what else a process does is none of the store's. The head file is
    // overwritten in place, which needs no space.
    let is_full = fault.contains("ENOSPC");
    let files: &[&str] = if is_full { &["sled/db"] } else { &["sled/db", "head", "sled/conf", "identity"] };
    let mut options = vec!["-o", "/dev/null", "-e", &trace, "-e", fault];
    let paths: Vec<String> = ["store", "store.new"]
        .iter()
        .flat_map(|store| files.iter().map(move |file| format!("{store}/{file}")))
        .map(|path| data.join(path).display().to_string())
        .collect();
    if kind != "fsync" && kind != "openat" && kind != "rename" {
        options.extend(paths.iter().flat_map(|path| ["-P", path]));
    }
    let ended = strace::run_child(&orders(run), &options);
    oracle.listen(&ended.said);
    let ending = match ended.status.code() {
        Some(0)
            if oracle.known.acknowledged.len() - before == usize::try_from(WRITERS * APPENDS).unwrap() =>
        {
            "went on"
        }
        Some(NOT_DURABLE) if oracle.known.fatal.is_some() => {
            if is_full {
                report.note(format!("{fault}: {}", oracle.known.fatal.as_deref().unwrap_or_default()));
            }
            "ended"
        }
        // It could not open the log, and said why; in a library nobody listens yet.
        Some(1) if oracle.known.acknowledged.len() == before => "did not open",
        // The loader itself met the fault before any of our code ran.
        Some(127) if kind == "openat" => "did not start",
        code => {
            report.fail(format!("{fault}: ended with {code:?}: {}", ended.errors));
            "?"
        }
    };
    oracle.known.fatal = None;
    let heir = strace::run_child(&orders(run + 1), &["-o", "/dev/null", "-e", "trace=none"]);
    oracle.listen(&heir.said);
    if !heir.status.success() {
        report.fail(format!("{fault}: the log does not go on: {}", heir.errors));
    }
    report.acknowledged += (oracle.known.acknowledged.len() - before) as u64;
    report.add(fault, recover(&data, &oracle.known));
    ending
}
