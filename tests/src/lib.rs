//! The harness of the black-box tests: a whole portal, people who use it, and the published contract every
//! answer is held against.

mod aftermath;
mod api;
pub mod bench;
pub mod bounce;
pub mod browser;
mod contract;
mod errors;
mod portal;
mod principals;
pub mod process;
mod random;

pub use test_database::{postgres, proxy};

pub use aftermath::read_model_equals_one_built_anew;
pub use api::{Answer, Api, Request};
pub use contract::{Contract, Exchange};
pub use portal::{Enrolled, Portal};
pub use principals::{
    Anonymous, Customer, Gateway, PASSWORD, Release, StaffMember, Vendor, code_for, complete_registration,
    mail_for, terms_version, wrong_code,
};
pub use random::Random;

use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// A pause between two looks at something that is to change.
pub const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Waits until a condition holds; fails with its name when it does not come to hold.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let mut look = tokio::time::interval(LOOK_AGAIN);
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            look.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "this did not come to hold: {what}");
}

/// Does everything at once and gives all results.
pub async fn all<T>(doing: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(doing).await
}
