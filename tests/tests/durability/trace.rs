//! What a child did to its data directory, call by call, as strace recorded it with `-f -y -xx`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// Longest text strace is asked to record; sled writes a segment of 512 KiB at once.
pub(crate) const TEXT_MAX: &str = "2097152";

/// A change, or what makes changes last. Paths are relative to the data directory; the directory itself is "".
#[derive(Debug)]
pub(crate) enum Act {
    /// The file is made when it is not there.
    Create(String),
    MakeDir(String),
    Write {
        path: String,
        at: usize,
        bytes: Vec<u8>,
    },
    SetLength {
        path: String,
        length: usize,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove(String),
    Sync(String),
    /// Something said on standard output.
    Say(String),
}

/// A call that did something. It had begun on one line of the record and had ended on the same or a later one.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) begun: usize,
    pub(crate) ended: usize,
    pub(crate) act: Act,
}

#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) steps: Vec<Step>,
    pub(crate) lines: usize,
}

/// A call as recorded so far.
struct Call {
    begun: usize,
    name: String,
    arguments: String,
}

struct Reader {
    /// The data directory with a slash behind it.
    root: String,
    calls: HashMap<String, Call>,
    /// Where plain writes to a descriptor go.
    offsets: HashMap<String, usize>,
    steps: Vec<Step>,
}

impl Trace {
    pub(crate) fn read(record: &Path, data_dir: &Path) -> Self {
        let root = format!("{}/", data_dir.canonicalize().unwrap().display());
        let mut reader = Reader { root, calls: HashMap::new(), offsets: HashMap::new(), steps: Vec::new() };
        let mut lines = 0;
        for line in BufReader::new(File::open(record).unwrap()).lines() {
            lines += 1;
            reader.line(lines, &line.unwrap());
        }
        // What had not ended may have happened or not.
        let open: Vec<Call> = reader.calls.drain().map(|(_, call)| call).collect();
        for call in open {
            reader.complete(call, usize::MAX, "?");
        }
        reader.steps.sort_by_key(|step| step.begun);
        Self { steps: reader.steps, lines }
    }
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        let (thread, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            return;
        }
        if let Some(resumed) = rest.strip_prefix("<... ") {
            if let Some(call) = self.calls.remove(thread) {
                self.complete(call, number, result(resumed));
            }
            return;
        }
        let (name, arguments) = rest.split_once('(').unwrap_or_else(|| panic!("strace wrote {line:.200}"));
        let call =
            |arguments: &str| Call { begun: number, name: name.to_owned(), arguments: arguments.to_owned() };
        if let Some(arguments) = arguments.strip_suffix("<unfinished ...>") {
            self.calls.insert(thread.to_owned(), call(arguments.trim_end()));
        } else {
            let end = arguments.rfind(") ").unwrap_or_else(|| panic!("strace wrote {line:.200}"));
            self.complete(call(&arguments[..end]), number, result(arguments));
        }
    }

    fn complete(&mut self, call: Call, ended: usize, result: &str) {
        // An injected success did nothing, and neither did a failure.
        if result.starts_with('-') || result.ends_with("(INJECTED)") {
            return;
        }
        let returned = result.split(['<', ' ']).next().and_then(|text| text.parse::<usize>().ok());
        let arguments: Vec<&str> = call.arguments.split(", ").collect();
        if let Some(act) = self.act(&call.name, &arguments, returned) {
            self.steps.push(Step { begun: call.begun, ended, act });
        }
    }

    /// What a call did, when it concerns the data directory or standard output.
    fn act(&mut self, name: &str, arguments: &[&str], returned: Option<usize>) -> Option<Act> {
        match name {
            "openat" => {
                let path = self.path(&text(arguments[1]))?;
                self.offsets.insert(returned?.to_string(), 0);
                assert!(!arguments[2].contains("O_TRUNC"), "a file is emptied while it is opened: {path}");
                arguments[2].contains("O_CREAT").then_some(Act::Create(path))
            }
            "mkdir" => Some(Act::MakeDir(self.path(&text(arguments[0]))?)),
            "rename" => {
                let [from, to] = [arguments[0], arguments[1]].map(|word| self.path(&text(word)));
                Some(Act::Rename { from: from?, to: to? })
            }
            "unlink" | "rmdir" => Some(Act::Remove(self.path(&text(arguments[0]))?)),
            // Relative to a directory that is open.
            "unlinkat" => {
                let folder = self.path(&described(arguments[0]).1)?;
                let name = text(arguments[1]);
                Some(Act::Remove(if folder.is_empty() { name } else { format!("{folder}/{name}") }))
            }
            "write" if described(arguments[0]).0 == "1" => Some(Act::Say(text(arguments[1]))),
            "write" => {
                let (descriptor, path) = described(arguments[0]);
                let path = self.path(&path)?;
                let at = self.offsets.entry(descriptor).or_default();
                let act = written(path, *at, arguments[1], returned);
                *at += returned.unwrap_or(0);
                Some(act)
            }
            "pwrite64" => {
                let path = self.path(&described(arguments[0]).1)?;
                Some(written(path, arguments[3].parse().unwrap(), arguments[1], returned))
            }
            "ftruncate" => {
                let path = self.path(&described(arguments[0]).1)?;
                Some(Act::SetLength { path, length: arguments[1].parse().unwrap() })
            }
            "fsync" | "fdatasync" => Some(Act::Sync(self.path(&described(arguments[0]).1)?)),
            // It neither flushes the device's cache nor makes a new length last.
            "sync_file_range" => None,
            _ => {
                let concerned = arguments
                    .iter()
                    .any(|word| [text(word), described(word).1].iter().any(|path| self.path(path).is_some()));
                assert!(!concerned, "{name} changes the data directory, and this reader does not know it");
                None
            }
        }
    }

    /// A path within the data directory. The lock's file is none of the log.
    fn path(&self, path: &str) -> Option<String> {
        let within = match path.strip_prefix(&self.root) {
            Some(within) => within,
            None if format!("{path}/") == self.root => "",
            None => return None,
        };
        (within != "lock").then(|| within.to_owned())
    }
}

fn written(path: String, at: usize, word: &str, returned: Option<usize>) -> Act {
    let mut bytes = bytes(word);
    bytes.truncate(returned.unwrap_or(bytes.len()));
    Act::Write { path, at, bytes }
}

/// What follows the last sign of equality.
fn result(line: &str) -> &str {
    line.rsplit_once(" = ").map_or("?", |(_, result)| result.trim())
}

/// A descriptor and the path it stands for: `5<\x2f…>`.
fn described(word: &str) -> (String, String) {
    let (descriptor, path) = word.split_once('<').unwrap_or((word, ""));
    (descriptor.to_owned(), text(path.trim_end_matches('>')))
}

fn text(word: &str) -> String {
    String::from_utf8_lossy(&bytes(word)).into_owned()
}

/// The bytes of `"\x2f\x74…"`.
fn bytes(word: &str) -> Vec<u8> {
    assert!(!word.ends_with("..."), "strace shortened what was written");
    let digit = |digit: u8| if digit < b'a' { digit - b'0' } else { digit - b'a' + 10 };
    let digits = word.trim_matches('"').as_bytes();
    digits
        .chunks_exact(4)
        .map_while(|chunk| match chunk {
            [b'\\', b'x', high, low] => Some(digit(*high) << 4 | digit(*low)),
            _ => None,
        })
        .collect()
}
