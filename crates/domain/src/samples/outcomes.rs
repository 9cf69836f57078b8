//! Claims and mails: streams without commands of their own.

use super::one_of_each;
use crate::{claim, mail, testing::at};

pub(super) fn claim_events() -> Vec<claim::Event> {
    let holder = "developer-00000000-0000-0000-0000-0000000000d0".to_owned();
    let held_until = Some(at("2027-02-01T00:00:00Z"));
    one_of_each! {
        claim::Event::Taken(_) => claim::Event::Taken(claim::Taken { holder }),
        claim::Event::Released(_) => claim::Event::Released(claim::Released { held_until }),
    }
}

pub(super) fn mail_events() -> Vec<mail::Event> {
    let class = mail::FailureClass::Permanent;
    one_of_each! {
        mail::Event::Sent(_) => mail::Event::Sent(mail::Sent { attempt: 1, contact_of: None }),
        mail::Event::Failed(_) => mail::Event::Failed(mail::Failed { attempt: 3, class }),
    }
}
