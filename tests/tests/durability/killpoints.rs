//! kill -9 at a chosen system call, while a log is made, opened, written and closed. strace kills at the entry of
//! the Nth call of a kind by one thread; since that can't name every call of a process with several threads, the
//! record of a run is cut at each of its calls as well, and what the page cache held then is opened.

use crate::Plan;
use crate::child::Orders;
use crate::disk::{Disk, Loss};
use crate::oracle::{Known, Oracle, recover};
use crate::place::{Place, copy, known_at, record, renew};
use crate::report::Report;
use crate::strace;
use crate::trace::{Act, Trace};
use portal_tests::Random;
use std::collections::BTreeMap;

/// Kinds of calls that are killed at; a thread makes at most so many of each in the run that is killed.
const KINDS: [(&str, u64); 10] = [
    ("mkdir", 5),
    ("openat", 60),
    ("write", 30),
    ("pwrite64", 30),
    ("ftruncate", 3),
    ("fsync", 24),
    ("fdatasync", 30),
    ("sync_file_range", 30),
    ("rename", 4),
    ("unlink", 3),
];

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = Report::default();
    let place = Place::new();
    let mut random = Random(plan.seed);
    let written = written_log(&place);
    let points = points(plan.rounds, &mut random);
    let (mut killed, mut ended) = (BTreeMap::<&str, u64>::new(), 0);
    for (kind, nth) in points {
        for known in [&Known::default(), &written] {
            if kill_at(&place, kind, nth, known, &mut report) {
                *killed.entry(kind).or_default() += 1;
            } else {
                ended += 1;
            }
        }
    }
    cut_at_calls(plan, &mut random, &mut report);
    let counts: Vec<String> = killed.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    report.note(format!("killed at {}; {ended} ended before their call", counts.join(", ")));
    report
}

/// Which calls: all of them in turn when there are rounds enough, else some.
fn points(rounds: u64, random: &mut Random) -> Vec<(&'static str, u64)> {
    let all: Vec<_> =
        KINDS.iter().flat_map(|(kind, count)| (1..=*count).map(move |nth| (*kind, nth))).collect();
    let count = all.len() as u64;
    let offset = random.below(count);
    let chosen = rounds.min(count);
    (0..chosen).map(|n| all[usize::try_from((offset + n * count / chosen) % count).unwrap()]).collect()
}

fn orders(place: &Place, run: u64) -> Orders {
    Orders { dir: place.path("data"), run, writers: 4, appends: 6, closes: true, repeats: false }
}

/// A log that a child has left without closing it, to be opened again and again.
fn written_log(place: &Place) -> Known {
    let ended = strace::run_child(
        &Orders { closes: false, appends: 30, ..orders(place, 1) },
        &["-o", "/dev/null", "-e", "trace=none"],
    );
    let mut oracle = Oracle::in_file(&place.path("oracle"));
    oracle.listen(&ended.said);
    assert_eq!(oracle.known.acknowledged.len(), 120, "{}", ended.errors);
    copy(&place.path("data"), &place.path("written"));
    oracle.known
}

/// Kills a child over an empty directory or over the written log; then another goes on there. Says whether the call
/// was reached.
fn kill_at(place: &Place, kind: &str, nth: u64, before: &Known, report: &mut Report) -> bool {
    let data = place.path("data");
    renew(&data);
    if !before.acknowledged.is_empty() {
        copy(&place.path("written"), &data);
    }
    let mut oracle = Oracle::in_file(&place.path("oracle"));
    oracle.known = before.clone();
    let (trace, kill) = (format!("trace={kind}"), format!("inject={kind}:signal=KILL:when={nth}"));
    let ended = strace::run_child(&orders(place, 2), &["-o", "/dev/null", "-e", &trace, "-e", &kill]);
    oracle.listen(&ended.said);
    let was_killed = !ended.status.success();
    let at =
        format!("{kind} {nth} of {}", if before.acknowledged.is_empty() { "a new log" } else { "a log" });
    if was_killed == oracle.known.closed && was_killed {
        // Killed between saying so and ending: that is well, too.
        report.note(format!("{at}: killed after it had closed"));
    }
    let heir = strace::run_child(&orders(place, 3), &["-o", "/dev/null", "-e", "trace=none"]);
    oracle.listen(&heir.said);
    if !heir.status.success() {
        report.fail(format!("{at}: a log does not go on: {}", heir.errors));
    }
    report.acknowledged += (oracle.known.acknowledged.len() - before.acknowledged.len()) as u64;
    report.add(&at, recover(&data, &oracle.known));
    was_killed
}

/// Everything up to each of the first calls of a run that makes, writes and closes a log.
fn cut_at_calls(plan: &Plan, random: &mut Random, report: &mut Report) {
    let place = Place::new();
    let (trace, _) = record(&place, &orders(&place, 1), &[]);
    let empty = place.path("empty");
    renew(&empty);
    let changes = changes(&trace);
    let (count, image) = (changes.len() as u64, place.path("image"));
    let chosen = plan.rounds.min(count);
    let offset = random.below(count / chosen);
    let mut disk = Disk::new(&empty, &trace, "");
    for n in 0..chosen {
        let line = changes[usize::try_from(offset + n * count / chosen).unwrap().min(changes.len() - 1)];
        disk.advance(line);
        renew(&image);
        disk.crash(Loss::Nothing, random, &image);
        let known = known_at(&Known::default(), &trace, line);
        report.add(&format!("cut at line {line} of {}", trace.lines), recover(&image, &known));
    }
    report.note(format!("cut at {chosen} of {count} calls that change the disk"));
}

fn changes(trace: &Trace) -> Vec<usize> {
    trace.steps.iter().filter(|step| !matches!(step.act, Act::Say(_))).map(|step| step.begun).collect()
}
