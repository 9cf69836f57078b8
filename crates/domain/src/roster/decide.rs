//! The rules of rosters.

use super::{
    Carried, Event, IntegrationArrived, IntegrationDeparted, NearlyFull, PlacesFreed, PlacesTaken, Refused,
    Rejection, Request, Room, Roster, Scope, SiteId, SiteRegistered, SiteReleased, SiteRemoved, SiteUrl,
    book::{DAY, Sites},
};
use crate::{
    decider::{Context, Decision},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    integration::Standing,
};
use chrono::{DateTime, TimeDelta, Utc};

/// Registrations of one site with one integration within a day; one more is refused, so that nobody can fill a
/// vendor's history by installing and removing.
pub const RETURNS_MAX: usize = 5;
/// Most sites that move with one integration: they must fit one append.
pub const CARRIED_MAX: usize = 500;
/// Sites with their addresses in one fact: it must fit one payload.
const CARRIED_PER_FACT: usize = 40;
/// Sites without addresses in one fact.
const PLACES_PER_FACT: usize = 150;
/// Taken parts of ten from which on the vendor is warned.
const WARN_AT_TENTHS: u64 = 8;

/// A number of places, and how many of them are taken.
#[derive(Debug, Clone, Copy)]
struct Count {
    scope: Scope,
    taken: u32,
    limit: u32,
}

impl Count {
    fn free(self) -> u32 {
        self.limit.saturating_sub(self.taken)
    }
}

impl Roster {
    pub(super) fn register(
        &self,
        request: Request,
        url: Option<SiteUrl>,
        room: &Room,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        let Request { group, integration, site } = request;
        let now = context.now;
        let sites = self.sites(group);
        if sites.uses(&site, integration) {
            return Ok(Decision::nothing());
        }
        let lately = sites.lately(&site, integration, now);
        if let [oldest, ..] = lately[..]
            && lately.len() >= RETURNS_MAX
        {
            return Err(Rejection::TooOften { retry_after_s: seconds_until(oldest + DAY, now) });
        }
        let new = u32::from(!sites.takes_place(&site, now));
        let counts = self.counts(group, room, context);
        if let Some(full) = counts.iter().find(|count| count.free() < new) {
            return Err(Rejection::Full { scope: full.scope, limit: full.limit });
        }
        let warning = self.warning(group, &counts, new, now);
        let limit_at_decision = room.limit;
        let registered = SiteRegistered { group, integration, site, url, limit_at_decision, at: now };
        Ok(Decision::events(std::iter::once(Event::SiteRegistered(registered)).chain(warning)))
    }

    pub(super) fn release(
        &self,
        request: Request,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        let Request { group, integration, site } = request;
        let sites = self.sites(group);
        if !sites.uses(&site, integration) {
            return Err(Rejection::NotRegistered);
        }
        let frees_at = (sites.seats(&site) == 1).then(|| frees_at(context));
        let released = SiteReleased { group, integration, site, frees_at, at: context.now };
        Ok(Decision::events([Event::SiteReleased(released)]))
    }

    pub(super) fn remove(
        &self,
        standing: Standing,
        (group, site, by): (GroupRef, SiteId, DeveloperId),
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        match standing {
            Standing::MayChange => {}
            Standing::MayRead => return Err(Rejection::NotAllowed),
            Standing::Stranger => return Err(Rejection::NotYours),
        }
        if self.sites(group).seats(&site) == 0 {
            return Err(Rejection::NotRegistered);
        }
        let removed = SiteRemoved { group, site, by, frees_at: frees_at(context), at: context.now };
        Ok(Decision::events([Event::SiteRemoved(removed)]))
    }

    /// The places of sites that use nothing else go with the integration: they are free at once, because the
    /// sites take places where it goes.
    pub(super) fn depart(
        &self,
        group: GroupRef,
        integration: IntegrationId,
        to: GroupRef,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        match self.sites(group).using(integration).len() {
            0 => Ok(Decision::nothing()),
            1..=CARRIED_MAX => {
                let departed = IntegrationDeparted { group, integration, to, at: context.now };
                Ok(Decision::events([Event::IntegrationDeparted(departed)]))
            }
            _ => Err(Rejection::TooManyToMove),
        }
    }

