//! A network of our own, and with it the files that say how names are looked up.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
};

/// The word by which this program knows that it runs in its own network.
const INSIDE: &str = "--inside-the-network";
/// The portal's mail server.
pub(crate) const RELAY: &str = "45.10.0.1";
/// The vendor's.
pub(crate) const VENDOR: &str = "45.10.0.2";
/// Where the vendor's hands some mail on, which is then refused.
pub(crate) const BEHIND: &str = "45.10.0.3";
/// Whom all ask for names.
pub(crate) const RESOLVER: &str = "127.0.0.1";

/// Runs `inside` where nothing is but the loopback interface with the addresses above; all that was started there ends
/// with it.
pub(crate) fn enter(inside: impl FnOnce() -> ExitCode) -> ExitCode {
    if std::env::args().nth(1).is_some_and(|first| first == INSIDE) {
        set_up();
        return inside();
    }
    for (program, package) in [
        ("/usr/bin/unshare", "util-linux"),
        ("/usr/sbin/postfix", "postfix"),
        ("/usr/sbin/postgrey", "postgrey"),
        ("/usr/sbin/nsd", "nsd"),
    ] {
        assert!(Path::new(program).exists(), "no {program}: apt-get install {package}");
    }
    let program = std::env::current_exe().expect("a program has a path");
    let own = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let is_root = run("id", &["-u"]) == "0\n";
    let mut command = if is_root { Command::new("unshare") } else { Command::new("sudo") };
    if !is_root {
        command.args(["-n", "unshare"]);
    }
    let status = command.args(own).arg(program).arg(INSIDE).status().expect("it runs");
    if status.success() {
        return ExitCode::SUCCESS;
    }
    eprintln!("where this needs a password or a right it lacks, run it as root: Postfix runs as nobody else");
    ExitCode::FAILURE
}

fn set_up() {
    run("ip", &["link", "set", "lo", "up"]);
    for address in [RELAY, VENDOR, BEHIND] {
        run("ip", &["address", "add", &format!("{address}/32"), "dev", "lo"]);
    }
    let resolver = std::env::temp_dir().join(format!("resolv-{}", std::process::id()));
    fs::write(&resolver, format!("nameserver {RESOLVER}\n")).expect("a file");
    // The mount is of this process and those it starts.
    run("mount", &["--bind", resolver.to_str().expect("a plain path"), "/etc/resolv.conf"]);
    fs::remove_file(&resolver).expect("it was written");
}

/// What a program that must succeed says.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
