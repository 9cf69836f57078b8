//! The door as Envoy's rate limit filter asks at it.

use domain::policy::Policy;
use portal_tests::Portal;
use serde_json::{Value, json};
use server::gateway::grpc::messages::{
    Code, Entry, RateLimitDescriptor, RateLimitRequest, RateLimitResponse, UInt64Value,
};
use tonic::{
    Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

const METHOD: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

struct Envoy {
    channel: Channel,
    gateway: String,
}

impl Envoy {
    async fn at(portal: &Portal, gateway: &str) -> Self {
        let endpoint = Endpoint::from_shared(portal.grpc().to_owned()).expect("an address");
        Self { channel: endpoint.connect().await.expect("a connection"), gateway: gateway.to_owned() }
    }

    async fn ask(&self, hits: u32, entries: &[(&str, &str)]) -> Result<RateLimitResponse, Status> {
        self.send(RateLimitRequest {
            domain: "platform".to_owned(),
            descriptors: vec![descriptor(entries)],
            hits_addend: hits,
        })
        .await
    }

    async fn send(&self, request: RateLimitRequest) -> Result<RateLimitResponse, Status> {
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.expect("ready");
        let mut request = Request::new(request);
        request.metadata_mut().insert("portal-gateway", self.gateway.parse().expect("a text"));
        let codec = ProstCodec::<RateLimitRequest, RateLimitResponse>::default();
        let answer = client.unary(request, PathAndQuery::from_static(METHOD), codec).await;
        answer.map(tonic::Response::into_inner)
    }
}

fn descriptor(entries: &[(&str, &str)]) -> RateLimitDescriptor {
    let entry = |(key, value): &(&str, &str)| Entry { key: (*key).to_owned(), value: (*value).into() };
    RateLimitDescriptor { entries: entries.iter().map(entry).collect(), hits_addend: None }
}

fn header<'a>(response: &'a RateLimitResponse, name: &str) -> Option<&'a str> {
    let found = response.response_headers_to_add.iter().find(|header| header.key == name);
    found.map(|header| header.value.as_str())
}

#[tokio::test]
async fn envoy_is_told_when_the_limit_is_reached_and_what_to_tell_the_client() {
    let mut policy = Policy::default();
    policy.development.calls = 20;
    let portal = Portal::with(policy).await;
    let staff = portal.staff("approver").await;
    let gateway = staff.register_gateway("Envoy").await.text("/issued/credential");
    let ada = portal.vendor("ada").await;
    let made = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await;
    let (key, secret) = (made.text("/credentials/key"), made.text("/credentials/secret"));
    let envoy = Envoy::at(&portal, &gateway).await;

    let whole = format!("Bearer {secret}");
    for (left, entries) in
        [(19, [("credential", secret.as_str())]), (18, [("credential", &whole)]), (17, [("key", &key)])]
    {
        let answer = envoy.ask(0, &entries).await.expect("an answer");
        assert_eq!((answer.overall_code(), answer.statuses[0].limit_remaining), (Code::Ok, left));
        let state = format!("\"group\";r={left};t=86400");
        assert_eq!(header(&answer, "ratelimit"), Some(state.as_str()));
        assert_eq!(header(&answer, "ratelimit-policy"), Some("\"group\";q=20;w=86400"));
        let told: Vec<_> = answer.request_headers_to_add.iter().map(|header| header.key.as_str()).collect();
        assert_eq!(told, ["portal-integration", "portal-group"], "whose call it is is for the API");
        assert_eq!(header(&answer, "portal-group"), None, "and not for the client");
    }
    assert_eq!(envoy.ask(17, &[("key", &key)]).await.expect("an answer").overall_code(), Code::Ok);

    let refused = envoy.ask(1, &[("key", &key)]).await.expect("an answer");
    assert_eq!((refused.overall_code(), refused.statuses[0].code()), (Code::OverLimit, Code::OverLimit));
    assert_eq!(header(&refused, "portal-reason"), Some("quota-exceeded"));
    assert_eq!(header(&refused, "portal-status"), Some("429"));
    let problem: Value = serde_json::from_slice(&refused.raw_body).expect("a problem document");
    assert_eq!((problem["status"].as_u64(), problem["limit"].as_u64()), (Some(429), Some(20)));
    assert_eq!(header(&refused, "x-rate-limit-remaining"), Some("0"));
    let wait = header(&refused, "retry-after").expect("when to come back");
    assert_eq!(header(&refused, "ratelimit"), Some(format!("\"group\";r=0;t={wait}").as_str()));
    assert_eq!(refused.statuses[0].duration_until_reset.expect("a time").seconds.to_string(), wait);
}

