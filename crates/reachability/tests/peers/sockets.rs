//! What the kernel says of this process and its network.

use mail_farm::World;
use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Connections to port 25 that somebody holds, as the kernel counts them; only a namespace of our own has no others.
pub(crate) struct Sockets {
    /// Those that stood before any check: the farm's own.
    before: Option<usize>,
    most: AtomicUsize,
}

impl Sockets {
    pub(crate) fn begin(world: World) -> Self {
        Self { before: (world == World::Namespace).then(held), most: AtomicUsize::new(0) }
    }

    /// Counts; called with each new connection, because only then can there be more than before.
    pub(crate) fn look(&self) {
        if let Some(before) = self.before {
            // The kernel writes its table in pieces, so that a connection that goes and the next one can both stand in
            // it; that happens to one reading and not to all.
            let fewest = (0..4).map(|_| held()).min().unwrap_or(0);
            self.most.fetch_max(fewest.saturating_sub(before), Ordering::SeqCst);
        }
    }

    /// The most there were, where that can be told.
    pub(crate) fn most(&self) -> Option<usize> {
        self.before.map(|_| self.most.load(Ordering::SeqCst))
    }
}

/// Lines of `/proc/net/tcp` whose other end is port 25 (0019) and which belong to a file that is open (inode).
fn held() -> usize {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .map(|table| fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let is_held = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(2).is_some_and(|remote| remote.ends_with(":0019"))
            && words.get(9).is_some_and(|inode| *inode != "0")
    };
    lines.filter(is_held).count()
}

/// Memory of this process that is in use (KiB).
pub(crate) fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
