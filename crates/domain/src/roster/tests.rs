use super::*;
use crate::{
    ids::{DevGroupId, ProdGroupId},
    policy::Policy,
    samples::{
        integration, owner,
        roster::{group, noon, registered, request, site},
    },
    testing::{Given, given, uuid},
};
use chrono::TimeDelta;
use proptest::prelude::*;

fn other_group() -> GroupRef {
    GroupRef::Development(DevGroupId::from_uuid(uuid(0xa1)))
}

fn other_integration() -> IntegrationId {
    IntegrationId::from_uuid(uuid(0x1e))
}

fn room(limit: u32) -> Room {
    Room { limit, ceiling: None }
}

fn below_ceilings(limit: u32, organisation_taken: Option<u32>) -> Room {
    Room { limit, ceiling: Some(Ceiling { outside: Vec::new(), organisation_taken }) }
}

fn register(request: Request, room: Room) -> Command {
    Command::Register { request, url: None, room }
}

fn in_group(group: GroupRef, number: u32) -> Request {
    Request { group, ..request(number) }
}

fn with_other(number: u32) -> Request {
    Request { integration: other_integration(), ..request(number) }
}

/// A roster in which all this was asked for, one thing an hour.
fn after(commands: impl IntoIterator<Item = Command>) -> (Roster, DateTime<Utc>) {
    let policy = Policy::default();
    let mut now = noon();
    let mut roster = Roster::default();
    for command in commands {
        roster = Given { state: roster }.when(command, now, &policy).after;
        now += TimeDelta::hours(1);
    }
    (roster, now)
}

fn fails(roster: &Roster, command: Command, now: DateTime<Utc>) -> Rejection {
    let context = Context { now, policy: &Policy::default() };
    roster.decide(command, &context).expect_err("the request should be refused")
}

fn works(roster: &Roster, command: Command, now: DateTime<Utc>) -> Vec<Event> {
    let context = Context { now, policy: &Policy::default() };
    roster.decide(command, &context).expect("the request should be accepted").events
}

fn full(count: u32) -> impl Iterator<Item = Command> {
    (1..=count).map(|number| register(request(number), room(25)))
}

#[test]
fn a_site_is_registered_once_and_the_limit_of_the_decision_is_told() {
    let policy = Policy::default();
    let command = Command::Register { request: request(1), url: None, room: room(6) };
    let fact = |url| {
        let Event::SiteRegistered(fact) = registered(1) else { panic!("it is") };
        Event::SiteRegistered(SiteRegistered { url, ..fact })
    };
    given::<Roster>(&[]).when(command.clone(), noon(), &policy).then(&[fact(None)]);
    given::<Roster>(&[registered(1)]).when(command, noon(), &policy).then(&[]);
}

#[test]
fn a_site_with_two_integrations_takes_one_place_until_it_uses_neither() {
    let both = [register(request(1), room(1)), register(with_other(1), room(1))];
    let (roster, now) = after(both);
    assert_eq!(fails(&roster, register(request(2), room(1)), now).code(), "roster.full");
    let events = works(&roster, Command::Release { request: request(1) }, now);
    assert!(
        matches!(&events[..], [Event::SiteReleased(SiteReleased { frees_at: None, .. })]),
        "the other one is still used: {events:?}"
    );
    let roster = roster.evolve(&events[0]).expect("it follows");
    let events = works(&roster, Command::Release { request: with_other(1) }, now);
    let [Event::SiteReleased(SiteReleased { frees_at: Some(frees_at), .. })] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*frees_at, now + TimeDelta::hours(24));
}

#[test]
fn a_released_place_stays_taken_for_a_day_but_not_for_its_own_site() {
    let (roster, now) = after([register(request(1), room(1)), Command::Release { request: request(1) }]);
    let released = now - TimeDelta::hours(1);
    let frees_at = released + TimeDelta::hours(24);
    let just_before = frees_at - TimeDelta::milliseconds(1);
    let expected = Rejection::Full { scope: Scope::Group, limit: 1 };
    assert_eq!(fails(&roster, register(request(2), room(1)), just_before), expected);
    assert!(!works(&roster, register(request(2), room(1)), frees_at).is_empty());
    assert!(!works(&roster, register(request(1), room(1)), now).is_empty());
}

#[test]
fn many_groups_of_an_owner_have_no_more_places_than_one() {
    let room = || below_ceilings(6, None);
    let spread = (1..=6).map(|number| {
        register(in_group(if number % 2 == 0 { group() } else { other_group() }, number), room())
    });
    let (roster, now) = after(spread);
    let expected = Rejection::Full { scope: Scope::Owner, limit: 6 };
    assert_eq!(fails(&roster, register(in_group(group(), 7), room()), now), expected);
    let outside = Ceiling { outside: vec![other_group()], organisation_taken: None };
    let free = Room { limit: 6, ceiling: Some(outside) };
    assert!(!works(&roster, register(in_group(group(), 7), free), now).is_empty());
}

