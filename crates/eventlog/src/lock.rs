//! One process per data directory.

use crate::{Now, OpenError, directory::io_error};
use chrono::{DateTime, SecondsFormat, Utc};
use rustix::fs::{FlockOperation, flock};
use std::io::{Read, Seek, Write};
use std::{fmt, fs, fs::File, io, path::Path, process, thread, time::Duration};

/// Who holds a data directory, as it wrote itself down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// The boot it runs in (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: String,
    /// The machine's name.
    pub host: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Holder {
    fn of_this_process(now: &Now) -> Self {
        let kernel = |name: &str| {
            let text = fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        let (boot_id, host) = (kernel("random/boot_id"), kernel("hostname"));
        Self { pid: process::id(), boot_id, host, since: now() }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned);
        Some(Self {
            pid: field("pid")?.parse().ok()?,
            boot_id: field("boot")?,
            host: field("host")?,
            since: DateTime::parse_from_rfc3339(&field("since")?).ok()?.to_utc(),
        })
    }

    fn encode(&self) -> String {
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("pid {}\nboot {}\nhost {}\nsince {since}\n", self.pid, self.boot_id, self.host)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, boot_id, host, .. } = self;
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "process {pid} on {host} (boot {boot_id}) since {since}")
    }
}

/// Held until dropped or the process ends, however it ends.
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock file of an existing directory, or says within a second who has it.
    pub(crate) fn take(dir: &Path, now: &Now) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(io_error("opening the lock file"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::InUse { holder: holder(&path) }),
            Err(errno) => return Err(io_error("locking the lock file")(errno.into())),
        }
        let text = Holder::of_this_process(now).encode();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(io_error("writing the lock file"))?;
        Ok(Self { _file: file })
    }
}

/// The holder writes itself down right after it has locked; so wait for that, for half a second at most.
fn holder(path: &Path) -> Option<Holder> {
    let read = || -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?.read_to_string(&mut text)?;
        Ok(text)
    };
    for _ in 0..20 {
        if let Some(holder) = read().ok().as_deref().and_then(Holder::parse) {
            return Some(holder);
        }
        thread::sleep(Duration::from_millis(25));
    }
    None
}
