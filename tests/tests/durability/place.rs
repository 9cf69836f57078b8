//! Where a campaign keeps its things, and recorded runs there.

use crate::child::Orders;
use crate::oracle::{Known, Oracle};
use crate::strace::{self, WRITE_CLASS};
use crate::trace::{Act, TEXT_MAX, Trace};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with an empty data directory in it; everything else stands beside that.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.path("data")).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Runs a child to its end and gives the record of what it did, and what it said.
pub(crate) fn record(place: &Place, orders: &Orders, options: &[&str]) -> (Trace, Known) {
    let written = place.path("record");
    let calls = format!("trace={}", WRITE_CLASS.join(","));
    let mut all =
        vec!["--seccomp-bpf", "-y", "-xx", "-s", TEXT_MAX, "-e", &calls, "-o", written.to_str().unwrap()];
    all.extend(options);
    let ended = strace::run_child(orders, &all);
    let mut oracle = Oracle::in_file(&place.path("oracle"));
    oracle.listen(&ended.said);
    let appended = orders.writers * orders.appends;
    assert_eq!(oracle.known.acknowledged.len() as u64, appended, "{}", ended.errors);
    (Trace::read(&written, &orders.dir), oracle.known)
}

/// What somebody had been told by a line of a record, besides what was known before.
pub(crate) fn known_at(before: &Known, trace: &Trace, line: usize) -> Known {
    let mut known = before.clone();
    for step in trace.steps.iter().filter(|step| step.begun <= line) {
        if let Act::Say(said) = &step.act {
            known.note(said.trim_end());
        }
    }
    known
}

/// An empty folder in place of another.
pub(crate) fn renew(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    fs::create_dir(folder).unwrap();
}

/// Copies a folder.
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
