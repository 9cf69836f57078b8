use super::{Samples, dev_group, integration, one_of_each, owner, prod_group};
use crate::{
    group::GroupRef,
    integration::Standing,
    roster::{
        Carried, Ceiling, Command, Event, IntegrationArrived, IntegrationDeparted, NearlyFull, PlacesFreed,
        PlacesTaken, Refused, Rejection, Request, Room, Roster, Scope, SiteId, SiteRegistered, SiteReleased,
        SiteRemoved, SiteUrl,
    },
    testing::{at, fold},
};
use chrono::{DateTime, Utc};

/// When the samples happen.
pub(crate) fn noon() -> DateTime<Utc> {
    at("2026-11-05T10:00:00Z")
}

fn next_noon() -> DateTime<Utc> {
    at("2026-11-06T10:00:00Z")
}

pub(crate) fn group() -> GroupRef {
    GroupRef::Development(dev_group())
}

pub(crate) fn site(number: u32) -> SiteId {
    format!("9e7e2c0b-39e0-4955-ad6e-{number:012}").parse().expect("a site")
}

fn url() -> SiteUrl {
    "https://learn.university.edu/".parse().expect("an address")
}

pub(crate) fn request(number: u32) -> Request {
    Request { group: group(), integration: integration(), site: site(number) }
}

pub(crate) fn registered(number: u32) -> Event {
    Event::SiteRegistered(SiteRegistered {
        group: group(),
        integration: integration(),
        site: site(number),
        url: Some(url()),
        limit_at_decision: 6,
        at: noon(),
    })
}

impl Samples for Roster {
    fn phases() -> Vec<Self> {
        one_of_each! {
            Roster::Blank => Roster::default(),
            Roster::Kept(_) => fold(&[registered(1)]),
        }
    }

    fn commands() -> Vec<Command> {
        let (group, integration, to) = (group(), integration(), GroupRef::Production(prod_group()));
        let ceiling = Some(Ceiling { outside: Vec::new(), organisation_taken: Some(3) });
        let room = Room { limit: 6, ceiling };
        let carried = vec![Carried { site: site(2), url: None }];
        one_of_each! {
            Command::Register { .. } => {
                Command::Register { request: request(2), url: Some(url()), room: room.clone() }
            },
            Command::Release { .. } => Command::Release { request: request(1) },
            Command::Remove { .. } => {
                Command::Remove { standing: Standing::MayChange, by: owner(), group, site: site(1) }
            },
            Command::Depart { .. } => Command::Depart { group, integration, to },
            Command::Arrive { .. } => Command::Arrive { group, integration, from: to, carried, room },
            Command::NoteRefusal { .. } => {
                Command::NoteRefusal { request: request(2), scope: Scope::Owner, limit: 6 }
            },
            Command::TakePlaces { .. } => Command::TakePlaces { group, sites: vec![site(2)] },
            Command::FreePlaces { .. } => {
                Command::FreePlaces { group, sites: vec![site(1)], frees_at: Some(next_noon()) }
            },
        }
    }

    fn events() -> Vec<Event> {
        let (group, integration, to) = (group(), integration(), GroupRef::Production(prod_group()));
        let (at, site) = (noon(), site(1));
        let sites = vec![Carried { site: site.clone(), url: Some(url()) }];
        let frees_at = Some(next_noon());
        one_of_each! {
            Event::SiteRegistered(_) => registered(1),
            Event::SiteReleased(_) => {
                Event::SiteReleased(SiteReleased { group, integration, site: site.clone(), frees_at, at })
            },
            Event::SiteRemoved(_) => Event::SiteRemoved(SiteRemoved {
                group, site: site.clone(), by: owner(), frees_at: next_noon(), at
            }),
            Event::IntegrationDeparted(_) => {
                Event::IntegrationDeparted(IntegrationDeparted { group, integration, to, at })
            },
            Event::IntegrationArrived(_) => {
                Event::IntegrationArrived(IntegrationArrived { group, integration, from: to, sites, at })
            },
            Event::NearlyFull(_) => {
                Event::NearlyFull(NearlyFull { group, scope: Scope::Group, used: 5, limit: 6, at })
            },
            Event::Refused(_) => Event::Refused(Refused {
                group, integration, site: site.clone(), scope: Scope::Organisation, limit: 30, at
            }),
            Event::PlacesTaken(_) => Event::PlacesTaken(PlacesTaken { group, sites: vec![site.clone()], at }),
            Event::PlacesFreed(_) => Event::PlacesFreed(PlacesFreed { group, sites: vec![site], frees_at, at }),
        }
    }

    fn code(rejection: &Rejection) -> &'static str {
        rejection.code()
    }
}
