//! One HTTP client: sends what a test says, byte for byte where it must be odd, and holds every answer
//! against the published contract.

use crate::contract::{Contract, Exchange};
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A client, signed in or not.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    gateway: Option<String>,
}

/// A request in the making.
#[must_use]
pub struct Request<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

/// An answer that fits the contract.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// JSON body, or text of another kind; null when empty.
    pub body: Value,
    what: String,
}

impl Api {
    /// A client nobody has signed in with.
    pub fn new(base: &str) -> Self {
        let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE).tcp_nodelay(true);
        Self { http: builder.build().expect("a client"), base: base.to_owned(), token: None, gateway: None }
    }

    /// The same client, signed in.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client as a gateway, known by its credential.
    #[must_use]
    pub fn as_gateway(&self, credential: &str) -> Self {
        Self { gateway: Some(credential.to_owned()), ..self.clone() }
    }

    /// The token it is signed in with.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A request.
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        let method = method.parse().expect("a method");
        Request { api: self, method, path: path.to_owned(), headers: HeaderMap::new(), body: None }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    /// A POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Request<'_> {
        self.request("POST", path).json(body)
    }

    /// A PUT of JSON.
    pub fn put(&self, path: &str, body: &Value) -> Request<'_> {
        self.request("PUT", path).json(body)
    }

    /// A PATCH of JSON.
    pub fn patch(&self, path: &str, body: &Value) -> Request<'_> {
        self.request("PATCH", path).json(body)
    }
}

impl Request<'_> {
    /// Sends a header, in place of one of that name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// Sends JSON.
    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    /// Sends bytes of any kind.
    pub fn bytes(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", media_type)
    }

    /// Only if the thing still has the version that answer showed.
    #[track_caller]
    pub fn if_unchanged(self, seen: &Answer) -> Self {
        let etag = seen.etag();
        self.header("If-Match", &etag)
    }

    /// Done once, however often it is sent with this key.
    pub fn once(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// Sends it and holds the answer against the contract.
    pub async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        self.deliver().await.unwrap_or_else(|error| panic!("{what} is not answered: {error:?}"))
    }

    /// Sends it to a server that may go away; none when it did so before the whole answer.
    pub async fn attempt(self) -> Option<Answer> {
        self.deliver().await.ok()
    }

    async fn deliver(self) -> reqwest::Result<Answer> {
        let mut request =
            self.api.http.request(self.method.clone(), format!("{}{}", self.api.base, self.path));
        if let Some(token) = &self.api.token {
            request = request.bearer_auth(token);
        }
        if let Some(credential) = &self.api.gateway {
            request = request.header("Portal-Gateway", credential);
        }
        let sent = self.body.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let what = format!("{} {}", self.method, self.path);
        let response = request.headers(self.headers).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        let media_type =
            headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = if bytes.is_empty() {
            Value::Null
        } else if ["text/csv", "image/svg+xml", "text/html"].iter().any(|text| media_type.starts_with(text)) {
            Value::String(String::from_utf8(bytes.to_vec()).expect("text is UTF-8"))
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{what} is no JSON: {error}"))
        };
        let answer = Answer { status, headers, body, what };
        answer.check(&self.method, &self.path, sent.as_ref());
        Ok(answer)
    }

    /// Sends it and expects a status.
    pub async fn expect(self, status: u16) -> Answer {
        let answer = self.send().await;
        answer.must_be(status);
        answer
    }

    /// Sends it and expects a problem with this status and code.
    pub async fn refused(self, status: u16, code: &str) -> Answer {
        let answer = self.send().await;
        answer.must_be(status);
        assert_eq!(answer.code(), code, "{}: {:#}", answer.what, answer.body);
        answer
    }
}

impl Answer {
    fn check(&self, method: &Method, path: &str, sent: Option<&Value>) {
        let media_type =
            self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        let is_head = *method == Method::HEAD;
        Contract::get().check(&Exchange {
            // A HEAD is a GET without the body.
            method: if is_head { "GET" } else { method.as_str() },
            path,
            sent,
            status: self.status,
            media_type: if is_head { "" } else { media_type.trim() },
            body: &self.body,
        });
        // The door is answered before anything that would give the request an id.
        let is_named = self.header("x-request-id").is_some() || path.starts_with("/gateway/auth");
        assert!(is_named, "{} has no request id", self.what);
    }

    /// Fails with the whole answer when the status is another.
    #[track_caller]
    pub fn must_be(&self, status: u16) {
        assert_eq!(self.status, status, "{}: {:#}", self.what, self.body);
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are text"))
    }

    /// The version to send as `If-Match`.
    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("{} has no ETag", self.what)).to_owned()
    }

    /// The place in the log to send as `Portal-Min-Position`.
    #[track_caller]
    pub fn position(&self) -> String {
        self.header("portal-position").unwrap_or_else(|| panic!("{} has no position", self.what)).to_owned()
    }

    /// Whether it is the answer to a command done before.
    pub fn is_replay(&self) -> bool {
        self.header("idempotent-replay") == Some("true")
    }

    /// A text in the body.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("{} has no text at {pointer}: {:#}", self.what, self.body)).to_owned()
    }

    /// The whole body, where it is text.
    #[track_caller]
    pub fn page(&self) -> &str {
        self.body.as_str().unwrap_or_else(|| panic!("{} is no text: {:#}", self.what, self.body))
    }

    /// A list in the body.
    #[track_caller]
    pub fn list(&self, pointer: &str) -> Vec<Value> {
        let list = self.body.pointer(pointer).and_then(Value::as_array);
        list.unwrap_or_else(|| panic!("{} has no list at {pointer}: {:#}", self.what, self.body)).clone()
    }

    /// Code of a problem.
    #[track_caller]
    pub fn code(&self) -> String {
        self.text("/code")
    }

    /// (pointer, code) of the fields at fault.
    pub fn faults(&self) -> Vec<(String, String)> {
        let of = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        let faults = self.body["errors"].as_array().into_iter().flatten();
        faults.map(|fault| (of(fault, "pointer"), of(fault, "code"))).collect()
    }
}