    pub(super) fn arrive(
        &self,
        (group, integration, from): (GroupRef, IntegrationId, GroupRef),
        carried: &[Carried],
        room: &Room,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        let now = context.now;
        let sites = self.sites(group);
        let new = carried.iter().filter(|one| !sites.takes_place(&one.site, now)).count();
        let new = u32::try_from(new).unwrap_or(u32::MAX);
        let counts = self.counts(group, room, context);
        if let Some(full) = counts.iter().find(|count| count.free() < new) {
            let (scope, limit, free) = (full.scope, full.limit, full.free());
            return Err(Rejection::NoRoom { scope, limit, free, needed: new });
        }
        let warning = self.warning(group, &counts, new, now);
        let arrived = carried.chunks(CARRIED_PER_FACT).map(|part| {
            let sites = part.to_vec();
            Event::IntegrationArrived(IntegrationArrived { group, integration, from, sites, at: now })
        });
        Ok(Decision::events(arrived.chain(warning)))
    }

    pub(super) fn note_refusal(
        &self,
        request: Request,
        scope: Scope,
        limit: u32,
        context: &Context<'_>,
    ) -> Decision<Event> {
        let Request { group, integration, site } = request;
        let at = context.now;
        match &self.sites(group).refused {
            Some(told) if at < told.at + DAY => Decision::nothing(),
            Some(_) | None => {
                Decision::events([Event::Refused(Refused { group, integration, site, scope, limit, at })])
            }
        }
    }

    pub(super) fn take_places(
        &self,
        group: GroupRef,
        sites: Vec<SiteId>,
        context: &Context<'_>,
    ) -> Decision<Event> {
        let counted = self.sites(group);
        let new: Vec<SiteId> = sites.into_iter().filter(|site| !counted.is_in_use(site)).collect();
        let at = context.now;
        let taken = |part: &[SiteId]| Event::PlacesTaken(PlacesTaken { group, sites: part.to_vec(), at });
        Decision::events(new.chunks(PLACES_PER_FACT).map(taken))
    }

    pub(super) fn free_places(
        &self,
        group: GroupRef,
        sites: Vec<SiteId>,
        frees_at: Option<DateTime<Utc>>,
        context: &Context<'_>,
    ) -> Decision<Event> {
        let counted = self.sites(group);
        let freed: Vec<SiteId> = sites.into_iter().filter(|site| counted.is_in_use(site)).collect();
        let at = context.now;
        let event =
            |part: &[SiteId]| Event::PlacesFreed(PlacesFreed { group, sites: part.to_vec(), frees_at, at });
        Decision::events(freed.chunks(PLACES_PER_FACT).map(event))
    }

    /// Everything a new place must be free in.
    fn counts(&self, group: GroupRef, room: &Room, context: &Context<'_>) -> Vec<Count> {
        let now = context.now;
        let own = Count { scope: Scope::Group, taken: self.sites(group).taken(now), limit: room.limit };
        let mut counts = vec![own];
        if let Some(ceiling) = &room.ceiling {
            counts.push(Count {
                scope: Scope::Owner,
                taken: self.taken_but(&ceiling.outside, now),
                limit: context.policy.owner_development_sites,
            });
            counts.extend(ceiling.organisation_taken.map(|taken| Count {
                scope: Scope::Organisation,
                taken,
                limit: context.policy.organisation_development_sites,
            }));
        }
        counts
    }

    /// Tells the vendor before a customer meets the limit: of what is nearly full, the fullest.
    fn warning(&self, group: GroupRef, counts: &[Count], new: u32, now: DateTime<Utc>) -> Option<Event> {
        let told = self.sites(group).nearly_full.is_some_and(|told| now < told.at + DAY);
        if new == 0 || told {
            return None;
        }
        let after = counts.iter().map(|count| Count { taken: count.taken.saturating_add(new), ..*count });
        let is_nearly_full =
            |count: &Count| u64::from(count.taken) * 10 >= u64::from(count.limit) * WARN_AT_TENTHS;
        let fullest = after.filter(is_nearly_full).min_by_key(|count| count.free())?;
        let Count { scope, taken: used, limit } = fullest;
        Some(Event::NearlyFull(NearlyFull { group, scope, used, limit, at: now }))
    }

    fn sites(&self, group: GroupRef) -> Sites {
        self.book().and_then(|book| book.group(group)).cloned().unwrap_or_default()
    }
}

fn frees_at(context: &Context<'_>) -> DateTime<Utc> {
    context.now + TimeDelta::hours(i64::from(context.policy.site_cooling_hours))
}

fn seconds_until(until: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    u32::try_from((until - now).num_seconds()).unwrap_or(0).saturating_add(1)
}
