//! Customer sites: gestures for histories, and what members of a group see of them.

use super::{facts::facts, history::Portal};
use crate::Page;
use chrono::TimeDelta;
use domain::{
    developer::Role,
    group::GroupRef,
    ids::{DeveloperId, IntegrationId},
    roster::{
        Carried, Event, IntegrationArrived, IntegrationDeparted, NearlyFull, PlacesFreed, PlacesTaken,
        Refused, Roster, Scope, SiteId, SiteRegistered, SiteReleased, SiteRemoved,
    },
};
use eventlog::StreamName;

const ALL: Page = Page { after: 0, limit: 100 };

fn site(number: u32) -> SiteId {
    format!("site-{number}").parse().unwrap()
}

impl Portal {
    /// Facts in the roster of an owner.
    async fn note(&mut self, owner: DeveloperId, events: Vec<Event>) {
        let facts = self.facts::<Roster>(owner.uuid(), events).await;
        assert!(self.record(None, [facts]).await);
    }

    pub(super) async fn seat(
        &mut self,
        owner: DeveloperId,
        (group, integration): (GroupRef, IntegrationId),
        number: u32,
    ) {
        let (site, url) = (site(number), Some("https://learn.uni.edu/".parse().unwrap()));
        let at = self.now();
        let registered = SiteRegistered { group, integration, site, url, limit_at_decision: 6, at };
        self.note(owner, vec![Event::SiteRegistered(registered)]).await;
    }

    pub(super) async fn unseat(
        &mut self,
        owner: DeveloperId,
        (group, integration): (GroupRef, IntegrationId),
        number: u32,
    ) {
        let at = self.now();
        let frees_at = Some(at + TimeDelta::hours(24));
        let released = SiteReleased { group, integration, site: site(number), frees_at, at };
        self.note(owner, vec![Event::SiteReleased(released)]).await;
    }

    /// Every type of event of a roster.
    pub(super) async fn play_roster(
        &mut self,
        owner: DeveloperId,
        (group, integration): (GroupRef, IntegrationId),
        to: GroupRef,
    ) {
        let at = self.now();
        self.seat(owner, (group, integration), 1).await;
        self.seat(owner, (group, integration), 2).await;
        self.unseat(owner, (group, integration), 1).await;
        let sites = vec![Carried { site: site(2), url: None }, Carried { site: site(3), url: None }];
        let frees_at = at + TimeDelta::hours(24);
        let (scope, limit) = (Scope::Group, 6);
        let counted = vec![site(1), site(2)];
        let events = vec![
            Event::IntegrationDeparted(IntegrationDeparted { group, integration, to, at }),
            Event::IntegrationArrived(IntegrationArrived { group: to, integration, from: group, sites, at }),
            Event::SiteRemoved(SiteRemoved { group: to, site: site(3), by: owner, frees_at, at }),
            Event::NearlyFull(NearlyFull { group, scope, used: 5, limit, at }),
            Event::Refused(Refused { group, integration, site: site(9), scope, limit, at }),
            Event::PlacesTaken(PlacesTaken { group, sites: counted.clone(), at }),
            Event::PlacesFreed(PlacesFreed { group, sites: counted, frees_at: None, at }),
        ];
        self.note(owner, events).await;
    }
}

#[tokio::test]
async fn a_member_sees_the_sites_of_a_group_what_they_use_and_when_a_place_is_free() {
    let mut portal = Portal::new();
    let (owner, stranger) = (portal.sign_up().await, portal.sign_up().await);
    let group = portal.groups[0];
    let (quiz, exam) = (
        portal.register(owner, group, facts("Quiz")).await,
        portal.register(owner, group, facts("Exam")).await,
    );
    let group = GroupRef::Development(group);
    portal.seat(owner, (group, quiz), 1).await;
    portal.seat(owner, (group, quiz), 2).await;
    portal.seat(owner, (group, exam), 1).await;
    portal.unseat(owner, (group, quiz), 2).await;
    let now = portal.now();
    let running = portal.project().await;
    let model = &running.model;
    let rows = model.sites_of(group, owner, now, ALL).await.unwrap().items;
    let seen: Vec<_> =
        rows.iter().map(|row| (row.site.clone(), row.uses.len(), row.frees_at.is_some())).collect();
    assert_eq!(seen, [(site(1), 2, false), (site(2), 0, true)]);
    let integrations: Vec<_> = rows[0].uses.iter().map(|one| one.integration).collect();
    assert_eq!(integrations, [quiz, exam]);
    assert_eq!(rows[0].url.as_ref().unwrap().as_str(), "https://learn.uni.edu/");
    let first = model.sites_of(group, owner, now, Page { after: 0, limit: 1 }).await.unwrap();
    let rest = Page { after: first.next.unwrap(), limit: 1 };
    assert_eq!(model.sites_of(group, owner, now, rest).await.unwrap().items[0].site, site(2));
    let later = now + TimeDelta::hours(25);
    assert_eq!(model.sites_of(group, owner, later, ALL).await.unwrap().items.len(), 1);
    assert!(model.sites_of(group, stranger, now, ALL).await.unwrap().items.is_empty());
    assert_eq!(model.role_in(group, owner).await.unwrap(), Some(Role::Owner));
    assert_eq!(model.role_in(group, stranger).await.unwrap(), None);
    running.stop().await;
}

#[tokio::test]
async fn a_moved_integration_leaves_nothing_behind_and_each_group_tells_its_own() {
    let mut portal = Portal::new();
    let owner = portal.sign_up().await;
    let from = portal.groups[0];
    let quiz = portal.register(owner, from, facts("Quiz")).await;
    let to = GroupRef::Development(portal.group(owner, "Rocket").await);
    portal.play_roster(owner, (GroupRef::Development(from), quiz), to).await;
    let now = portal.now();
    let running = portal.project().await;
    let sites = async |group| {
        let rows = running.model.sites_of(group, owner, now, ALL).await.unwrap().items;
        rows.into_iter().map(|row| (row.site, row.uses.len())).collect::<Vec<_>>()
    };
    assert_eq!(sites(GroupRef::Development(from)).await, [(site(1), 0)], "its place cools where it was");
    assert_eq!(sites(to).await, [(site(2), 1), (site(3), 0)]);
    let stream = StreamName::parse(&format!("devgroup-{}", from.uuid())).unwrap();
    let told = running.model.timeline(&[stream], ALL).await.unwrap().items;
    let told = told.iter().map(|row| row.event_type.as_str()).filter(|told| told.starts_with("roster."));
    let told: Vec<_> = told.collect();
    let registered = "roster.site_registered";
    assert_eq!(
        told,
        [
            registered,
            registered,
            "roster.site_released",
            "roster.integration_departed",
            "roster.nearly_full",
            "roster.refused"
        ]
    );
    running.stop().await;
}
