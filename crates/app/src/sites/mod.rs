//! Customer sites: registered and released by gateways for institutions, taken off by vendors, and carried along
//! when an integration moves.

mod books;
mod turns;

pub(crate) use books::roster_of;
pub(crate) use turns::Turns;

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    membership,
    meta::{Done, Meta, Ticket},
    work::Work,
};
use books::Books;
use chrono::{DateTime, Utc};
use domain::{
    devgroup::DevGroup,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    integration::{self, Integration},
    roster::{self, Command, Request, Roster, RosterOf, Scope, SiteId, SiteUrl},
};
use eventlog::StreamName;
use std::sync::atomic::{AtomicBool, Ordering};

/// A site that uses an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteRegistered {
    /// Where the integration lives.
    pub group: GroupRef,
    /// Whether the site did not use it before this command.
    pub is_new: bool,
}

/// A site that uses an integration no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteReleased {
    /// Where the integration lives.
    pub group: GroupRef,
    /// Until then its place stays taken; none while it uses another integration of the group.
    pub frees_at: Option<DateTime<Utc>>,
}

/// Places for customer sites of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Of the group itself.
    pub own: Count,
    /// Taken ones whose site uses nothing any more.
    pub cooling: u32,
    /// What else a new site needs a place of: the sums over the owner's, and the organisation's, development
    /// groups.
    pub ceilings: Vec<Count>,
}

/// A number of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Whose.
    pub scope: Scope,
    /// How many there are.
    pub limit: u32,
    /// How many are taken.
    pub used: u32,
}

impl App {
    /// An institution installs an integration at a site.
    pub async fn register_site(
        &self,
        meta: Meta,
        integration: IntegrationId,
        site: SiteId,
        url: Option<SiteUrl>,
    ) -> Result<Done<SiteRegistered>, AppError> {
        let (group, of) = self.roster_behind(integration).await?;
        let ticket = self.ticket(meta);
        let register = Register { of, integration, site, url, recorded: AtomicBool::new(false) };
        let app = self.clone();
        self.detached(async move {
            let _turn = app.inner.turns.take(of.uuid()).await;
            let outcome = app.carry_out(&ticket, &register).await;
            if let Err(AppError::Roster(roster::Rejection::Full { scope, limit })) = outcome {
                let (integration, site) = (register.integration, register.site.clone());
                app.note_refusal(of, Request { group, integration, site }, scope, limit).await;
            }
            let done = outcome?;
            let is_new = done.replayed || register.recorded.load(Ordering::Relaxed);
            Ok(done.with(SiteRegistered { group, is_new }))
        })
        .await
    }

    /// An institution removes an integration from a site.
    pub async fn release_site(
        &self,
        meta: Meta,
        integration: IntegrationId,
        site: SiteId,
    ) -> Result<Done<SiteReleased>, AppError> {
        let (group, of) = self.roster_behind(integration).await?;
        let release = Release { of, integration, site: site.clone() };
        let done = self.run_in_turn(self.ticket(meta), of, release).await?;
        let frees_at = self.frees_at(of, group, &site).await.map_err(|error| done.pending(error))?;
        Ok(done.with(SiteReleased { group, frees_at }))
    }

    /// The vendor takes a site off a group, whatever it uses there.
    pub async fn remove_site(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: GroupRef,
        site: SiteId,
    ) -> Result<Done<Option<DateTime<Utc>>>, AppError> {
        let of = roster_of(&self.inner.folds, group).await?.ok_or(roster::Rejection::NotYours)?;
        let remove = Remove { of, by: developer, group, site: site.clone() };
        let done = self.run_in_turn(self.ticket(meta), of, remove).await?;
        let frees_at = self.frees_at(of, group, &site).await.map_err(|error| done.pending(error))?;
        Ok(done.with(frees_at))
    }

    /// How many places a group has, and how many of them are taken. The caller has made sure that the group may
    /// be seen.
    pub async fn places(&self, group: GroupRef) -> Result<Places, AppError> {
        let mut work = Work::query(&self.inner);
        Books::open(&mut work, group).await?.places(&work).await
    }

    async fn run_in_turn<U: UseCase>(
        &self,
        ticket: Ticket,
        of: RosterOf,
        use_case: U,
    ) -> Result<Done<()>, AppError> {
        let app = self.clone();
        self.detached(async move {
            let _turn = app.inner.turns.take(of.uuid()).await;
            app.carry_out(&ticket, &use_case).await
        })
        .await
    }