#[test]
fn an_organisation_has_a_ceiling_over_all_its_owners() {
    let roster = Roster::default();
    assert!(!works(&roster, register(request(1), below_ceilings(6, Some(29))), noon()).is_empty());
    let expected = Rejection::Full { scope: Scope::Organisation, limit: 30 };
    assert_eq!(fails(&roster, register(request(1), below_ceilings(6, Some(30))), noon()), expected);
}

#[test]
fn the_vendor_is_warned_at_four_fifths_and_told_of_a_refusal_each_once_a_day() {
    let warned = |events: &[Event]| events.iter().any(|event| matches!(event, Event::NearlyFull(_)));
    let (roster, now) = after(full(18));
    assert!(!warned(&works(&roster, register(request(19), room(25)), now)), "19 of 25 is no reason");
    let (roster, now) = after(full(19));
    let events = works(&roster, register(request(20), room(25)), now);
    let [_, Event::NearlyFull(NearlyFull { scope: Scope::Group, used: 20, limit: 25, .. })] = &events[..]
    else {
        panic!("{events:?}")
    };
    let roster = events.iter().fold(roster, |roster, event| roster.evolve(event).expect("it follows"));
    let (soon, later) = (now + TimeDelta::hours(23), now + TimeDelta::hours(24));
    assert!(!warned(&works(&roster, register(request(21), room(25)), soon)));
    assert!(warned(&works(&roster, register(request(21), room(25)), later)));
    let refusal = || Command::NoteRefusal { request: request(9), scope: Scope::Group, limit: 25 };
    let told = works(&roster, refusal(), now);
    assert_eq!(told.len(), 1);
    let roster = roster.evolve(&told[0]).expect("it follows");
    assert!(works(&roster, refusal(), soon).is_empty());
    assert_eq!(works(&roster, refusal(), later).len(), 1);
}

