//! The program as a process of its own: for what only a process can show, such as being killed.

use crate::api::Api;
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_mins(1);

/// The program with arguments and an empty environment.
pub fn command(program: &str, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().args(args).stdin(Stdio::null());
    command
}

/// An installation on disk: configuration, keyring and data.
pub struct Installation {
    program: &'static str,
    folder: tempfile::TempDir,
    smtp: String,
}

/// A server process over an installation; killed when dropped.
pub struct Server {
    child: Child,
    log: Arc<Log>,
    base: String,
}

#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

impl Installation {
    /// What `devportal init` makes, in development mode, with mail going to `smtp`.
    pub fn new(program: &'static str, smtp: String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let installation = Self { program, folder, smtp };
        let data = installation.data_dir();
        let made = command(
            program,
            [OsStr::new("init"), "--data-dir".as_ref(), data.as_ref(), "--development".as_ref()],
        );
        let made = output(made);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        installation
    }

    /// Where the data is.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A subcommand over this installation.
    pub fn command(&self, args: &[&str]) -> Command {
        let config = self.data_dir().join("devportal.toml");
        let mut command = command(self.program, args);
        command.arg("--config").arg(config);
        for setting in [
            "http.listen=127.0.0.1:0",
            &format!("smtp.url={}", self.smtp),
            "smtp.from=portal@portal.example",
            "mail.reserved_domains=example",
            "log.format=json",
            "log.level=debug",
        ] {
            command.arg("--set").arg(setting);
        }
        command
    }

    /// Runs a subcommand to its end.
    pub fn run(&self, args: &[&str]) -> std::process::Output {
        output(self.command(args))
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self) -> Server {
        let mut child =
            self.command(&["serve"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let log = Arc::new(Log::default());
        let stderr = child.stderr.take().expect("it has an error stream");
        std::thread::spawn({
            let log = log.clone();
            move || log.follow(stderr)
        });
        let base = log
            .wait_for(|text| text.lines().find_map(address))
            .unwrap_or_else(|text| panic!("it does not listen: {text}"));
        let server = Server { child, log, base: format!("http://{base}") };
        crate::until("the server is ready", async || server.api().get("/readyz").send().await.status == 200)
            .await;
        server
    }
}

fn output(mut command: Command) -> std::process::Output {
    command.output().expect("it runs")
}

/// The address in the log line that tells where the server listens.
fn address(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    (fields.get("message")?.as_str()? == "listening")
        .then(|| fields.get("address")?.as_str().map(str::to_owned))?
}

impl Log {
    fn follow(&self, stream: impl Read) {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = self.text.lock().expect("no reader panics");
            text.push_str(&line);
            text.push('\n');
            self.grown.notify_all();
        }
        self.grown.notify_all();
    }

    /// Waits for something in the log; Err is the whole log when it does not come.
    fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let begun = Instant::now();
        let mut text = self.text.lock().expect("no reader panics");
        loop {
            if let Some(found) = find(&text) {
                return Ok(found);
            }
            let Some(left) = PATIENCE.checked_sub(begun.elapsed()) else { return Err(text.clone()) };
            text = self.grown.wait_timeout(text, left).expect("no reader panics").0;
        }
    }
}

impl Server {
    /// A client nobody has signed in with.
    pub fn api(&self) -> Api {
        Api::new(&self.base)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        self.log.text.lock().expect("no reader panics").clone()
    }

    /// Ends it as a power cut would, as far as a process can feel one.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(asked.success());
        let status = self.child.wait().expect("it ends");
        let log = self.log.wait_for(|text| text.contains("stopped").then(|| text.to_owned()));
        (status, log.unwrap_or_else(|log| log))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        self.child.kill().and_then(|()| self.child.wait()).map(drop).unwrap_or_default();
    }
}

/// Files below a folder that hold a text as it stands.
pub fn files_holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)
                .expect("a file")
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
            {
                found.push(path);
            }
        }
    }
    found
}
