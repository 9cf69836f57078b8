//! What a roster holds: groups, the sites of each, and which integrations a site uses.

use super::{Carried, Event, NearlyFull, Refused, SiteId, SiteUrl};
use crate::{group::GroupRef, ids::IntegrationId};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// How long registrations are remembered to tell a restless site, and notes to tell the vendor once.
pub(super) const DAY: TimeDelta = TimeDelta::hours(24);

/// All groups of one roster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    groups: BTreeMap<GroupRef, Sites>,
}

/// The sites of one group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sites {
    places: BTreeMap<SiteId, Place>,
    /// The newest of its kind.
    pub nearly_full: Option<NearlyFull>,
    /// The newest of its kind.
    pub refused: Option<Refused>,
}

/// The place of one site in one group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Place {
    /// Integrations the site uses.
    seats: Vec<IntegrationId>,
    url: Option<SiteUrl>,
    /// Counted in an organisation's roster, where nobody asks by which integrations.
    is_counted: bool,
    /// The place stays taken until then.
    frees_at: Option<DateTime<Utc>>,
    /// Registrations of the last day.
    lately: Vec<(IntegrationId, DateTime<Utc>)>,
}

impl Place {
    fn is_in_use(&self) -> bool {
        self.is_counted || !self.seats.is_empty()
    }

    fn is_taken(&self, now: DateTime<Utc>) -> bool {
        self.is_in_use() || self.frees_at.is_some_and(|frees_at| now < frees_at)
    }

    fn sit(&mut self, integration: IntegrationId) {
        if !self.seats.contains(&integration) {
            self.seats.push(integration);
        }
        self.frees_at = None;
    }
}

impl Book {
    /// A group's sites; none when it never had any.
    pub fn group(&self, group: GroupRef) -> Option<&Sites> {
        self.groups.get(&group)
    }

    /// Places that all groups but those left out have taken.
    pub fn taken_but(&self, left_out: &[GroupRef], now: DateTime<Utc>) -> u32 {
        let counted = self.groups.iter().filter(|(group, _)| !left_out.contains(group));
        counted.map(|(_, sites)| sites.taken(now)).fold(0, u32::saturating_add)
    }

    /// Groups that take places.
    pub fn groups_with_places(&self, now: DateTime<Utc>) -> Vec<GroupRef> {
        let with_places = self.groups.iter().filter(|(_, sites)| sites.taken(now) > 0);
        with_places.map(|(group, _)| *group).collect()
    }

    /// Takes a fact in, and forgets what no rule asks for any more at its instant.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::SiteRegistered(fact) => {
                let place = self.place(fact.group, &fact.site);
                place.sit(fact.integration);
                place.lately.push((fact.integration, fact.at));
                if fact.url.is_some() {
                    place.url.clone_from(&fact.url);
                }
                self.forget(fact.at);
            }
            Event::SiteReleased(fact) => {
                let place = self.place(fact.group, &fact.site);
                place.seats.retain(|seat| *seat != fact.integration);
                place.frees_at = fact.frees_at;
                self.forget(fact.at);
            }
            Event::SiteRemoved(fact) => {
                let place = self.place(fact.group, &fact.site);
                place.seats.clear();
                place.frees_at = Some(fact.frees_at);
                self.forget(fact.at);
            }
            Event::IntegrationDeparted(fact) => {
                for place in self.groups.entry(fact.group).or_default().places.values_mut() {
                    place.seats.retain(|seat| *seat != fact.integration);
                }
                self.forget(fact.at);
            }
            Event::IntegrationArrived(fact) => {
                for Carried { site, url } in &fact.sites {
                    let place = self.place(fact.group, site);
                    place.sit(fact.integration);
                    if url.is_some() {
                        place.url.clone_from(url);
                    }
                }
                self.forget(fact.at);
            }
            Event::NearlyFull(fact) => {
                self.groups.entry(fact.group).or_default().nearly_full = Some(fact.clone());
            }
            Event::Refused(fact) => {
                self.groups.entry(fact.group).or_default().refused = Some(fact.clone());
            }
            Event::PlacesTaken(fact) => {
                for site in &fact.sites {
                    let place = self.place(fact.group, site);
                    (place.is_counted, place.frees_at) = (true, None);
                }
                self.forget(fact.at);
            }
            Event::PlacesFreed(fact) => {
                for site in &fact.sites {
                    let place = self.place(fact.group, site);
                    (place.is_counted, place.frees_at) = (false, fact.frees_at);
                }
                self.forget(fact.at);
            }
        }
    }

    fn place(&mut self, group: GroupRef, site: &SiteId) -> &mut Place {
        self.groups.entry(group).or_default().places.entry(site.clone()).or_default()
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        for sites in self.groups.values_mut() {
            sites.places.retain(|_, place| {
                place.lately.retain(|(_, at)| now < *at + DAY);
                place.is_taken(now) || !place.lately.is_empty()
            });
        }
        self.groups.retain(|_, sites| *sites != Sites::default());
    }
}

impl Sites {
    /// Places that are taken: sites that use something, and those whose place is not free yet.
    pub fn taken(&self, now: DateTime<Utc>) -> u32 {
        let taken = self.places.values().filter(|place| place.is_taken(now)).count();
        u32::try_from(taken).unwrap_or(u32::MAX)
    }

    /// Places that stay taken although their site uses nothing any more.
    pub fn cooling(&self, now: DateTime<Utc>) -> u32 {
        let cooling = self.places.values().filter(|place| place.is_taken(now) && !place.is_in_use()).count();
        u32::try_from(cooling).unwrap_or(u32::MAX)
    }

    /// Whether a site takes a place.
    pub fn takes_place(&self, site: &SiteId, now: DateTime<Utc>) -> bool {
        self.places.get(site).is_some_and(|place| place.is_taken(now))
    }

    /// Whether a site uses something, or is counted as using something.
    pub fn is_in_use(&self, site: &SiteId) -> bool {
        self.places.get(site).is_some_and(Place::is_in_use)
    }

    /// Whether a site uses an integration.
    pub fn uses(&self, site: &SiteId, integration: IntegrationId) -> bool {
        self.places.get(site).is_some_and(|place| place.seats.contains(&integration))
    }

    /// When the place of a site that uses nothing more will be free.
    pub fn frees_at(&self, site: &SiteId) -> Option<DateTime<Utc>> {
        self.places.get(site).filter(|place| !place.is_in_use()).and_then(|place| place.frees_at)
    }

    /// How many integrations a site uses.
    pub(super) fn seats(&self, site: &SiteId) -> usize {
        self.places.get(site).map_or(0, |place| place.seats.len())
    }

    /// The sites that use an integration.
    pub fn using(&self, integration: IntegrationId) -> Vec<Carried> {
        let using = self.places.iter().filter(|(_, place)| place.seats.contains(&integration));
        using.map(|(site, place)| Carried { site: site.clone(), url: place.url.clone() }).collect()
    }

    /// Registrations of a site with an integration within the last day, oldest first.
    pub(super) fn lately(
        &self,
        site: &SiteId,
        integration: IntegrationId,
        now: DateTime<Utc>,
    ) -> Vec<DateTime<Utc>> {
        let all = self.places.get(site).map_or(&[][..], |place| &place.lately);
        let of_integration =
            |(of, at): &&(IntegrationId, DateTime<Utc>)| *of == integration && now < *at + DAY;
        all.iter().filter(of_integration).map(|(_, at)| *at).collect()
    }
}
