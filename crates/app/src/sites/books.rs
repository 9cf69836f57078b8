//! The rosters that a registration stands in, loaded for one unit of work.

use super::{Count, Places};
use crate::{
    error::AppError,
    folds::{FoldError, Folds},
    work::{Loaded, Work},
};
use chrono::{DateTime, Utc};
use domain::{
    allowance::{Allowance, Base},
    developer::Developer,
    devgroup::{self, DevGroup},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    prodgroup::{self, ProdGroup},
    roster::{Carried, Ceiling, Command, Request, Room, Roster, RosterOf, Scope, SiteId, SiteUrl},
    sealed::Fingerprint,
};

/// Which roster a group's sites stand in; none when there is no such group.
pub(crate) async fn roster_of(folds: &Folds, group: GroupRef) -> Result<Option<RosterOf>, FoldError> {
    match group {
        GroupRef::Development(id) => match &*folds.aggregate::<DevGroup>(id).await?.state {
            DevGroup::Active(active) => Ok(active.owner().map(RosterOf::Owner)),
            DevGroup::Absent => Ok(None),
        },
        GroupRef::Production(id) => {
            let folded = folds.aggregate::<ProdGroup>(id).await?;
            Ok(folded.state.group().map(|_| RosterOf::Production(id)))
        }
    }
}

/// A group's roster, and for one below the ceilings its organisation's.
pub(super) struct Books {
    group: GroupRef,
    pub(super) of: RosterOf,
    roster: Loaded<Roster>,
    /// Sites the group may have.
    limit: u32,
    below_ceilings: bool,
    organisation: Option<(Fingerprint, Loaded<Roster>)>,
}

impl Books {
    /// Loads what stands behind a group's sites.
    pub(super) async fn open(work: &mut Work<'_>, group: GroupRef) -> Result<Self, AppError> {
        let (of, base) = behind(work, group).await?;
        let (limit, has_limits) = limit(work, group, base).await?;
        let below_ceilings = matches!(of, RosterOf::Owner(_)) && !has_limits;
        let organisation = match of {
            RosterOf::Owner(owner) => organisation(work, owner).await?,
            RosterOf::Organisation(_) | RosterOf::Production(_) => None,
        };
        Ok(Self { roster: work.load(of).await?, group, of, limit, below_ceilings, organisation })
    }

    /// Books of another group, as what was decided in these left them where they are the same.
    pub(super) fn following(self, before: Self) -> Self {
        let roster = if self.of == before.of { before.roster } else { self.roster };
        let organisation = match (self.organisation, before.organisation) {
            (Some((now, _)), Some((then, changed))) if now == then => Some((then, changed)),
            (organisation, _) => organisation,
        };
        Self { roster, organisation, ..self }
    }

    /// Whether a site uses an integration.
    pub(super) fn uses(&self, request: &Request) -> bool {
        let sites = self.roster.book().and_then(|book| book.group(request.group));
        sites.is_some_and(|sites| sites.uses(&request.site, request.integration))
    }

    pub(super) async fn register(
        &mut self,
        work: &mut Work<'_>,
        request: Request,
        url: Option<SiteUrl>,
    ) -> Result<(), AppError> {
        let room = self.room(work).await?;
        let site = request.site.clone();
        work.decide(&mut self.roster, Command::Register { request, url, room })?;
        self.count(work, vec![site])
    }

    pub(super) fn release(&mut self, work: &mut Work<'_>, request: Request) -> Result<(), AppError> {
        let site = request.site.clone();
        work.decide(&mut self.roster, Command::Release { request })?;
        self.give_back(work, site)
    }

    /// Takes a site off; `command` is the group's.
    pub(super) fn remove(
        &mut self,
        work: &mut Work<'_>,
        site: &SiteId,
        command: Command,
    ) -> Result<(), AppError> {
        work.decide(&mut self.roster, command)?;
        self.give_back(work, site.clone())
    }

    /// Lets an integration go; gives the sites that use it.
    pub(super) fn depart(
        &mut self,
        work: &mut Work<'_>,
        integration: IntegrationId,
        to: GroupRef,
    ) -> Result<Vec<Carried>, AppError> {
        let group = self.group;
        let carried = match self.roster.book().and_then(|book| book.group(group)) {
            Some(sites) => sites.using(integration),
            None => Vec::new(),
        };
        work.decide(&mut self.roster, Command::Depart { group, integration, to })?;
        let freed = carried.iter().map(|one| one.site.clone()).filter(|site| !self.is_in_use(site)).collect();
        if let Some((_, organisation)) = &mut self.organisation {
            work.decide(organisation, Command::FreePlaces { group, sites: freed, frees_at: None })?;
        }
        Ok(carried)
    }

    /// Takes an integration in with the sites that use it.
    pub(super) async fn arrive(
        &mut self,
        work: &mut Work<'_>,
        integration: IntegrationId,
        from: GroupRef,
        carried: Vec<Carried>,
    ) -> Result<(), AppError> {
        let room = self.room(work).await?;
        let sites = carried.iter().map(|one| one.site.clone()).collect();
        let group = self.group;
        work.decide(&mut self.roster, Command::Arrive { group, integration, from, carried, room })?;
        self.count(work, sites)
    }

