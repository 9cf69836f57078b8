//! A gateway as a process, over the shipped file with its marked values in place.

use crate::{
    door::STARTING,
    kinds::{Kind, Ports, Values, shipped},
};
use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
    sync::{Mutex, PoisonError},
};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// A gateway; killed when dropped.
pub(crate) struct Gateway {
    child: Mutex<Child>,
    base: String,
    folder: TempDir,
    /// Keep the ports from others; nothing listens here.
    _ports: [TcpSocket; 2],
}

impl Gateway {
    /// Starts one as shipped, and waits until it answers.
    pub(crate) async fn start(kind: Kind, values: &Values) -> Self {
        Self::run(kind, values, false).await
    }

    /// Starts one with the line in place that makes it fail open.
    pub(crate) async fn start_open(kind: Kind, values: &Values) -> Self {
        Self::run(kind, values, true).await
    }

    /// Where clients call.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    async fn run(kind: Kind, values: &Values, open: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sockets = [reserved(), reserved()];
        let [clients, own] = sockets.each_ref().map(|socket| socket.local_addr().expect("an address").port());
        let ports = Ports { clients, own };
        let text = fs::read_to_string(shipped(kind.file())).expect("it is shipped");
        let text = if open { failing_open(&text) } else { text };
        let text = filled_in(&text, &kind.marks(values, ports, folder.path()));
        fs::write(folder.path().join(kind.file()), text).expect("a file");
        let log = File::create(log(folder.path())).expect("a file");
        let mut command = kind.command(folder.path(), ports);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
        let child = {
            let _no_portal_stops = STARTING.write().unwrap_or_else(PoisonError::into_inner);
            Mutex::new(command.spawn().expect("it starts"))
        };
        let gateway = Self { child, base: format!("http://127.0.0.1:{clients}"), folder, _ports: sockets };
        gateway.until_it_answers().await;
        gateway
    }

    /// Some listen before they have read where calls go, and say "not found" until then.
    async fn until_it_answers(&self) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        portal_tests::until("the gateway answers", async || {
            let ended = self.child.lock().expect("nobody panics").try_wait().expect("it can be looked at");
            let log = || fs::read_to_string(log(self.folder.path())).unwrap_or_default();
            assert!(ended.is_none(), "the gateway has ended: {}", log());
            client.get(&self.base).send().await.is_ok_and(|answer| answer.status() != 404)
        })
        .await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        // It may have ended already; then there is nothing to kill.
        child.kill().and_then(|()| child.wait()).map(drop).unwrap_or_default();
    }
}

fn log(folder: &Path) -> std::path::PathBuf {
    folder.join("log")
}

/// A port that the gateway can take and nobody else is given.
fn reserved() -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    socket
}

/// The text with what is marked put in place. Every value stands in the file, where it says CHANGE.
fn filled_in(text: &str, marks: &[(&str, String)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    for (mark, _) in marks {
        let found = lines.iter().enumerate().filter(|(_, line)| line.contains(mark) && !is_comment(line));
        let numbers: Vec<_> = found.map(|(number, _)| number).collect();
        assert!(!numbers.is_empty(), "{mark} stands nowhere");
        for number in numbers {
            // Caddy has no comments behind an opening brace.
            let says = lines[number..].iter().take(2).any(|line| line.contains("# CHANGE"));
            assert!(says, "{mark} is not marked in line {}", number + 1);
        }
    }
    marks.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The text with its one line that says how to fail open as it says.
fn failing_open(text: &str) -> String {
    const MARK: &str = "# FAIL OPEN: ";
    assert_eq!(text.matches(MARK).count(), 1, "one line makes it fail open");
    let lines = text.lines().map(|line| {
        let indent = &line[..line.len() - line.trim_start().len()];
        line.split_once(MARK).map_or(line.to_owned(), |(_, open)| format!("{indent}{open}")) + "\n"
    });
    lines.collect()
}
