//! A PostgreSQL of a test's own: from Debian's package, in a folder that goes with it, reached by a Unix
//! socket, so that nothing else on the machine is touched and no port is needed.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
/// Who runs it when the tests run as root, as which PostgreSQL refuses to run.
const USER: &str = "postgres";

/// A clock that somebody sets wrong, found before the built-in one.
const FAULTY_CLOCK: [&str; 5] = [
    "CREATE SCHEMA faults",
    "CREATE TABLE faults.skew (ms bigint NOT NULL)",
    "INSERT INTO faults.skew VALUES (0)",
    "CREATE FUNCTION faults.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS \
     $$SELECT pg_catalog.clock_timestamp() + (SELECT ms FROM faults.skew) * interval '1 ms'$$",
    "ALTER DATABASE postgres SET search_path = faults, pg_catalog, public",
];

/// A running server; killed when dropped.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a folder");
        let programs = programs();
        let mut postgres = Self { folder, programs, server: None };
        if let Some((user, group)) = other_user() {
            chown(postgres.folder.path(), Some(user), Some(group)).expect("root gives a folder away");
        }
        fs::set_permissions(postgres.folder.path(), fs::Permissions::from_mode(0o700)).expect("ours");
        let made = postgres
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--pgdata"])
            .arg(postgres.data())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        postgres.serve();
        postgres
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Where one of its databases is reached.
    pub fn url_of(&self, database: &str) -> String {
        let socket = self.folder.path().to_str().expect("a plain path").replace('/', "%2F");
        format!("postgres://postgres@localhost/{database}?host={socket}")
    }

    /// The socket it listens on.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Gives sessions that begin from now on a clock that [`Postgres::skew`] sets wrong: it shadows the
    /// built-in one.
    #[must_use]
    pub fn with_faulty_clock(self) -> Self {
        for statement in FAULTY_CLOCK {
            self.query(statement);
        }
        self.skew(3_600_000);
        let ahead =
            self.query("SELECT round(extract(epoch FROM clock_timestamp() - pg_catalog.clock_timestamp()))");
        assert_eq!(ahead, "3600", "the faulty clock is not the one that is asked");
        self.skew(0);
        self
    }

    /// Sets the faulty clock so many milliseconds ahead of the machine's.
    pub fn skew(&self, ms: i64) {
        self.query(&format!("UPDATE faults.skew SET ms = {ms}"));
    }

    /// Ends it as a crash does: nothing is written any more.
    pub fn crash(&mut self) {
        self.stop("immediate");
    }

    /// Ends it in order.
    pub fn stop_fast(&mut self) {
        self.stop("fast");
    }

    /// Starts it, again if it was stopped, and waits until it answers.
    pub fn serve(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).expect("a log file");
        let socket = self.folder.path().to_owned();
        let server = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "max_connections=100", "-k"])
            .arg(socket)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("postgres runs");
        self.server = Some(server);
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start: {}", self.log());
        }
    }

    /// Keeps what is stored, for [`Postgres::bring_back`]; it must be stopped.
    pub fn keep(&self) {
        self.copy(&self.data(), &self.kept());
    }

    /// Stores again what was kept, as who restores a back-up does; it must be stopped.
    pub fn bring_back(&self) {
        fs::remove_dir_all(self.data()).expect("ours");
        self.copy(&self.kept(), &self.data());
    }

    fn copy(&self, from: &Path, to: &Path) {
        assert!(self.server.is_none(), "PostgreSQL runs");
        let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
        assert!(copied.success(), "the cluster is copied");
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    /// Ends every session but the asking one.
    pub fn end_sessions(&self) {
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
    }

    /// Runs a statement and returns what it prints.
    pub fn query(&self, statement: &str) -> String {
        self.query_in("postgres", statement)
    }

    /// Runs a statement in one of its databases and returns what it prints.
    pub fn query_in(&self, database: &str, statement: &str) -> String {
        let asked = self.psql(database, statement);
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }

    fn psql(&self, database: &str, statement: &str) -> std::process::Output {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--username=postgres", "--host"]);
        psql.arg(self.folder.path()).args(["--command", statement, database]);
        psql.output().expect("psql runs")
    }

    fn answers(&self) -> bool {
        self.psql("postgres", "SELECT 1").status.success()
    }

    fn stop(&mut self, mode: &str) {
        let Some(mut server) = self.server.take() else { return };
        let stopped = self
            .command("pg_ctl")
            .args(["stop", "--silent", "--wait", "--mode", mode, "--pgdata"])
            .arg(self.data())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            server.kill().expect("it runs");
        }
        server.wait().expect("it ends");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// One of its programs, as the user it may run as.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match other_user() {
            None => Command::new(program),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"))
                    .arg("--clear-groups")
                    .arg(program);
                command
            }
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop("immediate");
    }
}

/// Where Debian puts the newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    newest.max().expect("PostgreSQL is not installed; run: apt-get install postgresql")
}

/// User and group to run as, when the tests run as root.
fn other_user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").expect("proc is mounted").uid() == 0;
    is_root.then(|| ids_of(Path::new("/etc/passwd")).expect("Debian's package makes the user postgres"))
}

fn ids_of(passwd: &Path) -> Option<(u32, u32)> {
    let users = fs::read_to_string(passwd).ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(USER))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
