//! Which customer sites use which integrations, and whether one more may.
//!
//! A roster is a stream. All development groups of one owner share one, so that the limit of a group and the
//! ceiling of its owner are one decision; a production group has its own. The ceiling of an organisation is
//! counted in a roster of the organisation, which takes part in the same batch and holds numbers only. A site
//! with several integrations of one group takes one place there.

mod book;
mod decide;
mod facts;
mod site;
#[cfg(test)]
mod tests;

pub use book::{Book, Sites};
pub use decide::{CARRIED_MAX, RETURNS_MAX};
pub use facts::{
    Carried, IntegrationArrived, IntegrationDeparted, NearlyFull, PlacesFreed, PlacesTaken, Refused, Scope,
    SiteRegistered, SiteReleased, SiteRemoved,
};
pub use site::{InvalidSite, InvalidSiteUrl, SITE_CHARS_MAX, SITE_URL_CHARS_MAX, SiteId, SiteUrl};

use crate::{
    decider::{Context, Decider, Decision, Unexpected},
    group::GroupRef,
    ids::{DeveloperId, IntegrationId, ProdGroupId},
    integration::Standing,
    sealed::Fingerprint,
    stored_events,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Whose roster; names its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterOf {
    /// All development groups of one owner.
    Owner(DeveloperId),
    /// All development groups of owners whose proven addresses are at one organisation.
    Organisation(Fingerprint),
    /// One production group.
    Production(ProdGroupId),
}

impl RosterOf {
    /// The UUID in the stream's name. That of an organisation comes from its fingerprint.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Owner(developer) => developer.uuid(),
            Self::Production(group) => group.uuid(),
            Self::Organisation(Fingerprint(hash)) => {
                let first: [u8; 16] = std::array::from_fn(|at| hash[at]);
                uuid::Builder::from_random_bytes(first).into_uuid()
            }
        }
    }
}

/// Which site with which integration of which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where the integration lives.
    pub group: GroupRef,
    /// Which integration.
    pub integration: IntegrationId,
    /// Which site.
    pub site: SiteId,
}

/// What a new place must be free in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Sites the group may have.
    pub limit: u32,
    /// The ceilings over it; none for a production group, and for one whose limits staff have set.
    pub ceiling: Option<Ceiling>,
}

/// Ceilings over the sum of development groups; their numbers are policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ceiling {
    /// The owner's groups that are not counted, because staff have set their limits.
    pub outside: Vec<GroupRef>,
    /// Places taken in the owner's organisation; none when the owner is of none.
    pub organisation_taken: Option<u32>,
}

/// Requests to a roster.
#[derive(Debug, Clone)]
pub enum Command {
    /// A site begins to use an integration.
    Register {
        /// What with what.
        request: Request,
        /// Where the site is.
        url: Option<SiteUrl>,
        /// What must be free.
        room: Room,
    },
    /// A site ends using an integration.
    Release {
        /// What with what.
        request: Request,
    },
    /// The vendor takes a site off the group.
    Remove {
        /// Whether the asking developer may.
        standing: Standing,
        /// Who asks.
        by: DeveloperId,
        /// Which group.
        group: GroupRef,
        /// Which site.
        site: SiteId,
    },
    /// An integration leaves a group (same batch as its move).
    Depart {
        /// Which group it leaves.
        group: GroupRef,
        /// Which.
        integration: IntegrationId,
        /// Where it goes.
        to: GroupRef,
    },
    /// An integration comes into a group with the sites that use it (same batch as its move).
    Arrive {
        /// Which group it comes into.
        group: GroupRef,
        /// Which.
        integration: IntegrationId,
        /// Where it was.
        from: GroupRef,
        /// The sites that use it.
        carried: Vec<Carried>,
        /// What must be free.
        room: Room,
    },
    /// A registration was refused as full: the vendor is told, once a day.
    NoteRefusal {
        /// What with what.
        request: Request,
        /// Whose places were all taken.
        scope: Scope,
        /// Places there are.
        limit: u32,
    },
    /// Of an organisation's roster: sites take places (same batch as the owner's fact).
    TakePlaces {
        /// In which group.
        group: GroupRef,
        /// Which.
        sites: Vec<SiteId>,
    },
    /// Of an organisation's roster: sites give places back (same batch as the owner's fact).
    FreePlaces {
        /// In which group.
        group: GroupRef,
        /// Which.
        sites: Vec<SiteId>,
        /// Until then they stay taken.
        frees_at: Option<DateTime<Utc>>,
    },
}

