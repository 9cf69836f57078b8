//! The program as a process of its own: for what only a process can show, such as being killed.

use crate::api::Api;
use app::clock::Clock;
use serde_json::json;
use server::demo::journeys::staff::Access;
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_mins(1);
const STAFF: &str = "approver@portal.example";

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
    settings: Vec<String>,
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
        let installation = Self { program, folder, smtp, settings: Vec::new() };
        let data = installation.data_dir();
        let made = command(
            program,
            [OsStr::new("init"), "--data-dir".as_ref(), data.as_ref(), "--development".as_ref()],
        );
        let made = output(made);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        installation
    }

    /// The same with a setting, such as `http.workers=1`.
    #[must_use]
    pub fn with(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// Another node with the same data, as it is on disk; no server may run.
    #[must_use]
    pub fn copied(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&self.data_dir(), &folder.path().join("data"));
        let moved =
            Self { program: self.program, folder, smtp: self.smtp.clone(), settings: self.settings.clone() };
        let data = moved.data_dir();
        let data = data.to_str().expect("a plain path");
        moved.with(&format!("data_dir={data}")).with(&format!("keys.file={data}/keyring.toml"))
    }

    /// A member of staff who approves, with a way to sign in; no server may run.
    pub fn enrol(&self) -> Access {
        let added = self.run(&["staff", "add", "--email", STAFF, "--name", "Grace", "--role", "approver"]);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let printed = String::from_utf8_lossy(&added.stdout);
        let word = |name: &str| {
            let line = printed.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name}")).trim().to_owned()
        };
        Access { password: word("password"), otpauth: word("authenticator") }
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
        for setting in &self.settings {
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
        self.serve_with(&[]).await
    }

    /// The same with settings of choice.
    pub async fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        let mut command = self.command(&["serve"]);
        for (key, value) in settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        Self::start(command).await
    }

    /// Starts a server under a tracer that lets it be our own child, such as `strace -D`.
    pub async fn serve_under(&self, tracer: &str, options: &[&str]) -> Server {
        let served = self.command(&["serve"]);
        let mut command = command(tracer, options);
        command.arg("--").arg(served.get_program()).args(served.get_args());
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
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

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
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
    /// Where it is reached.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The member of staff that was enrolled, signed in.
    pub async fn staff(&self, access: &Access) -> Api {
        let totp = access.code(Clock::System.now()).expect("a code");
        let body = json!({ "email": STAFF, "password": access.password, "totp": totp });
        let session = self.api().post("/v1/staff/sessions", &body).expect(201).await;
        self.api().with_token(&session.text("/token"))
    }

    /// A new gateway's credential.
    pub async fn gateway(&self, access: &Access) -> String {
        let staff = self.staff(access).await;
        let made = staff.post("/v1/staff/gateways", &json!({ "name": "Frankfurt" })).expect(201).await;
        made.text("/issued/credential")
    }

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

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
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