    /// Where an integration lives, and the roster of that group.
    async fn roster_behind(&self, integration: IntegrationId) -> Result<(GroupRef, RosterOf), AppError> {
        let folded = self.inner.folds.aggregate::<Integration>(integration).await?;
        let Integration::Live(live) = &*folded.state else {
            return Err(integration::Rejection::NotYours.into());
        };
        let of = roster_of(&self.inner.folds, live.group).await?;
        Ok((live.group, of.ok_or(integration::Rejection::NotYours)?))
    }

    async fn frees_at(
        &self,
        of: RosterOf,
        group: GroupRef,
        site: &SiteId,
    ) -> Result<Option<DateTime<Utc>>, AppError> {
        let roster = self.inner.folds.aggregate::<Roster>(of).await?.state;
        Ok(roster.book().and_then(|book| book.group(group)?.frees_at(site)))
    }

    /// The vendor is to learn of a refused customer. That the customer was refused stands without it.
    async fn note_refusal(&self, of: RosterOf, request: Request, scope: Scope, limit: u32) {
        let ticket = self.ticket(self.by_itself("/sites"));
        let noted = self.carry_out(&ticket, &NoteRefusal { of, request, scope, limit }).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "that a customer site was refused is not noted");
        }
    }
}

/// Moves the sites that use an integration along with it; the group it moves to must have room for them. The
/// group's own facts stand in the unit of work already.
pub(crate) async fn carry(
    work: &mut Work<'_>,
    integration: IntegrationId,
    from: GroupRef,
    to: GroupRef,
) -> Result<(), AppError> {
    let mut left = Books::open(work, from).await?;
    let carried = left.depart(work, integration, to)?;
    if carried.is_empty() {
        return Ok(());
    }
    let mut entered = Books::open(work, to).await?.following(left);
    entered.arrive(work, integration, from, carried).await
}

/// The group of an integration, guarded; refused when another roster is behind it by now.
async fn open(
    work: &mut Work<'_>,
    of: RosterOf,
    integration: IntegrationId,
) -> Result<(GroupRef, Books), AppError> {
    let integration = work.load::<Integration>(integration).await?;
    let Integration::Live(live) = &*integration else {
        return Err(integration::Rejection::NotYours.into());
    };
    let group = live.group;
    let books = Books::open(work, group).await?;
    if books.of == of { Ok((group, books)) } else { Err(AppError::Contended) }
}

struct Register {
    of: RosterOf,
    integration: IntegrationId,
    site: SiteId,
    url: Option<SiteUrl>,
    /// Whether the newest attempt recorded something.
    recorded: AtomicBool,
}

impl UseCase for Register {
    fn main(&self) -> StreamName {
        Roster::stream_of(self.of)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (group, mut books) = open(work, self.of, self.integration).await?;
        let request = Request { group, integration: self.integration, site: self.site.clone() };
        self.recorded.store(!books.uses(&request), Ordering::Relaxed);
        books.register(work, request, self.url.clone()).await
    }
}

struct Release {
    of: RosterOf,
    integration: IntegrationId,
    site: SiteId,
}

impl UseCase for Release {
    fn main(&self) -> StreamName {
        Roster::stream_of(self.of)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (group, mut books) = open(work, self.of, self.integration).await?;
        let request = Request { group, integration: self.integration, site: self.site.clone() };
        books.release(work, request)
    }
}

struct Remove {
    of: RosterOf,
    by: DeveloperId,
    group: GroupRef,
    site: SiteId,
}

impl UseCase for Remove {
    fn main(&self) -> StreamName {
        Roster::stream_of(self.of)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let role = match self.group {
            GroupRef::Development(id) => {
                membership::role_in_group(&*work.load::<DevGroup>(id).await?, self.by)
            }
            GroupRef::Production(id) => membership::production(work, self.by, id).await?.1,
        };
        work.acts_as(role);
        let mut books = Books::open(work, self.group).await?;
        if books.of != self.of {
            return Err(AppError::Contended);
        }
        let (by, group, site) = (self.by, self.group, self.site.clone());
        let command = Command::Remove { standing: membership::standing_of(role), by, group, site };
        books.remove(work, &self.site, command)
    }
}

struct NoteRefusal {
    of: RosterOf,
    request: Request,
    scope: Scope,
    limit: u32,
}

impl UseCase for NoteRefusal {
    fn main(&self) -> StreamName {
        Roster::stream_of(self.of)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut roster = work.load::<Roster>(self.of).await?;
        let (request, scope, limit) = (self.request.clone(), self.scope, self.limit);
        work.decide(&mut roster, Command::NoteRefusal { request, scope, limit })
    }
}
