//! Power cuts. A child appends under strace, which records every write and sync; at random lines of the record the
//! disk is rebuilt as power loss may leave it, and opened. One of these disks is the next round's beginning.

use crate::child::Orders;
use crate::disk::{Disk, LOSSES, Loss};
use crate::oracle::{Known, Oracle, recover};
use crate::report::Report;
use crate::strace::{self, WRITE_CLASS};
use crate::trace::{Act, TEXT_MAX, Trace};
use crate::Plan;
use portal_tests::Random;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Disks made of each record.
const CRASHES: u64 = 5;
/// After so many rounds a new log is begun.
const ROUNDS_PER_LOG: u64 = 6;
/// Where the creation and the opening of a log are.
const FIRST_LINES: u64 = 90;

/// Where a campaign keeps its things.
struct Place {
    folder: TempDir,
    run: u64,
    known: Known,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), run: 0, known: Known::default() };
        fs::create_dir(place.path("data")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = control(plan.seed);
    let mut random = Random(plan.seed);
    let mut place = Place::new();
    let mut losses: HashMap<String, u64> = HashMap::new();
    for round in 0..plan.rounds {
        if round % ROUNDS_PER_LOG == 0 {
            place = Place::new();
        }
        one_round(&mut place, &mut random, &mut report, &mut losses);
    }
    let mut counts: Vec<String> = losses.into_iter().map(|(loss, count)| format!("{loss} {count}")).collect();
    counts.sort();
    report.note(format!("disks by what was not synced: {}", counts.join(", ")));
    report
}

fn one_round(place: &mut Place, random: &mut Random, report: &mut Report, losses: &mut HashMap<String, u64>) {
    place.run += 1;
    let orders = Orders {
        dir: place.path("data"),
        run: place.run,
        writers: random.pick(&[1, 4, 12]),
        appends: 20 + random.below(60),
        closes: random.below(3) == 0,
        repeats: false,
    };
    let base = place.path("base");
    copy(&orders.dir, &base);
    let (trace, mut oracle) = record(place, &orders, &[]);
    let said = std::mem::take(&mut oracle.known);
    if said != known_at(&Known::default(), &trace, usize::MAX) {
        report.fail(format!("run {}: the record and the pipe do not say the same", place.run));
    }
    report.acknowledged += said.acknowledged.len() as u64;
    let mut disk = Disk::new(&base, &trace, "");
    let mut lines: Vec<usize> = (0..CRASHES).map(|_| any_line(&trace, random)).collect();
    lines.sort_unstable();
    for (number, line) in lines.iter().enumerate() {
        disk.advance(*line);
        let (loss, image) = (random.pick(&LOSSES), place.path("image"));
        *losses.entry(format!("{loss:?}")).or_default() += 1;
        renew(&image);
        let fate = random.number();
        disk.crash(loss, &mut Random(fate), &image);
        let known = known_at(&place.known, &trace, *line);
        let found = recover(&image, &known);
        report.add(&format!("run {}, line {line} of {}, {loss:?}", place.run, trace.lines), found);
        if number + 1 == lines.len() {
            renew(&orders.dir);
            disk.crash(loss, &mut Random(fate), &orders.dir);
            place.known = known;
        }
    }
    fs::remove_dir_all(base).unwrap();
}

fn any_line(trace: &Trace, random: &mut Random) -> usize {
    let bound = if random.below(4) == 0 { FIRST_LINES.min(trace.lines as u64) } else { trace.lines as u64 };
    usize::try_from(1 + random.below(bound)).unwrap()
}

/// What somebody had been told by a line of the record, besides what was known before.
fn known_at(before: &Known, trace: &Trace, line: usize) -> Known {
    let mut known = before.clone();
    for step in trace.steps.iter().filter(|step| step.begun <= line) {
        if let Act::Say(said) = &step.act {
            known.note(said.trim_end());
        }
    }
    known
}

/// Runs a child and gives the record of what it did, and what it said.
fn record(place: &Place, orders: &Orders, options: &[&str]) -> (Trace, Oracle) {
    let written = place.path("record");
    let calls = format!("trace={}", WRITE_CLASS.join(","));
    let mut all = vec!["--seccomp-bpf", "-y", "-xx", "-s", TEXT_MAX, "-e", &calls, "-o", written.to_str().unwrap()];
    all.extend(options);
    let ended = strace::run_child(orders, &all);
    let mut oracle = Oracle::in_file(&place.path("oracle"));
    oracle.listen(&ended.said);
    let appended = orders.writers * orders.appends;
    assert_eq!(oracle.known.acknowledged.len() as u64, appended, "{}", ended.errors);
    (Trace::read(&written, &orders.dir), oracle)
}

/// The same with a log whose barrier does nothing: this has to lose what was acknowledged, or the torture is blind.
/// When the barrier of the records alone does nothing, the head file has to notice.
fn control(seed: u64) -> Report {
    let mut report = Report::default();
    let mut random = Random(seed);
    let place = Place::new();
    let orders =
        Orders { dir: place.path("data"), run: 0, writers: 4, appends: 30, closes: false, repeats: false };
    let (trace, _) = record(&place, &orders, &["-e", "inject=fdatasync:retval=0"]);
    let image = place.path("image");
    let empty = place.path("empty");
    fs::create_dir(&empty).unwrap();
    let mut crash = |trace: &Trace, deaf| {
        renew(&image);
        let mut disk = Disk::new(&empty, trace, deaf);
        disk.advance(trace.lines);
        disk.crash(Loss::Everything, &mut random, &image);
        recover(&image, &known_at(&Known::default(), trace, usize::MAX))
    };
    let unsynced = crash(&trace, "");
    if unsynced.lost == 0 {
        report.fail(format!("control: nothing is lost without a barrier: {unsynced:?}"));
    }
    let place = Place::new();
    let (trace, _) = record(&place, &Orders { dir: place.path("data"), ..orders }, &[]);
    let whole = crash(&trace, "");
    report.add("control, obeyed", whole);
    let noticed = crash(&trace, "sled/db");
    if !noticed.failures.iter().any(|what| what.contains("does not open")) {
        report.fail(format!("control: the head file does not notice missing records: {noticed:?}"));
    }
    report.note(format!("control: without a barrier {} acknowledged commands are lost", unsynced.lost));
    report
}

/// An empty folder in place of another.
pub(crate) fn renew(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    fs::create_dir(folder).unwrap();
}

/// Copies a data directory, but for its lock.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}
