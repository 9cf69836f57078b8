//! What happens to calls while the portal can't be asked.

use crate::{
    kinds::{Kind, Values},
    relay::Relay,
    running::Gateway,
    scene::{Answer, Scene, client, values},
    undecided::Undecided,
    upstream::Upstream,
};
use std::time::{Duration, Instant};

/// The files promise a second; a machine under load may be late by some. Without the promise it would be 30 s and more.
const A_SECOND_AND_SOME: Duration = Duration::from_secs(8);

/// The refusal that an outage means, at a gateway that can be told so.
fn is_refused(kind: Kind, answer: &Answer) {
    if !kind.knows_outages() {
        assert!(matches!(answer.status, 502 | 504), "{answer:?}");
        return;
    }
    answer.problem(503);
    assert_eq!(answer.header("portal-reason"), "portal-unavailable", "{answer:?}");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
}

pub(crate) async fn closed_until_back(kind: Kind) {
    let mut scene = Scene::with(kind, 2).await;
    assert_eq!(scene.call().await.status, 200);
    scene.wire.cut().await;
    for _ in 0..3 {
        is_refused(kind, &scene.call().await);
    }
    assert_eq!(scene.api.take().len(), 1);
    scene.wire.mend(scene.door.address(kind));
    // Some wait a while before they connect again.
    portal_tests::until("calls pass again", async || scene.call().await.status == 200).await;
    assert_eq!(scene.call().await.status, 429, "what was refused meanwhile costs nothing");
}

pub(crate) async fn silent(kind: Kind) {
    let (api, wire) = (Upstream::start().await, Relay::dead().await);
    let gateway = Gateway::start(kind, &values(&wire, &api, "dpg_any")).await;
    let before = wire.connections();
    let begun = Instant::now();
    let refused = Answer::to(client().get(gateway.base()).bearer_auth("dps_any")).await;
    assert!(begun.elapsed() < A_SECOND_AND_SOME, "{:?}", begun.elapsed());
    is_refused(kind, &refused);
    assert!(wire.connections() <= before + 1, "it is not asked again: it may have counted");
    assert!(api.take().is_empty());
}

pub(crate) async fn undecided(kind: Kind) {
    let (api, portal) = (Upstream::start().await, Undecided::start(kind).await);
    let values = Values { portal: portal.address(), api: api.address(), credential: "dpg_any".to_owned() };
    let call = async |gateway: Gateway| Answer::to(client().get(gateway.base()).bearer_auth("dps_any")).await;
    let refused = call(Gateway::start(kind, &values).await).await;
    assert!(portal.take() > 0 && api.take().is_empty());
    if !kind.knows_outages() {
        assert_eq!(refused.status, 503, "{refused:?}");
        return;
    }
    is_refused(kind, &refused);
    let passed = call(Gateway::start_open(kind, &values).await).await;
    assert_eq!((passed.status, passed.body.as_str()), (200, "hello\n"), "{passed:?}");
}

pub(crate) async fn open(kind: Kind) {
    if !kind.knows_outages() {
        let text = std::fs::read_to_string(crate::kinds::shipped(kind.file())).expect("it is shipped");
        assert!(text.contains("none to fail open"), "it says that it can't");
        return;
    }
    let (api, mut wire) = (Upstream::start().await, Relay::dead().await);
    wire.cut().await;
    let gateway = Gateway::start_open(kind, &values(&wire, &api, "dpg_any")).await;
    api.take();
    let client = client();
    for _ in 0..3 {
        let request = client.post(gateway.base()).bearer_auth("dps_any").body("a body");
        let passed = Answer::to(request.header("Portal-Group", "of-somebody-else")).await;
        assert_eq!((passed.status, passed.body.as_str()), (200, "hello\n"), "{passed:?}");
    }
    let reached = api.take();
    assert_eq!(reached.len(), 3);
    for request in reached {
        assert_eq!(request.body, "a body");
        assert!(request.all("portal-group").join("").is_empty(), "nobody vouches for it: {request:?}");
    }
}
