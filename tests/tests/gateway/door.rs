//! The door that gateways ask.

use crate::kinds::Kind;
use domain::policy::Policy;
use portal_tests::{Portal, StaffMember, complete_registration};
use std::{
    net::SocketAddr,
    sync::{PoisonError, RwLock},
};

/// A process that is being started holds every open file of this one for a moment, the lock of a log among them.
/// So none is started while a portal is stopped, whose log is opened again at once.
pub(crate) static STARTING: RwLock<()> = RwLock::new(());

/// A portal with a gateway, and one integration that may call as often as its group's limit says.
pub(crate) struct Door {
    /// Credential of the gateway.
    pub(crate) gateway: String,
    /// Public key of the integration.
    pub(crate) key: String,
    /// Secret of the integration.
    pub(crate) secret: String,
    staff: StaffMember,
    group: String,
    portal: Option<Portal>,
}

impl Door {
    /// One whose group may call `limit` times.
    pub(crate) async fn start(limit: u32) -> Self {
        let mut policy = Policy::default();
        policy.development.calls = limit;
        Self::of(policy).await
    }

    /// One with a policy of choice.
    pub(crate) async fn of(policy: Policy) -> Self {
        let portal = Portal::with(policy).await;
        let staff = portal.staff("approver").await;
        let gateway = staff.register_gateway("Edge").await.text("/issued/credential");
        let ada = portal.vendor("ada").await;
        let made = ada.register(&complete_registration("Quiz")).await;
        let [key, secret] = ["/credentials/key", "/credentials/secret"].map(|pointer| made.text(pointer));
        let group = ada.personal_group.clone();
        Self { gateway, key, secret, staff, group, portal: Some(portal) }
    }

    /// Where it answers a gateway of this kind.
    pub(crate) fn address(&self, kind: Kind) -> SocketAddr {
        let portal = self.portal.as_ref().expect("it runs until it is dropped");
        if kind.speaks_grpc() { portal.grpc_address() } else { portal.address() }
    }

    /// Has staff suspend the group.
    pub(crate) async fn suspend(&self) {
        self.staff.suspend(&self.group, "abuse", "Ten thousand a minute.").await.must_be(200);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _nothing_starts = STARTING.read().unwrap_or_else(PoisonError::into_inner);
        self.portal = None;
    }
}
