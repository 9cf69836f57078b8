//! What was promised to whom, kept outside the data directory, and whether a log that was opened again keeps it.

use crate::child::{events_of, everything, now, options};
use crate::report::Report;
use eventlog::{EventLog, Record, record};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// What is known at some moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Command → first and last position that its caller was told.
    pub(crate) acknowledged: HashMap<u128, (u64, u64)>,
    /// Commands whose callers were told that nothing of them is stored.
    pub(crate) refused: HashSet<u128>,
    /// The longest log that a reader was shown.
    pub(crate) shown: u64,
    /// Why writing had ended, when a child said so.
    pub(crate) fatal: Option<String>,
    /// A child said that it had closed its log.
    pub(crate) closed: bool,
}

impl Known {
    /// Takes a line that a child said.
    pub(crate) fn note(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut numbers = rest.split(' ').map_while(|word| word.parse::<u128>().ok());
        let mut number = || numbers.next().unwrap_or_else(|| panic!("a child said {line:?}"));
        match word {
            "acknowledged" => {
                let (command, first, last) = (number(), number(), number());
                let position = |number| u64::try_from(number).unwrap();
                self.refused.remove(&command);
                let told = self.acknowledged.insert(command, (position(first), position(last)));
                assert_eq!(told, None, "a child acknowledges each command once");
            }
            "refused" => drop(self.refused.insert(number())),
            "opened" => self.shown = self.shown.max(u64::try_from(number()).unwrap()),
            "closed" => self.closed = true,
            "fatal" => self.fatal = Some(rest.to_owned()),
            _ => panic!("a child said {line:?}"),
        }
    }

    /// Holds a log against what is known.
    pub(crate) fn judge(&self, found: &[Record]) -> Report {
        let mut report = Report::default();
        let commands = batches(found, &mut report);
        for (command, told) in &self.acknowledged {
            match commands.get(command) {
                Some(there) if there == told => {}
                Some(there) => report.fail(format!("command {command:x} stands at {there:?}, not {told:?}")),
                None => report.lost += 1,
            }
        }
        for command in self.refused.iter().filter(|command| commands.contains_key(command)) {
            report.fail(format!("command {command:x} was refused and is there"));
        }
        if (found.len() as u64) < self.shown {
            report.fail(format!("{} records were shown, {} are there", self.shown, found.len()));
        }
        report
    }
}

/// First and last position of every command in a log; what does not hold together is noted.
fn batches(found: &[Record], report: &mut Report) -> HashMap<u128, (u64, u64)> {
    let (mut commands, mut events) = (HashMap::new(), HashSet::new());
    let mut previous_hash = found.first().map(|record| record::genesis_hash(record.log_id));
    let mut at = 0;
    while let Some(first) = found.get(at) {
        let length = usize::from(first.batch_length).max(1);
        let Some(batch) = found.get(at..at + length) else {
            report.fail(format!("the last batch is torn at position {}", at + 1));
            break;
        };
        let command = first.command_id.as_u128();
        let (_, payloads) = events_of(command);
        for (index, record) in batch.iter().enumerate() {
            let stands = record.position.0 == (at + index) as u64 + 1
                && (record.command_id, usize::from(record.batch_index)) == (first.command_id, index);
            let chained = Some(record.previous_hash) == previous_hash && record::hash_holds(&record.encode());
            if !stands || !chained || payloads.get(index) != Some(&record.payload) {
                report.fail(format!("the record at position {} is not what was written", at + index + 1));
            }
            previous_hash = Some(record.hash);
            report.duplicated += u64::from(!events.insert(record.event_id));
        }
        let last = (at + length) as u64;
        report.duplicated += u64::from(commands.insert(command, (at as u64 + 1, last)).is_some());
        at += length;
    }
    commands
}

/// Opens a log, reads everything, and closes it.
pub(crate) fn read(dir: &Path) -> Result<Vec<Record>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let log = EventLog::open_sled(options(dir), now()).await.map_err(|error| error.to_string())?;
        let found = everything(&log).await.map_err(|error| error.to_string());
        log.close().await;
        found
    })
}

/// Opens a log that must open, and holds it against what is known.
pub(crate) fn recover(dir: &Path, known: &Known) -> Report {
    match read(dir) {
        Ok(found) => known.judge(&found),
        Err(error) => {
            Report { failures: vec![format!("the log does not open: {error}")], ..Report::default() }
        }
    }
}

/// The driver's own copy of what children said: appended line by line, on the disk before it is relied on.
pub(crate) struct Oracle {
    file: File,
    pub(crate) known: Known,
}

impl Oracle {
    pub(crate) fn in_file(path: &Path) -> Self {
        let file = File::options().append(true).create(true).open(path).unwrap();
        Self { file, known: Known::default() }
    }

    /// What was noted there before counts.
    pub(crate) fn from_file(path: &Path) -> Self {
        let before = fs::read_to_string(path).unwrap_or_default();
        let mut oracle = Self::in_file(path);
        before.lines().for_each(|line| oracle.known.note(line));
        oracle
    }

    /// Takes everything a child said; a last line without its end was said to nobody.
    pub(crate) fn listen(&mut self, said: &str) {
        for line in said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            writeln!(self.file, "{line}").unwrap();
            self.known.note(line);
        }
        self.file.sync_data().unwrap();
    }
}
