//! Damaged files: flipped bits, cut tails, zeroed sectors, files missing or taken from another log. A log opens with
//! everything it held, or is refused; never with less, never with something else.

use crate::Plan;
use crate::child::{Orders, now};
use crate::oracle::{Known, Oracle, read};
use crate::place::{Place, copy, renew};
use crate::report::Report;
use crate::strace;
use eventlog::Record;
use portal_tests::Random;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const SECTOR_BYTES: usize = 512;

/// A log that was closed, and what is in it.
struct Sound {
    folder: PathBuf,
    records: Vec<Record>,
    files: Vec<PathBuf>,
}

pub(crate) fn run(plan: &Plan) -> Report {
    let mut report = Report::default();
    let mut random = Random(plan.seed);
    let place = Place::new();
    let logs = [1, 2].map(|run| sound_log(&place, run, &mut report));
    let mut outcomes = BTreeMap::<String, u64>::new();
    let image = place.path("image");
    for _ in 0..plan.rounds {
        let log = &logs[usize::try_from(random.below(2)).unwrap()];
        renew(&image);
        copy(&log.folder, &image);
        let kind = damage(&image, log, &logs, &mut random);
        let outcome = outcome(&image, log, &kind, &mut report);
        let kind = kind.split(' ').next().unwrap_or_default();
        *outcomes.entry(format!("{kind} {outcome}")).or_default() += 1;
    }
    let counts: Vec<String> =
        outcomes.into_iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
    report.note(counts.join(", "));
    report
}

/// The first is closed in the middle of a segment, the second over several.
fn sound_log(place: &Place, run: u64, report: &mut Report) -> Sound {
    let data = place.path("data");
    renew(&data);
    let orders = Orders {
        dir: data.clone(),
        run,
        writers: 4,
        appends: 20 + 160 * (run - 1),
        closes: true,
        repeats: false,
    };
    let ended = strace::run_child(&orders, &["-o", "/dev/null", "-e", "trace=none"]);
    let mut oracle = Oracle::in_file(&place.path(&format!("oracle-{run}")));
    oracle.listen(&ended.said);
    assert!(oracle.known.closed, "{}", ended.errors);
    let folder = place.path(&format!("sound-{run}"));
    copy(&data, &folder);
    let records = read(&data).unwrap();
    report.acknowledged += oracle.known.acknowledged.len() as u64;
    report.add("undamaged", Known { ..oracle.known }.judge(&records));
    // What opening adds is not in what is damaged: the child has closed before.
    let files = ["db", "conf"].map(|name| PathBuf::from("store/sled").join(name));
    let snapshots = names(&folder.join("store/sled")).into_iter().filter(|name| name.starts_with("snap."));
    let snapshots = snapshots.map(|name| Path::new("store/sled").join(name));
    let ours = ["store/head", "store/identity"].map(PathBuf::from);
    Sound { records, files: files.into_iter().chain(snapshots).chain(ours).collect(), folder }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Says what it did; the first word is its kind.
fn damage(image: &Path, log: &Sound, logs: &[Sound; 2], random: &mut Random) -> String {
    // Most of what is stored is in the first file.
    let number = if random.below(3) > 0 { 0 } else { random.below(log.files.len() as u64) };
    let name = &log.files[usize::try_from(number).unwrap()];
    let file = image.join(name);
    let mut bytes = fs::read(&file).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1);
    let place = |random: &mut Random| usize::try_from(random.below(used as u64)).unwrap();
    let (kind, at) = match random.below(10) {
        0 => {
            let at = place(random);
            bytes.truncate(at);
            ("cut", at)
        }
        1 => {
            let at = place(random) / SECTOR_BYTES * SECTOR_BYTES;
            let end = bytes.len().min(at + SECTOR_BYTES * 8);
            bytes[at..end].fill(0);
            ("zeroed", at)
        }
        2 if number > 1 => {
            fs::remove_file(&file).unwrap();
            return format!("removed {}", name.display());
        }
        2 | 3 => {
            let other = logs.iter().find(|other| other.folder != log.folder).unwrap();
            let other = other.files.get(usize::try_from(number).unwrap()).unwrap();
            let from = logs.iter().find(|from| from.folder != log.folder).unwrap().folder.join(other);
            fs::copy(from, &file).unwrap();
            return format!("swapped {}", name.display());
        }
        4 => {
            let (from, to) = (place(random) / SECTOR_BYTES, place(random) / SECTOR_BYTES);
            let sector = |bytes: &[u8], number: usize| {
                bytes[number * SECTOR_BYTES..bytes.len().min((number + 1) * SECTOR_BYTES)].to_vec()
            };
            let moved = sector(&bytes, from);
            let end = bytes.len().min(to * SECTOR_BYTES + moved.len());
            bytes[to * SECTOR_BYTES..end].copy_from_slice(&moved[..end - to * SECTOR_BYTES]);
            ("misplaced", to * SECTOR_BYTES)
        }
        _ => {
            let at = place(random);
            bytes[at] ^= 1 << random.below(8);
            ("flipped", at)
        }
    };
    fs::write(&file, bytes).unwrap();
    format!("{kind} {} at {at}", name.display())
}

fn outcome(image: &Path, log: &Sound, kind: &str, report: &mut Report) -> &'static str {
    match read(image) {
        Ok(found) if found == log.records => {
            // What was served has to pass the offline check as well.
            match eventlog::check(image, &now()) {
                Ok(checked) if checked.first_bad.is_none() => {}
                other => report.fail(format!("{kind}: served, and the check says {other:?}")),
            }
            "served"
        }
        Ok(found) => {
            let whole = log.records.len() - found.iter().zip(&log.records).filter(|(a, b)| a == b).count();
            report.lost += whole as u64;
            report.fail(format!("{kind}: {whole} of {} records are gone or altered", log.records.len()));
            "altered"
        }
        Err(refusal) => {
            // Whoever has to repair it needs to know where.
            let says_where = refusal.contains("position")
                || ["head record", "identity", "failed", "store"].iter().any(|word| refusal.contains(word));
            if !says_where {
                report.fail(format!("{kind}: refused without saying what or where: {refusal}"));
            }
            "refused"
        }
    }
}
