//! Children run by strace, which records their system calls and makes chosen ones fail or fatal.

use crate::child::Orders;
use std::ffi::OsStr;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// Every call by which a program can change a disk or make a change last.
pub(crate) const WRITE_CLASS: [&str; 19] = [
    "openat",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "ftruncate",
    "fallocate",
    "copy_file_range",
    "fsync",
    "fdatasync",
    "sync_file_range",
];

/// For a child that needs less than one, and for what a busy machine adds.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a child ended, and what it had said by then.
pub(crate) struct Ended {
    pub(crate) said: String,
    pub(crate) errors: String,
    pub(crate) status: ExitStatus,
}

fn require_strace() {
    static LOOKED: Once = Once::new();
    LOOKED.call_once(|| {
        let installed = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
        assert!(installed, "no strace: apt-get install strace");
    });
}

/// strace with these options, and this program with its arguments under it.
pub(crate) fn command(
    options: impl IntoIterator<Item = impl AsRef<OsStr>>,
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Command {
    require_strace();
    // `timeout` of coreutils kills all that it began, the traced processes too.
    let mut command = Command::new("timeout");
    command.args([
        "--signal=KILL",
        &PATIENCE.as_secs().to_string(),
        "strace",
        "-f",
        "-q",
        "-e",
        "signal=none",
    ]);
    command.args(options).arg("--").arg(program).args(arguments);
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs a child to its end under strace.
pub(crate) fn run_child(orders: &Orders, options: &[&str]) -> Ended {
    let program = std::env::current_exe().unwrap();
    let begun = Instant::now();
    let output = command(options, program, orders.arguments()).output().unwrap();
    assert!(begun.elapsed() < PATIENCE, "a child hung: {options:?}, {orders:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { said: text(&output.stdout), errors: text(&output.stderr), status: output.status }
}
