//! What is refused for other reasons than who calls and how often.

use crate::{
    door::Door,
    kinds::Kind,
    scene::{Answer, Scene},
};
use domain::{group::Partition, policy::Policy};

fn is_refused(scene: &Scene, answer: &Answer, status: u16, reason: &str) {
    answer.problem(status);
    assert_eq!(answer.header("portal-reason"), reason, "{answer:?}");
    assert!(scene.api.take().is_empty());
}

pub(crate) async fn suspended(kind: Kind) {
    let scene = Scene::with(kind, 2).await;
    assert_eq!(scene.call().await.status, 200);
    scene.api.take();
    scene.door.suspend().await;
    is_refused(&scene, &scene.call().await, 403, "group-suspended");
}

pub(crate) async fn without_site(kind: Kind) {
    let mut policy = Policy::default();
    policy.development.partition = Partition::GroupSite;
    let scene = Scene::around(kind, Door::of(policy).await).await;
    is_refused(&scene, &scene.call().await, 400, "site-missing");
}
