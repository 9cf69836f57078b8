//! What the demo prints: lines for people, or one JSON object a step for programs.

use super::client::Answer;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Pretty {
        /// With ANSI colours.
        colour: bool,
        /// With progress that is wiped again: only on a terminal.
        progress: bool,
    },
    /// One JSON object a line.
    Json,
}

/// One thing somebody did, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What was done, in words.
    pub step: String,
    /// It held because the portal refused what it must refuse.
    #[serde(skip)]
    pub turned_away: bool,
    /// Who did it.
    pub actor: &'static str,
    /// HTTP method; none when nothing was sent.
    pub method: Option<String>,
    /// Path with query.
    pub path: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Milliseconds from request to the whole answer.
    pub ms: f64,
    /// Whether it went as it should.
    pub ok: bool,
    /// What came back, in words.
    pub said: String,
    /// What a program may want besides.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Step {
    /// A step of one actor that sent nothing over HTTP.
    pub fn quiet(actor: &'static str, step: &str, took: Duration, said: String) -> Self {
        Self {
            step: step.to_owned(),
            turned_away: false,
            actor,
            method: None,
            path: None,
            status: None,
            ms: milliseconds(took),
            ok: true,
            said,
            more: Map::new(),
        }
    }
}

/// The last object of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// Steps played.
    pub steps: u32,
    /// Steps that did not go as they should.
    pub failed: u32,
    /// Whole run in milliseconds.
    pub ms: f64,
    /// Mails that arrived.
    pub mails: usize,
    /// Registrations by outcome: complete, incomplete, refused.
    pub registrations: BTreeMap<&'static str, u32>,
    /// Why registrations were refused: code of the first broken rule → how many.
    pub refusals: BTreeMap<String, u32>,
    /// Events in the log.
    pub events: u64,
    /// Digest of the log: hash of the last record, which covers all before it.
    pub log_digest: String,
    /// Result of the log check.
    pub log_check: String,
    /// Everything held.
    pub ok: bool,
}

/// Prints steps as they happen and counts them.
pub struct Transcript {
    form: Form,
    out: Box<dyn Write + Send>,
    /// What is counted on the way.
    pub totals: Totals,
    progressing: bool,
}

/// Below the words of a step.
const INDENT: &str = "                ";
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

impl Transcript {
    /// Prints to `out`.
    pub fn new(form: Form, out: Box<dyn Write + Send>) -> Self {
        Self { form, out, totals: Totals::default(), progressing: false }
    }

    /// A scene begins.
    pub fn heading(&mut self, title: &str, about: &str) -> io::Result<()> {
        let (title, about) = (self.paint(BOLD, title), self.paint(DIM, about));
        self.pretty(&format!("\n{title}  {about}"))
    }