/// Facts of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A site uses an integration.
    SiteRegistered(SiteRegistered),
    /// A site uses an integration no more.
    SiteReleased(SiteReleased),
    /// The vendor took a site off.
    SiteRemoved(SiteRemoved),
    /// An integration left with its sites.
    IntegrationDeparted(IntegrationDeparted),
    /// An integration came with its sites.
    IntegrationArrived(IntegrationArrived),
    /// Few places are left.
    NearlyFull(NearlyFull),
    /// A customer was refused.
    Refused(Refused),
    /// Places of an organisation were taken.
    PlacesTaken(PlacesTaken),
    /// Places of an organisation were given back.
    PlacesFreed(PlacesFreed),
}

stored_events!(Event {
    SiteRegistered = "roster.site_registered" @ 1;
    SiteReleased = "roster.site_released" @ 1;
    SiteRemoved = "roster.site_removed" @ 1;
    IntegrationDeparted = "roster.integration_departed" @ 1;
    IntegrationArrived = "roster.integration_arrived" @ 1;
    NearlyFull = "roster.nearly_full" @ 1;
    Refused = "roster.refused" @ 1;
    PlacesTaken = "roster.places_taken" @ 1;
    PlacesFreed = "roster.places_freed" @ 1;
});

/// The broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// All places are taken.
    #[error("all {limit} places for customer sites are taken")]
    Full {
        /// Whose places.
        scope: Scope,
        /// Places there are.
        limit: u32,
    },
    /// The site came and went too often.
    #[error("the site was registered {RETURNS_MAX} times within a day")]
    TooOften {
        /// Seconds until it may come again.
        retry_after_s: u32,
    },
    /// The site does not use that.
    #[error("the site is not registered")]
    NotRegistered,
    /// No such group, or the developer is no member of it.
    #[error("there is no such group among yours")]
    NotYours,
    /// A member without the right to do this.
    #[error("only an owner or admin of the group may do this")]
    NotAllowed,
    /// The sites of a moving integration find no room where it goes.
    #[error("{needed} customer sites come with the integration, and {free} of {limit} places are free there")]
    NoRoom {
        /// Whose places.
        scope: Scope,
        /// Places there are.
        limit: u32,
        /// Places that are free.
        free: u32,
        /// Places that are needed.
        needed: u32,
    },
    /// More sites than one move takes along.
    #[error("an integration that more than {CARRIED_MAX} sites use stays where it is")]
    TooManyToMove,
}

/// Phases of a roster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Roster {
    /// Nothing happened yet.
    #[default]
    Blank,
    /// It is kept.
    Kept(Book),
}

impl Roster {
    /// What it holds.
    pub fn book(&self) -> Option<&Book> {
        match self {
            Self::Blank => None,
            Self::Kept(book) => Some(book),
        }
    }

    /// Places that all groups but those left out have taken.
    pub fn taken_but(&self, left_out: &[GroupRef], now: DateTime<Utc>) -> u32 {
        self.book().map_or(0, |book| book.taken_but(left_out, now))
    }
}

impl Decider for Roster {
    const CATEGORY: &'static str = "roster";
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command, context: &Context<'_>) -> Result<Decision<Event>, Rejection> {
        match command {
            Command::Register { request, url, room } => self.register(request, url, &room, context),
            Command::Release { request } => self.release(request, context),
            Command::Remove { standing, by, group, site } => {
                self.remove(standing, (group, site, by), context)
            }
            Command::Depart { group, integration, to } => self.depart(group, integration, to, context),
            Command::Arrive { group, integration, from, carried, room } => {
                self.arrive((group, integration, from), &carried, &room, context)
            }
            Command::NoteRefusal { request, scope, limit } => {
                Ok(self.note_refusal(request, scope, limit, context))
            }
            Command::TakePlaces { group, sites } => Ok(self.take_places(group, sites, context)),
            Command::FreePlaces { group, sites, frees_at } => {
                Ok(self.free_places(group, sites, frees_at, context))
            }
        }
    }

    /// A place that a fact gives back may be forgotten already; nothing is unexpected.
    fn evolve(self, event: &Event) -> Result<Self, Unexpected> {
        let mut book = match self {
            Self::Blank => Book::default(),
            Self::Kept(book) => book,
        };
        book.note(event);
        Ok(Self::Kept(book))
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Kept(_) => "kept",
        }
    }
}