    /// The numbers, as a decision at this instant would find them.
    pub(super) async fn places(&self, work: &Work<'_>) -> Result<Places, AppError> {
        let sites = self.roster.book().and_then(|book| book.group(self.group));
        let used = sites.map_or(0, |sites| sites.taken(work.now));
        let cooling = sites.map_or(0, |sites| sites.cooling(work.now));
        let own = Count { scope: Scope::Group, limit: self.limit, used };
        let mut ceilings = Vec::new();
        if let Some(ceiling) = self.room(work).await?.ceiling {
            let (policy, used) = (work.policy(), self.roster.taken_but(&ceiling.outside, work.now));
            ceilings.push(Count { scope: Scope::Owner, limit: policy.owner_development_sites, used });
            let limit = policy.organisation_development_sites;
            let organisation = |used| Count { scope: Scope::Organisation, limit, used };
            ceilings.extend(ceiling.organisation_taken.map(organisation));
        }
        Ok(Places { own, cooling, ceilings })
    }

    /// The organisation counts what the group has taken in, when it stands below the ceilings.
    fn count(&mut self, work: &mut Work<'_>, sites: Vec<SiteId>) -> Result<(), AppError> {
        match &mut self.organisation {
            Some((_, organisation)) if self.below_ceilings => {
                work.decide(organisation, Command::TakePlaces { group: self.group, sites })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The organisation is told when a site's place will be free.
    fn give_back(&mut self, work: &mut Work<'_>, site: SiteId) -> Result<(), AppError> {
        let group = self.group;
        if self.is_in_use(&site) {
            return Ok(());
        }
        let frees_at = self.frees_at(&site);
        match &mut self.organisation {
            Some((_, organisation)) => {
                work.decide(organisation, Command::FreePlaces { group, sites: vec![site], frees_at })
            }
            None => Ok(()),
        }
    }

    /// When the place of a site that uses nothing more will be free.
    fn frees_at(&self, site: &SiteId) -> Option<DateTime<Utc>> {
        self.roster.book().and_then(|book| book.group(self.group)?.frees_at(site))
    }

    fn is_in_use(&self, site: &SiteId) -> bool {
        self.roster.book().and_then(|book| book.group(self.group)).is_some_and(|sites| sites.is_in_use(site))
    }

    async fn room(&self, work: &Work<'_>) -> Result<Room, AppError> {
        if !self.below_ceilings {
            return Ok(Room { limit: self.limit, ceiling: None });
        }
        let organisation_taken = match &self.organisation {
            Some((_, organisation)) => {
                Some(organisation.taken_but(&outside(work, organisation).await?, work.now))
            }
            None => None,
        };
        let ceiling = Ceiling { outside: outside(work, &self.roster).await?, organisation_taken };
        Ok(Room { limit: self.limit, ceiling: Some(ceiling) })
    }
}

/// A group's roster, and what the group has by itself. The group is guarded.
async fn behind(work: &mut Work<'_>, group: GroupRef) -> Result<(RosterOf, Base), AppError> {
    match group {
        GroupRef::Development(id) => match &*work.load::<DevGroup>(id).await? {
            DevGroup::Active(active) => {
                let owner = active.owner().ok_or(devgroup::Rejection::NotYours)?;
                Ok((RosterOf::Owner(owner), Base::from(active)))
            }
            DevGroup::Absent => Err(devgroup::Rejection::NotYours.into()),
        },
        GroupRef::Production(id) => {
            let base = Base::of(&*work.load::<ProdGroup>(id).await?);
            Ok((RosterOf::Production(id), base.ok_or(prodgroup::Rejection::NotYours)?))
        }
    }
}

/// The one place that says how many sites a group may have, and whether staff have set that.
async fn limit(work: &mut Work<'_>, group: GroupRef, base: Base) -> Result<(u32, bool), AppError> {
    let allowance = work.load::<Allowance>(group).await?;
    let in_force = allowance.in_force(base, work.now, |_| false);
    Ok((in_force.limits.sites, allowance.has_limits(base)))
}

/// Groups in a roster that stand outside the ceilings. Not guarded: staff only ever take groups out.
async fn outside(work: &Work<'_>, roster: &Roster) -> Result<Vec<GroupRef>, AppError> {
    let mut outside = Vec::new();
    for group in roster.book().map(|book| book.groups_with_places(work.now)).unwrap_or_default() {
        if let GroupRef::Development(id) = group
            && let DevGroup::Active(active) = &*work.peek::<DevGroup>(id).await?
            && work.peek::<Allowance>(group).await?.has_limits(Base::from(active))
        {
            outside.push(group);
        }
    }
    Ok(outside)
}

/// The roster of the organisation that an owner's proven address is at; none for free mail.
async fn organisation(
    work: &mut Work<'_>,
    owner: DeveloperId,
) -> Result<Option<(Fingerprint, Loaded<Roster>)>, AppError> {
    let fingerprint = match &*work.peek::<Developer>(owner).await? {
        Developer::Active(active) => active.registered.domain_fingerprint,
        Developer::Absent => None,
    };
    match fingerprint {
        Some(organisation) => {
            Ok(Some((organisation, work.load(RosterOf::Organisation(organisation)).await?)))
        }
        None => Ok(None),
    }
}
