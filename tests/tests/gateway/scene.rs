//! Door, wire, gateway and API, and a client who calls.

use crate::{
    door::Door,
    kinds::{Kind, Values},
    relay::Relay,
    running::Gateway,
    upstream::Upstream,
};
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// Everything in its place.
pub(crate) struct Scene {
    pub(crate) door: Door,
    /// The wire that this gateway asks over.
    pub(crate) wire: Relay,
    pub(crate) api: Upstream,
    pub(crate) gateway: Gateway,
    client: Client,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Scene {
    /// A gateway in front of an API and of a door whose group may call `limit` times.
    pub(crate) async fn with(kind: Kind, limit: u32) -> Self {
        Self::around(kind, Door::start(limit).await).await
    }

    /// A gateway in front of an API and of this door.
    pub(crate) async fn around(kind: Kind, door: Door) -> Self {
        let api = Upstream::start().await;
        let wire = Relay::to(door.address(kind)).await;
        let gateway = Gateway::start(kind, &values(&wire, &api, &door.gateway)).await;
        // It was asked whether it is there.
        api.take();
        Self { door, wire, api, gateway, client: client() }
    }

    /// What another gateway in this one's place needs to know.
    pub(crate) fn values(&self) -> Values {
        values(&self.wire, &self.api, &self.door.gateway)
    }

    /// A request from somebody.
    pub(crate) fn request(&self, method: &str, target: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        self.client.request(method, format!("{}{target}", self.gateway.base()))
    }

    /// A call of the integration.
    pub(crate) async fn call(&self) -> Answer {
        Answer::to(self.request("GET", "/courses/7").bearer_auth(&self.door.secret)).await
    }
}

impl Answer {
    /// Sends a request.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the gateway answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("a body") }
    }

    /// A header's only value; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().expect("text"));
        assert!(values.next().is_none(), "{name} stands twice: {self:?}");
        value
    }

    /// The problem document of a refusal with this status.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"));
        assert_eq!(problem["status"], status, "{self:?}");
        assert!(problem["title"].is_string() && problem["type"].is_string(), "{self:?}");
        problem
    }
}

/// A client that keeps its connections, and waits for a gateway but not for ever.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client")
}

/// What a gateway needs to know that asks over this wire.
pub(crate) fn values(wire: &Relay, api: &Upstream, credential: &str) -> Values {
    Values { portal: wire.address(), api: api.address(), credential: credential.to_owned() }
}
