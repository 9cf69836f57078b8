//! A browser of a test's own: Chromium from Debian's package, without windows, with a profile that goes with it, and
//! with no names but this machine's addresses, so that it reaches loopback alone.

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Loopback addresses resolve; everything that Chromium would fetch for itself does not.
const NAMES: &str = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
/// Without a sandbox, which root cannot have: the pages are ours.
const FIXED: [&str; 6] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
];

/// A running browser with one page. Both programs are killed when it is dropped.
pub struct Browser {
    driver: Child,
    page: Client,
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    pub async fn start() -> Self {
        Self::with(None).await
    }

    /// Starts one that runs no script.
    pub async fn without_script() -> Self {
        Self::with(Some(json!({ "profile.managed_default_content_settings.javascript": 2 }))).await
    }

    async fn with(preferences: Option<Value>) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver runs; install it with: apt-get install chromium chromium-driver");
        let port = port(&mut driver);
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments = FIXED.into_iter().chain([NAMES, &folder]).collect::<Vec<_>>();
        let options = json!({ "args": arguments, "prefs": preferences.unwrap_or_else(|| json!({})) });
        let wanted = serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)]);
        let mut wanting = ClientBuilder::new(HttpConnector::new());
        let driven_at = format!("http://127.0.0.1:{port}");
        let page = wanting.capabilities(wanted).connect(&driven_at).await.expect("Chromium starts");
        Self { driver, page, _profile: profile }
    }

    /// What it shows.
    pub fn page(&self) -> &Client {
        &self.page
    }

    /// Ends it, so that no process stays.
    pub async fn close(self) {
        self.page.clone().close().await.expect("it ends");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that failed has not closed it, and Chromium outlives its driver: the whole group is ended.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.driver.id())]).status();
        let _ = self.driver.wait();
    }
}

/// The port that the driver took; it says so when it is ready.
fn port(driver: &mut Child) -> u16 {
    let told = BufReader::new(driver.stdout.take().expect("piped"));
    let ready = told.lines().map_while(Result::ok).find_map(|line| {
        let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    ready.expect("chromedriver says its port")
}
