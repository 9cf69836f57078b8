//! Load by wrk.

use std::{path::Path, process::Command};

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    script: Option<&'a Path>,
}

/// What wrk tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) rate: f64,
    pub(crate) p99_us: f64,
}

impl<'a> Load<'a> {
    /// Nothing but the path.
    pub(crate) fn plain() -> Self {
        Self { script: None }
    }

    /// What a script says.
    pub(crate) fn with(script: &'a Path) -> Self {
        Self { script: Some(script) }
    }

    /// A second of it.
    pub(crate) fn measure(&self, url: &str) -> Measured {
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c64", "-d1s", "--latency"]);
        if let Some(script) = self.script {
            wrk.arg("-s").arg(script);
        }
        let told = wrk.arg(url).output().expect("wrk is not installed; run: apt-get install wrk");
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(!told.contains("Non-2xx"), "{url} was refused: {told}");
        let after = |word: &str| told.lines().find_map(|line| line.trim().strip_prefix(word)).map(str::trim);
        Measured {
            rate: after("Requests/sec:").and_then(|text| text.parse().ok()).expect("a rate"),
            p99_us: after("99%").map(micros).expect("a latency"),
        }
    }
}

/// `1.23ms` and its like.
fn micros(text: &str) -> f64 {
    let (number, factor) = if let Some(number) = text.strip_suffix("us") {
        (number, 1.0)
    } else if let Some(number) = text.strip_suffix("ms") {
        (number, 1_000.0)
    } else {
        (text.trim_end_matches('s'), 1_000_000.0)
    };
    number.parse::<f64>().unwrap() * factor
}
