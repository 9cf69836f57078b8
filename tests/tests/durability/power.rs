//! Power cuts. A child appends under strace, which records every write and sync; at random lines of the record the
//! disk is rebuilt as power loss may leave it, and opened. One of these disks is the next round's beginning.

use crate::Plan;
use crate::child::Orders;
use crate::disk::{Disk, LOSSES, Loss};
use crate::oracle::{Known, recover};
use crate::place::{Place, copy, known_at, record, renew};
use crate::report::Report;
use crate::trace::Trace;
use portal_tests::Random;
use std::collections::BTreeMap;
use std::fs;

/// Disks made of each record.
const CRASHES: u64 = 5;
/// After so many rounds a new log is begun.
const ROUNDS_PER_LOG: u64 = 6;
/// Where the creation and the opening of a log are.
const FIRST_LINES: u64 = 90;

/// The log that is cut again and again.
struct Campaign {
    place: Place,
    run: u64,
    known: Known,
    /// Disks by what became of changes that were not synced.
    losses: BTreeMap<String, u64>,
}

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = control(plan.seed);
    let mut random = Random(plan.seed);
    let mut campaign =
        Campaign { place: Place::new(), run: 0, known: Known::default(), losses: BTreeMap::new() };
    for round in 0..plan.rounds {
        if round > 0 && round % ROUNDS_PER_LOG == 0 {
            campaign = Campaign { place: Place::new(), known: Known::default(), ..campaign };
        }
        campaign.round(&mut random, &mut report);
    }
    let counts: Vec<String> =
        campaign.losses.into_iter().map(|(loss, count)| format!("{loss} {count}")).collect();
    report.note(format!("disks by what was not synced: {}", counts.join(", ")));
    report
}

impl Campaign {
    fn round(&mut self, random: &mut Random, report: &mut Report) {
        self.run += 1;
        let Self { place, run, .. } = self;
        let orders = Orders {
            dir: place.path("data"),
            run: *run,
            writers: random.pick(&[1, 4, 12]),
            appends: 20 + random.below(60),
            closes: random.below(3) == 0,
            repeats: false,
        };
        let base = place.path("base");
        copy(&orders.dir, &base);
        let (trace, said) = record(place, &orders, &[]);
        if said != known_at(&Known::default(), &trace, usize::MAX) {
            report.fail(format!("run {run}: the record and the pipe do not say the same"));
        }
        report.acknowledged += said.acknowledged.len() as u64;
        let mut disk = Disk::new(&base, &trace, "");
        let mut lines: Vec<usize> = (0..CRASHES).map(|_| any_line(&trace, random)).collect();
        lines.sort_unstable();
        for (number, line) in lines.iter().enumerate() {
            disk.advance(*line);
            let (loss, image) = (random.pick(&LOSSES), place.path("image"));
            *self.losses.entry(format!("{loss:?}")).or_default() += 1;
            renew(&image);
            let fate = random.number();
            disk.crash(loss, &mut Random(fate), &image);
            let known = known_at(&self.known, &trace, *line);
            let found = recover(&image, &known);
            report.add(&format!("run {run}, line {line} of {}, {loss:?}", trace.lines), found);
            if number + 1 == lines.len() {
                renew(&orders.dir);
                disk.crash(loss, &mut Random(fate), &orders.dir);
                self.known = known;
            }
        }
        fs::remove_dir_all(base).unwrap();
    }
}

fn any_line(trace: &Trace, random: &mut Random) -> usize {
    let bound = if random.below(4) == 0 { FIRST_LINES.min(trace.lines as u64) } else { trace.lines as u64 };
    usize::try_from(1 + random.below(bound)).unwrap()
}

/// A log whose barrier does nothing: this has to lose what was acknowledged, or the torture is blind.
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