#[tokio::test]
async fn what_is_wrong_with_a_call_or_its_gateway_is_an_answer_whatever_bytes_a_client_sends() {
    let portal = Portal::start().await;
    let staff = portal.staff("approver").await;
    let gateway = staff.register_gateway("Envoy").await.text("/issued/credential");
    let ada = portal.vendor("ada").await;
    let key = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await.text("/credentials/key");
    let envoy = Envoy::at(&portal, &gateway).await;
    let own = ("key", key.as_str());
    let is_refused = |refused: &RateLimitResponse, status: &str, reason: &str| {
        assert_eq!(refused.overall_code(), Code::OverLimit, "{refused:?}");
        assert_eq!(header(refused, "portal-status"), Some(status), "{refused:?}");
        assert_eq!(header(refused, "portal-reason"), Some(reason), "{refused:?}");
        assert_eq!(header(refused, "www-authenticate").is_some(), status == "401", "{refused:?}");
    };
    let longest = "x".repeat(60 * 1024);
    for (hits, entries, status, reason) in [
        (1, vec![("key", "nobody")], "401", "credential-unknown"),
        (1, vec![("credential", "Bearer nonsense")], "401", "credential-unknown"),
        (1, vec![("credential", &longest)], "401", "credential-unknown"),
        (1, vec![own, ("credential", "x")], "401", "credential-unknown"),
        (1, vec![], "401", "credential-missing"),
        (1, vec![own, ("site", "no site")], "400", "header-malformed"),
        (10_001, vec![own], "403", "cost-never-admissible"),
    ] {
        is_refused(&envoy.ask(hits, &entries).await.expect("an answer"), status, reason);
    }
    let request = |descriptors| RateLimitRequest { descriptors, ..RateLimitRequest::default() };
    let costly =
        RateLimitDescriptor { hits_addend: Some(UInt64Value { value: 1 << 33 }), ..descriptor(&[own]) };
    is_refused(&envoy.send(request(vec![costly])).await.expect("an answer"), "400", "cost-malformed");
    let mut no_text = descriptor(&[("credential", "")]);
    no_text.entries[0].value = b"Bearer \xff\xfe".to_vec();
    is_refused(&envoy.send(request(vec![no_text])).await.expect("an answer"), "401", "credential-unknown");
    let stranger = Envoy::at(&portal, "dpg_nobody").await;
    is_refused(&stranger.ask(1, &[own]).await.expect("an answer"), "401", "gateway-unknown");
    let too_long = "x".repeat(200 * 1024);
    let failed = envoy.ask(1, &[("key", &too_long)]).await.expect_err("longer than a question is");
    assert_eq!(failed.code(), tonic::Code::OutOfRange);
    let unread = stranger.ask(1, &[("key", &too_long)]).await.expect("nothing of a stranger's is read");
    is_refused(&unread, "401", "gateway-unknown");
    for descriptors in [vec![], vec![descriptor(&[own]); 2]] {
        let failed = envoy.send(request(descriptors)).await.expect_err("a failure");
        assert_eq!(failed.code(), tonic::Code::InvalidArgument);
    }
    let answer = envoy.ask(1, &[own]).await.expect("an answer");
    assert_eq!(answer.statuses[0].limit_remaining, 9_999, "what was refused is not counted");
}

#[tokio::test]
async fn a_request_has_one_descriptor_and_with_several_nobody_is_charged() {
    let portal = Portal::start().await;
    let gateway = portal.staff("approver").await.register_gateway("Envoy").await.text("/issued/credential");
    let ada = portal.vendor("ada").await;
    let key = ada.register(&json!({ "name": "Quiz", "kinds": ["rest"] })).await.text("/credentials/key");
    let envoy = Envoy::at(&portal, &gateway).await;
    let (own, nobody) = (descriptor(&[("key", &key)]), descriptor(&[("key", "nobody")]));
    for descriptors in [vec![own.clone(), own.clone()], vec![own.clone(), nobody.clone()], vec![nobody, own]]
    {
        let request = RateLimitRequest { descriptors, ..RateLimitRequest::default() };
        let failed = envoy.send(request).await.expect_err("a failure");
        assert_eq!(failed.code(), tonic::Code::InvalidArgument);
        assert!(failed.message().contains("exactly one"), "{failed}");
    }
    let answer = envoy.ask(1, &[("key", &key)]).await.expect("an answer");
    assert_eq!(answer.statuses[0].limit_remaining, 9_999);
}
