//! The network the farm lives in.

use std::{
    io::Write as _,
    net::IpAddr,
    process::{Command, ExitCode, Stdio},
};

/// The word by which a program knows that it runs in its own namespace.
const INSIDE: &str = "--inside-the-farm";

/// Where a farm's servers listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// A network namespace with nothing but a loopback interface that has every IPv4 address.
    Namespace,
    /// Ports of the loopback interface.
    Loopback,
}

/// Runs `inside` in a namespace of its own: this program starts itself again there. Where that is not permitted it says
/// so and runs `inside` at once, on the loopback interface. Other arguments are passed on.
pub fn enter(inside: impl FnOnce(World) -> ExitCode) -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == INSIDE).is_some() {
        open_loopback();
        return inside(World::Namespace);
    }
    for (program, package) in [("unshare", "util-linux"), ("ip", "iproute2")] {
        let installed = Command::new(program).arg("-V").output().is_ok();
        assert!(installed, "no {program}: apt-get install {package}");
    }
    let namespace = ["--user", "--map-root-user", "--net"];
    let permitted = Command::new("unshare").args(namespace).args(["ip", "link", "set", "lo", "up"]).output();
    if !permitted.is_ok_and(|output| output.status.success()) {
        eprintln!("no network namespace here: playing on the loopback interface with an injected dialler");
        return inside(World::Loopback);
    }
    let program = std::env::current_exe().expect("a program has a path");
    let status = Command::new("unshare").args(namespace).arg(program).arg(INSIDE).args(arguments).status();
    let code = status.expect("unshare runs").code().unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Every IPv4 address is ours; IPv6 ones are added one by one.
fn open_loopback() {
    ip("link set lo up\nroute add local 0.0.0.0/0 dev lo\n");
}

/// Puts IPv6 addresses on the interface; those the kernel refuses stay away, as they do from everybody.
pub fn add(addresses: impl Iterator<Item = IpAddr>) {
    let lines: Vec<String> = addresses
        .filter(IpAddr::is_ipv6)
        .map(|address| {
            format!(
                "addr add {address}/128 dev lo nodad
"
            )
        })
        .collect();
    ip(&lines.concat());
}

fn ip(lines: &str) {
    let mut child = Command::new("ip")
        .args(["-force", "-batch", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("ip is installed with iproute2");
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("ip reads");
    child.wait().expect("ip ends");
}
