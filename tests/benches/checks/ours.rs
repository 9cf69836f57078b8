//! The check as the product makes it, with its default limits.

use crate::{case::Contact, remote::Places};
use domain::policy::Policy;
use mail_farm::certificates::Authority;
use reachability::{Checker, Dial, GlobalAddress, Identity, Limits, Occasion, Resolver, Roots};
use std::{io, sync::Arc, time::Duration};
use tokio::net::TcpStream;

pub(crate) const HELO: &str = "probe.portal-mail.org";
pub(crate) const SENDER: &str = "bounces@portal-mail.org";

/// The beginning of 2026, for the validity of certificates.
const NOW: Duration = Duration::from_hours(490_896);

/// Roots as many as systems have.
const ROOTS: usize = 140;

/// Shared by all tasks, as in the product.
#[derive(Clone)]
pub(crate) struct Ours(Arc<Checker<Door>>);

impl Ours {
    pub(crate) fn new(places: &Places) -> Self {
        let (limits, policy) = (Limits::default(), Policy::default());
        let resolver = Resolver::at(places.resolver, &limits).unwrap();
        let identity = Identity::new(HELO, SENDER, &policy).unwrap();
        let mut checker = Checker::new(resolver, Door(places.clone()), identity, policy, limits);
        checker.roots = Roots::of((0..ROOTS).map(|_| Authority::new().root()));
        Self(Arc::new(checker))
    }

    pub(crate) async fn check(&self, contact: &Contact, lot: u128) {
        let finding = self.0.check(&contact.to, &Occasion { lot, now: NOW }).await;
        assert_eq!(finding.reason, contact.case.reason(), "{:?}", finding.evidence);
    }
}

/// Connects as [`reachability::Port25`] does, to where a host is.
struct Door(Places);

impl Dial for Door {
    async fn dial(&self, to: GlobalAddress) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.0.doors[&to.ip()]).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
