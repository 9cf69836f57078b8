//! The door that gateways ask.

use domain::policy::Policy;
use portal_tests::{Portal, complete_registration};
use std::{
    net::SocketAddr,
    sync::{PoisonError, RwLock},
};

/// A process that is being started holds every open file of this one for a moment, the lock of a log among them.
/// So none is started while a portal is stopped, whose log is opened again at once.
pub(crate) static STARTING: RwLock<()> = RwLock::new(());

/// A portal with a gateway, and one integration that may call as often as its group's limit says.
pub(crate) struct Door {
    /// Where it answers.
    pub(crate) http: SocketAddr,
    /// Credential of the gateway.
    pub(crate) gateway: String,
    /// Public key of the integration.
    pub(crate) key: String,
    /// Secret of the integration.
    pub(crate) secret: String,
    portal: Option<Portal>,
}

impl Door {
    /// One whose group may call `limit` times.
    pub(crate) async fn start(limit: u32) -> Self {
        let mut policy = Policy::default();
        policy.development.calls = limit;
        let portal = Portal::with(policy).await;
        let gateway =
            portal.staff("approver").await.register_gateway("Edge").await.text("/issued/credential");
        let made = portal.vendor("ada").await.register(&complete_registration("Quiz")).await;
        let [key, secret] = ["/credentials/key", "/credentials/secret"].map(|pointer| made.text(pointer));
        Self { http: portal.address(), gateway, key, secret, portal: Some(portal) }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _nothing_starts = STARTING.read().unwrap_or_else(PoisonError::into_inner);
        self.portal = None;
    }
}
