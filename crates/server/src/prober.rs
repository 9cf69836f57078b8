//! The prober of mail hosts, put together in one way for the portal itself and for the operator's command.

use crate::{config::Reachability, exit::Failure};
use anyhow::Context as _;
use app::{
    App,
    contact_checks::{CheckSettings, ContactWatch},
};
use domain::policy::Policy;
use reachability::{Checker, Identity, Limits, Port25, Resolver, Roots};
use std::{net::SocketAddr, sync::Arc};

/// Asks this resolver, or the system's, and dials port 25.
pub(crate) fn checker(
    resolver: Option<SocketAddr>,
    identity: Identity,
    policy: Policy,
) -> Result<Checker<Port25>, Failure> {
    let limits = Limits::default();
    let resolver = match resolver {
        Some(server) => Resolver::at(server, &limits),
        None => Resolver::of_the_system(&limits),
    };
    let resolver = resolver.context("no resolver; name one with --resolver or reachability.resolver")?;
    let mut checker = Checker::new(resolver, Port25, identity, policy, limits);
    checker.roots = Roots::of_the_system();
    Ok(checker)
}

/// What looks at contacts in a running server.
pub(crate) fn watch(app: &App, settings: &Reachability, policy: &Policy) -> Result<ContactWatch, Failure> {
    let mut checker = checker(settings.resolver, settings.identity.clone(), policy.clone())?;
    checker.own.clone_from(&settings.own);
    checker.canaries.clone_from(&settings.egress_check);
    Ok(app.contact_watch(Arc::new(checker), CheckSettings { per_hour: settings.checks_per_hour }))
}
