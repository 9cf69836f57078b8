//! Who looks: the prober of the crate `reachability`, or what a test puts in its place.

use reachability::{Checker, Finding, Occasion, dial::Dial};
use std::{future::Future, pin::Pin};

/// Looks at the mail hosts of an address. Bounded in time; cancelled by dropping the future.
pub trait Look: Send + Sync {
    /// What is found about an address.
    fn look<'a>(
        &'a self,
        address: &'a str,
        occasion: &'a Occasion,
    ) -> Pin<Box<dyn Future<Output = Finding> + Send + 'a>>;
}

impl<D: Dial> Look for Checker<D> {
    fn look<'a>(
        &'a self,
        address: &'a str,
        occasion: &'a Occasion,
    ) -> Pin<Box<dyn Future<Output = Finding> + Send + 'a>> {
        Box::pin(self.check(address, occasion))
    }
}
