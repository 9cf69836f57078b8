//! Thresholds of a group.

use super::{Samples, dev_group, one_of_each};
use crate::{
    group::{GroupRef, WindowKind},
    testing::{at, fold, uuid},
    usagewatch::{Command, Event, LimitOf, Reached, Rejection, Threshold, UsageWatch},
};

fn reached() -> Event {
    Event::Reached(Reached {
        group: GroupRef::Development(dev_group()),
        limit_of: LimitOf::Group,
        part: Some(uuid(0x1d)),
        percent: 80,
        limit: 10_000,
        window_s: 86_400,
        window: WindowKind::Rolling,
        since: at("2026-11-05T09:00:00Z"),
        mailed: true,
    })
}

impl Samples for UsageWatch {
    fn phases() -> Vec<Self> {
        one_of_each! {
            UsageWatch::Quiet => UsageWatch::default(),
            UsageWatch::Told(_) => fold(&[reached()]),
        }
    }

    fn commands() -> Vec<Command> {
        one_of_each! {
            Command::Tell(_) => Command::Tell(Threshold {
                group: GroupRef::Development(dev_group()),
                limit_of: LimitOf::Group,
                part: Some(uuid(0x1d)),
                percent: 80,
                limit: 10_000,
                window_s: 86_400,
                window: WindowKind::Rolling,
                since: at("2026-11-06T09:00:00Z"),
            }),
        }
    }

    fn events() -> Vec<Event> {
        one_of_each! { Event::Reached(_) => reached(), }
    }

    fn code(rejection: &Rejection) -> &'static str {
        match *rejection {}
    }
}
