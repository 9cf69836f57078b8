//! Gateways: gestures for histories, and what staff see of them.

use super::history::Portal;
use crate::Page;
use domain::{
    gateway::{CredentialIssued, CredentialRevoked, Event, Gateway, Registered, Retired, Settings},
    ids::{GatewayCredentialId, GatewayId},
};
use eventlog::StreamVersion;
use std::num::NonZeroU32;

const ALL: Page = Page { after: 0, limit: 100 };

impl Portal {
    /// A gateway with its first credential.
    pub(super) async fn gateway(&mut self, name: &str) -> GatewayId {
        let gateway = GatewayId::from_uuid(self.id());
        let settings = Settings { signed: true, calls_per_second_max: NonZeroU32::new(500) };
        let registered = Event::Registered(Registered { name: name.to_owned(), settings });
        let issued = self.credential();
        assert!(self.change_gateway(gateway, vec![registered, issued]).await);
        gateway
    }

    /// Another credential in place of the first, then the end.
    pub(super) async fn rotate_and_retire(&mut self, gateway: GatewayId) {
        let (first, second) = (self.credential(), self.credential());
        let Event::CredentialIssued(CredentialIssued { credential, .. }) = &first else { return };
        let revoked = Event::CredentialRevoked(CredentialRevoked { credential: *credential });
        let events = vec![first, second, revoked, Event::Retired(Retired {})];
        assert!(self.change_gateway(gateway, events).await);
    }

    fn credential(&mut self) -> Event {
        Event::CredentialIssued(CredentialIssued {
            credential: GatewayCredentialId::from_uuid(self.id()),
            last_four: "abcd".to_owned(),
            issued_at: self.now(),
        })
    }

    async fn change_gateway(&mut self, gateway: GatewayId, events: Vec<Event>) -> bool {
        let facts = self.facts::<Gateway>(gateway.uuid(), events).await;
        self.record(None, [facts]).await
    }
}

#[tokio::test]
async fn staff_see_gateways_with_their_live_credentials_oldest_first() {
    let mut portal = Portal::new();
    let (first, second) = (portal.gateway("Frankfurt").await, portal.gateway("Dublin").await);
    portal.rotate_and_retire(second).await;
    let running = portal.project().await;
    let listed = running.model.gateways(ALL).await.unwrap().items;
    let seen: Vec<_> = listed.iter().map(|row| (row.id, row.name.as_str(), row.credentials.len())).collect();
    assert_eq!(seen, [(first, "Frankfurt", 1), (second, "Dublin", 0)]);
    let row = running.model.gateway(first).await.unwrap().unwrap();
    assert_eq!((row.settings.signed, row.retired_at, row.version), (true, None, StreamVersion(2)));
    assert_eq!(row.settings.calls_per_second_max.map(NonZeroU32::get), Some(500));
    assert!(running.model.gateway(second).await.unwrap().unwrap().retired_at.is_some());
    assert_eq!(running.model.gateway(GatewayId::from_uuid(portal.id())).await.unwrap(), None);
    running.stop().await;
}