    /// A remark without a step.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(DIM, text);
        self.pretty(&format!("{INDENT}{text}"))
    }

    /// Says what is going on; wiped by whatever is printed next.
    pub fn progress(&mut self, text: &str) -> io::Result<()> {
        if matches!(self.form, Form::Pretty { progress: true, .. }) {
            self.progressing = true;
            write!(self.out, "\r\x1b[2K  … {text}")?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// A step was played.
    pub fn step(&mut self, step: &Step) -> io::Result<()> {
        self.totals.steps += 1;
        self.totals.failed += u32::from(!step.ok);
        if self.form == Form::Json {
            return self.json(step);
        }
        let mark = match (step.ok, step.turned_away) {
            (false, _) => self.paint(RED, "✗"),
            (true, true) => self.paint(YELLOW, "–"),
            (true, false) => self.paint(GREEN, "✓"),
        };
        let ms = self.paint(DIM, &format!("{:>7.1} ms", step.ms));
        self.pretty(&format!("  {mark} {ms}  {}", step.step))?;
        if let (Some(method), Some(path), Some(status)) = (&step.method, &step.path, step.status) {
            let line = self.paint(CYAN, &format!("{method} {path} → {status}"));
            self.pretty(&format!("{INDENT}{line}"))?;
        }
        for line in step.said.lines() {
            self.pretty(&format!("{INDENT}{line}"))?;
        }
        Ok(())
    }

    /// The run is over.
    pub fn close(&mut self) -> io::Result<()> {
        if self.form == Form::Json {
            let totals = serde_json::json!({ "totals": self.totals });
            return self.json(&totals);
        }
        let totals = self.totals.clone();
        let verdict = match (totals.ok, totals.failed) {
            (true, _) => self.paint(GREEN, "every step held"),
            (false, 0) => self.paint(RED, "the run did not end as it should"),
            (false, failed) => self.paint(RED, &format!("{failed} steps did not hold")),
        };
        self.heading("Summary", "")?;
        self.pretty(&format!(
            "  {} steps, {} mails, {:.0} ms: {verdict}",
            totals.steps, totals.mails, totals.ms
        ))?;
        self.pretty(&format!("  {} events in the log, digest {}", totals.events, totals.log_digest))?;
        self.pretty(&format!("  log check: {}", totals.log_check))
    }

    /// A line for people only.
    pub fn pretty(&mut self, line: &str) -> io::Result<()> {
        if self.form == Form::Json {
            return Ok(());
        }
        if std::mem::take(&mut self.progressing) {
            write!(self.out, "\r\x1b[2K")?;
        }
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// An object for programs only.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        if self.form != Form::Json {
            return Ok(());
        }
        serde_json::to_writer(&mut self.out, value)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.form {
            Form::Pretty { colour: true, .. } if !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            Form::Pretty { .. } | Form::Json => text.to_owned(),
        }
    }
}

/// Milliseconds, to the microsecond.
pub fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// What a problem document (RFC 9457) says: fields that break the same rule share a line.
pub fn told_problem(answer: &Answer) -> String {
    let text = |pointer: &str| answer.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut rules: Vec<(String, Vec<&str>)> = Vec::new();
    for error in answer.errors() {
        let of = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
        let fix = if of("fix").is_empty() { String::new() } else { format!(" → {}", of("fix")) };
        let rule = format!("{}: {}{fix}", of("code"), of("detail"));
        match rules.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, pointers)) => pointers.push(of("pointer")),
            None => rules.push((rule, vec![of("pointer")])),
        }
    }
    if rules.is_empty() {
        return format!("{}: {}", text("/code"), text("/detail"));
    }
    let lines = rules.into_iter().map(|(rule, pointers)| format!("{}  {rule}", pointers.join(" ")));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn played(form: Form) -> String {
        let paper = Paper::default();
        let mut transcript = Transcript::new(form, Box::new(paper.clone()));
        transcript.heading("Vendor", "Ada").unwrap();
        transcript.progress("waiting").unwrap();
        let mut step = Step::quiet("vendor", "reads a mail", Duration::from_millis(3), "a code".to_owned());
        transcript.step(&step).unwrap();
        step.ok = false;
        transcript.step(&step).unwrap();
        transcript.close().unwrap();
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn without_colour_no_escape_is_printed() {
        let text = played(Form::Pretty { colour: false, progress: false });
        assert!(!text.contains('\x1b'), "{text}");
        assert!(
            text.contains("3.0 ms  reads a mail")
                && text.contains('✗')
                && text.contains("1 steps did not hold"),
            "{text}"
        );
    }

    #[test]
    fn on_a_terminal_colours_and_progress_are_printed() {
        let text = played(Form::Pretty { colour: true, progress: true });
        assert!(text.contains("\x1b[32m✓") && text.contains("… waiting"), "{text}");
    }

    #[test]
    fn as_json_every_line_is_an_object_and_the_last_has_the_totals() {
        let text = played(Form::Json);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["step"], "reads a mail");
        assert_eq!(lines[1]["ok"], false);
        assert_eq!((&lines[2]["totals"]["steps"], &lines[2]["totals"]["failed"]), (&2.into(), &1.into()));
    }
}