#[test]
fn the_fullest_of_what_is_nearly_full_is_told() {
    let (roster, now) = after((1..=4).map(|number| register(in_group(other_group(), number), room(25))));
    let events = works(&roster, register(request(5), below_ceilings(25, Some(23))), now);
    let [_, Event::NearlyFull(warning)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((warning.scope, warning.used, warning.limit), (Scope::Owner, 5, 6));
}

#[test]
fn a_site_that_comes_and_goes_all_day_is_refused_for_the_rest_of_it() {
    let policy = Policy::default();
    let mut roster = Roster::default();
    for _ in 0..RETURNS_MAX {
        roster = Given { state: roster }.when(register(request(1), room(6)), noon(), &policy).after;
        let release = Command::Release { request: request(1) };
        roster = Given { state: roster }.when(release, noon(), &policy).after;
    }
    let hour = noon() + TimeDelta::hours(1);
    let expected = Rejection::TooOften { retry_after_s: 23 * 3_600 + 1 };
    assert_eq!(fails(&roster, register(request(1), room(6)), hour), expected);
    assert!(!works(&roster, register(request(2), room(6)), hour).is_empty(), "others come as they please");
    let day = noon() + TimeDelta::hours(24);
    assert!(!works(&roster, register(request(1), room(6)), day).is_empty());
}

#[test]
fn only_who_may_takes_a_site_off_and_all_its_integrations_go() {
    let (roster, now) = after([register(request(1), room(6)), register(with_other(1), room(6))]);
    let remove =
        |standing, number| Command::Remove { standing, by: owner(), group: group(), site: site(number) };
    assert_eq!(fails(&roster, remove(Standing::MayRead, 1), now), Rejection::NotAllowed);
    assert_eq!(fails(&roster, remove(Standing::Stranger, 1), now), Rejection::NotYours);
    assert_eq!(fails(&roster, remove(Standing::MayChange, 2), now), Rejection::NotRegistered);
    let events = works(&roster, remove(Standing::MayChange, 1), now);
    let roster = events.iter().fold(roster, |roster, event| roster.evolve(event).expect("it follows"));
    for request in [request(1), with_other(1)] {
        assert_eq!(fails(&roster, Command::Release { request }, now), Rejection::NotRegistered);
    }
    assert_eq!(roster.taken_but(&[], now), 1, "its place is not free yet");
}

#[test]
fn a_moving_integration_takes_its_sites_along_and_leaves_free_places_behind() {
    let shared = [register(request(1), room(6)), register(with_other(1), room(6))];
    let (roster, now) = after(shared.into_iter().chain([register(request(2), room(6))]));
    let carried = roster.book().and_then(|book| book.group(group())).expect("it").using(integration());
    assert_eq!(carried.iter().map(|one| &one.site).collect::<Vec<_>>(), [&site(1), &site(2)]);
    let to = other_group();
    let depart = Command::Depart { group: group(), integration: integration(), to };
    let left = Given { state: roster }.when(depart, now, &Policy::default()).after;
    assert_eq!(left.taken_but(&[], now), 1, "site 1 uses another integration there");
    let arrive = |limit| Command::Arrive {
        group: to,
        integration: integration(),
        from: group(),
        carried: carried.clone(),
        room: room(limit),
    };
    let expected = Rejection::NoRoom { scope: Scope::Group, limit: 1, free: 1, needed: 2 };
    assert_eq!(fails(&left, arrive(1), now), expected);
    let there = Given { state: left }.when(arrive(6), now, &Policy::default()).after;
    assert_eq!(there.taken_but(&[], now), 3);
    assert_eq!(there.taken_but(&[group()], now), 2);
}

#[test]
fn many_sites_are_carried_in_facts_that_fit_a_payload() {
    let long = |number: usize| {
        let path = "p".repeat(SITE_URL_CHARS_MAX - 30);
        Carried {
            site: format!("{number:064}").parse().expect("a site"),
            url: Some(format!("https://learn.uni.edu/{path}").parse().expect("an address")),
        }
    };
    let carried: Vec<Carried> = (0..CARRIED_MAX).map(long).collect();
    let (group, integration, from) = (group(), integration(), other_group());
    let arrive = Command::Arrive { group, integration, from, carried: carried.clone(), room: room(1_000) };
    let events = works(&Roster::default(), arrive, noon());
    assert!(events.len() <= 20, "{}", events.len());
    let stored = |event: &Event| crate::decider::StoredEvent::encode(event).expect("it can be stored").len();
    assert!(events.iter().all(|event| stored(event) < 16 * 1_024));
    let sites = carried.into_iter().map(|one| one.site).collect();
    let places = works(&Roster::default(), Command::TakePlaces { group, sites }, noon());
    assert!(places.len() <= 4 && places.iter().all(|event| stored(event) < 16 * 1_024));
    let after =
        events.iter().fold(Roster::default(), |after, event| after.evolve(event).expect("it follows"));
    let depart = Command::Depart { group, integration, to: from };
    assert_eq!(works(&after, depart.clone(), noon()).len(), 1);
    let one_more = register(in_group(group, 1), room(1_000));
    let more = Given { state: after }.when(one_more, noon(), &Policy::default()).after;
    assert_eq!(fails(&more, depart, noon()), Rejection::TooManyToMove);
}

#[test]
fn an_organisations_places_are_counted_once_however_often_they_are_taken() {
    let take = || Command::TakePlaces { group: group(), sites: vec![site(1), site(2)] };
    let free = |frees_at| Command::FreePlaces { group: group(), sites: vec![site(1)], frees_at };
    let day = noon() + TimeDelta::hours(24);
    let (roster, now) = after([take(), take(), free(Some(day)), free(Some(day))]);
    assert_eq!((roster.taken_but(&[], now), roster.taken_but(&[], day)), (2, 1));
    let (roster, now) = after([take(), free(None)]);
    assert_eq!(roster.taken_but(&[], now), 1, "what moved along takes its place elsewhere");
}

#[test]
fn an_organisations_roster_has_a_stream_of_its_own() {
    let hash = Fingerprint(std::array::from_fn(|at| u8::try_from(at).expect("small")));
    let organisation = RosterOf::Organisation(hash).uuid();
    assert_eq!(organisation.to_string(), "00010203-0405-4607-8809-0a0b0c0d0e0f");
    let production = ProdGroupId::from_uuid(uuid(1));
    assert_eq!(RosterOf::Production(production).uuid(), uuid(1));
    assert_eq!(RosterOf::Owner(owner()).uuid(), owner().uuid());
}

proptest! {
    /// Whatever comes and goes, in whatever order: no more places are taken than there are, and no more distinct
    /// sites have used the group within any cooling period than it has places.
    #[test]
    fn churn_never_exceeds_the_limit(
        limit in 1_u32..5,
        steps in prop::collection::vec((0_u8..3, 0_u32..8, any::<bool>(), 0_i64..30), 1..80),
    ) {
        let policy = Policy::default();
        let (mut roster, mut now) = (Roster::default(), noon());
        let mut uses: Vec<(SiteId, DateTime<Utc>)> = Vec::new();
        for (what, number, other, hours) in steps {
            now += TimeDelta::hours(hours);
            let request = if other { with_other(number) } else { request(number) };
            let command = match what {
                0 | 1 => register(request, room(limit)),
                _ => Command::Release { request },
            };
            if let Ok(decision) = roster.decide(command, &Context { now, policy: &policy }) {
                for event in &decision.events {
                    roster = roster.evolve(event).expect("it follows");
                }
            }
            prop_assert!(roster.taken_but(&[], now) <= limit);
            if let Some(sites) = roster.book().and_then(|book| book.group(group())) {
                uses.extend((0..8).map(site).filter(|site| sites.is_in_use(site)).map(|site| (site, now)));
            }
            let cooling = TimeDelta::hours(i64::from(policy.site_cooling_hours));
            uses.retain(|(_, at)| now < *at + cooling);
            let distinct: std::collections::BTreeSet<_> = uses.iter().map(|(site, _)| site).collect();
            prop_assert!(distinct.len() <= limit as usize, "{distinct:?} within a cooling period");
        }
    }
}
