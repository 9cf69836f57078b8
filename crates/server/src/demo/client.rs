//! The HTTP client of one actor: sends, times, and has every step written down.

use super::{
    DemoError,
    transcript::{Step, Transcript, milliseconds, told_problem},
};
use reqwest::{
    Method,
    header::{self, HeaderMap},
};
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// Longer than any handler may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One actor at the other end of HTTP.
pub struct Client {
    actor: &'static str,
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// A request and the status it should be answered with.
pub struct Call {
    step: String,
    method: Method,
    path: String,
    body: Option<Value>,
    if_match: Option<String>,
    headers: Vec<(&'static str, String)>,
    expected: u16,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body; null when there is none.
    pub body: Value,
    /// Version to send as `If-Match`.
    pub etag: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// Time to the last byte.
    pub took: Duration,
}

impl Answer {
    /// A string of the body, or what is wrong with it.
    pub fn text(&self, pointer: &str) -> Result<&str, String> {
        self.body.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("no text at {pointer}"))
    }

    /// A header, or what is wrong with it.
    pub fn header(&self, name: &str) -> Result<&str, String> {
        let header = self.headers.get(name).and_then(|value| value.to_str().ok());
        header.ok_or_else(|| format!("no header {name}"))
    }

    /// A truth value of the body, or what is wrong with it.
    pub fn flag(&self, pointer: &str) -> Result<bool, String> {
        self.body
            .pointer(pointer)
            .and_then(Value::as_bool)
            .ok_or_else(|| format!("no true or false at {pointer}"))
    }

    /// A list of the body; empty when absent.
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.body.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Field errors of a problem document.
    pub fn errors(&self) -> &[Value] {
        self.list("/errors")
    }
}

impl Call {
    /// A GET that should be answered 200.
    pub fn get(step: impl Into<String>, path: impl Into<String>) -> Self {
        Self::of(Method::GET, step, path, 200)
    }

    /// A POST that should be answered with `expected`.
    pub fn post(step: impl Into<String>, path: impl Into<String>, body: Value, expected: u16) -> Self {
        Self { body: Some(body), ..Self::of(Method::POST, step, path, expected) }
    }

    /// A PUT that should be answered 200.
    pub fn put(step: impl Into<String>, path: impl Into<String>, body: Value) -> Self {
        Self { body: Some(body), ..Self::of(Method::PUT, step, path, 200) }
    }

    fn of(method: Method, step: impl Into<String>, path: impl Into<String>, expected: u16) -> Self {
        let (step, path) = (step.into(), path.into());
        Self { step, method, path, body: None, if_match: None, headers: Vec::new(), expected }
    }

    /// Only if the thing still has the version that answer showed.
    #[must_use]
    pub fn if_unchanged(mut self, seen: &Answer) -> Self {
        self.if_match.clone_from(&seen.etag);
        self
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Another status than usual should come.
    #[must_use]
    pub fn answered(mut self, expected: u16) -> Self {
        self.expected = expected;
        self
    }
}

impl Client {
    /// An actor with connections of its own.
    pub fn new(actor: &'static str, base: &str) -> Result<Self, DemoError> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).tcp_nodelay(true).build()?;
        Ok(Self { actor, http, base: base.to_owned(), token: None })
    }

    /// From here on the actor is signed in.
    pub fn sign_in(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    /// Sends, checks the status, lets `tell` check the answer and say what is worth saying, and writes the
    /// step down. Err when the step did not hold, after writing that down too.
    pub async fn play(
        &self,
        transcript: &mut Transcript,
        call: Call,
        tell: impl FnOnce(&Answer) -> Result<String, String>,
    ) -> Result<Answer, DemoError> {
        let answer = self.send(&call).await?;
        let told = if answer.status == call.expected {
            tell(&answer)
        } else {
            Err(format!("{} was expected; {}", call.expected, told_problem(&answer)))
        };
        let step = self.step_of(&call, &answer, told.clone(), Map::new());
        transcript.step(&step)?;
        match told {
            Ok(_) => Ok(answer),
            Err(why) => Err(DemoError::Step { step: call.step, why }),
        }
    }

    /// Sends and leaves it to the caller to judge the answer and write the step down.
    pub async fn send(&self, call: &Call) -> Result<Answer, DemoError> {
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.base, call.path));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(version) = &call.if_match {
            request = request.header(header::IF_MATCH, version);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let begun = Instant::now();
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let etag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await?;
        let took = begun.elapsed();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok(Answer { status, body, etag, headers, took })
    }

    /// The step a call and its answer make.
    pub fn step_of(
        &self,
        call: &Call,
        answer: &Answer,
        told: Result<String, String>,
        mut more: Map<String, Value>,
    ) -> Step {
        if let Ok(code) = answer.text("/code") {
            more.insert("code".to_owned(), code.into());
        }
        Step {
            step: call.step.clone(),
            turned_away: false,
            actor: self.actor,
            method: Some(call.method.to_string()),
            path: Some(call.path.clone()),
            status: Some(answer.status),
            ms: milliseconds(answer.took),
            ok: told.is_ok(),
            said: told.unwrap_or_else(|why| why),
            more,
        }
    }
}
