//! A browser of a test's own: Chromium from Debian's package, without windows, with a profile that goes with it, and
//! with no names but this machine's addresses, so that it reaches loopback alone.

use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver};

/// Loopback addresses resolve; everything that Chromium would fetch for itself does not.
const NAMES: &str = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";

/// A running browser with one page. Both programs are killed when it is dropped.
pub struct Browser {
    driver: Child,
    page: WebDriver,
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
        let mut wanted = DesiredCapabilities::chrome();
        let folder = format!("--user-data-dir={}", profile.path().display());
        // Without a sandbox, which root cannot have: the pages are ours.
        let fixed =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
        for argument in fixed.iter().chain(&[NAMES, "--disable-background-networking", &folder]) {
            wanted.add_arg(argument).expect("an argument");
        }
        if let Some(preferences) = preferences {
            wanted.add_experimental_option("prefs", preferences).expect("preferences");
        }
        let page = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await.expect("Chromium starts");
        Self { driver, page, _profile: profile }
    }

    /// What it shows.
    pub fn page(&self) -> &WebDriver {
        &self.page
    }

    /// Ends it, so that no process stays.
    pub async fn close(self) {
        self.page.clone().quit().await.expect("it ends");
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
