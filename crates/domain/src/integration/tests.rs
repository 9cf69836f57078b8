use super::*;
use crate::{
    claim::ClaimChange,
    ids::ProdGroupId,
    policy::Policy,
    samples::{
        dev_group, integration,
        integration::{bare_facts, full_facts, registered, secret},
        owner,
    },
    testing::{at, fold, given, uuid},
};

const NOW: &str = "2026-11-03T10:00:00Z";
const HOLDER: &str = "integration-00000000-0000-0000-0000-00000000001d";

fn register(facts: Facts, secret: Option<NewSecret>) -> Command {
    let group = GroupRef::Development(dev_group());
    Command::Register { integration: integration(), owner: owner(), group, facts, secret }
}

fn declare(facts: Facts) -> Command {
    Command::DeclareFacts {
        integration: integration(),
        standing: Standing::MayChange,
        released: false,
        facts,
    }
}

fn quiz(kinds: &[Kind]) -> Facts {
    bare_facts("Quiz", kinds)
}

fn issued(number: u128) -> Event {
    Event::SecretIssued(secret(number).issued(at(NOW)))
}

/// A REST integration with secrets 1 to `secrets`.
fn live(secrets: u128) -> Vec<Event> {
    let begun = Event::Registered(registered(quiz(&[Kind::Rest])));
    std::iter::once(begun).chain((1..=secrets).map(issued)).collect()
}

fn keys(name: &str) -> Vec<ClaimKey> {
    let owner = owner().to_string();
    let key = |folded| ClaimKey::IntegrationName { owner: owner.clone(), folded };
    names::claim_keys(name).into_iter().map(key).collect()
}

fn taken(name: &str) -> Vec<ClaimChange> {
    keys(name).into_iter().map(|key| ClaimChange::Take { key, holder: HOLDER.to_owned() }).collect()
}

fn released(name: &str) -> Vec<ClaimChange> {
    keys(name).into_iter().map(|key| ClaimChange::Release { key, holder: HOLDER.to_owned() }).collect()
}

#[test]
fn name_and_kind_suffice_and_the_name_is_claimed_among_the_owners() {
    let facts = quiz(&[Kind::Lti13]);
    given::<Integration>(&[])
        .when(register(facts.clone(), None), at(NOW), &Policy::default())
        .then(&[Event::Registered(registered(facts))])
        .claims(&taken("Quiz"));
}

#[test]
fn a_rest_integration_begins_with_its_first_secret() {
    let policy = Policy::default();
    for kinds in [&[Kind::Rest][..], &[Kind::Lti13, Kind::Rest]] {
        given::<Integration>(&[])
            .when(register(quiz(kinds), Some(secret(1))), at(NOW), &policy)
            .then(&[Event::Registered(registered(quiz(kinds))), issued(1)]);
        given::<Integration>(&[])
            .when(register(quiz(kinds), None), at(NOW), &policy)
            .rejects(Rejection::SecretRequired);
    }
}

#[test]
fn what_has_no_rest_has_no_secret() {
    let policy = Policy::default();
    given::<Integration>(&[])
        .when(register(quiz(&[Kind::Lti13]), Some(secret(1))), at(NOW), &policy)
        .rejects(Rejection::NotRest);
    let issue = Command::IssueSecret { standing: Standing::MayChange, secret: secret(1) };
    given::<Integration>(&[Event::Registered(registered(quiz(&[Kind::Lti13])))])
        .when(issue, at(NOW), &policy)
        .rejects(Rejection::NotRest);
}

#[test]
fn an_integration_is_registered_once() {
    given::<Integration>(&live(1))
        .when(register(quiz(&[Kind::Lti13]), None), at(NOW), &Policy::default())
        .rejects(Rejection::AlreadyRegistered);
}

#[test]
fn a_name_that_was_never_parsed_is_refused_all_the_same() {
    let policy = Policy::default();
    let blank = bare_facts("  ", &[Kind::Rest]);
    let problem = names::normalise("  ").expect_err("blank");
    given::<Integration>(&[])
        .when(register(blank.clone(), Some(secret(1))), at(NOW), &policy)
        .rejects(Rejection::Name(problem.clone()));
    given::<Integration>(&live(1)).when(declare(blank), at(NOW), &policy).rejects(Rejection::Name(problem));
}

#[test]
fn declaring_the_same_facts_changes_nothing() {
    given::<Integration>(&live(1))
        .when(declare(quiz(&[Kind::Rest])), at(NOW), &Policy::default())
        .then(&[])
        .claims(&[]);
}

#[test]
fn each_declaration_counts() {
    let policy = Policy::default();
    let facts = Facts { description: Some("Quizzes".to_owned()), ..quiz(&[Kind::Rest]) };
    let when = given::<Integration>(&live(1))
        .when(declare(facts.clone()), at(NOW), &policy)
        .then(&[Event::FactsDeclared(FactsDeclared { facts })])
        .claims(&[]);
    assert!(matches!(when.after, Integration::Live(live) if live.facts_version == 2));
}

#[test]
fn another_name_is_claimed_and_the_former_given_back() {
    given::<Integration>(&live(1))
        .when(declare(bare_facts("Polls", &[Kind::Rest])), at(NOW), &Policy::default())
        .claims(&[released("Quiz"), taken("Polls")].concat());
}

#[test]
fn a_kind_may_be_added_and_never_taken_away() {
    let policy = Policy::default();
    let both = quiz(&[Kind::Lti13, Kind::Rest]);
    given::<Integration>(&live(1))
        .when(declare(both.clone()), at(NOW), &policy)
        .then(&[Event::FactsDeclared(FactsDeclared { facts: both })]);
    given::<Integration>(&live(1))
        .when(declare(quiz(&[Kind::Lti13])), at(NOW), &policy)
        .rejects(Rejection::KindRemoved);
}

#[test]
fn the_last_secret_within_the_limit_is_issued_and_the_next_refused() {
    let policy = Policy::default();
    let issue = |number| Command::IssueSecret { standing: Standing::MayChange, secret: secret(number) };
    given::<Integration>(&live(4)).when(issue(5), at(NOW), &policy).then(&[issued(5)]);
    given::<Integration>(&live(5)).when(issue(6), at(NOW), &policy).rejects(Rejection::TooManySecrets);
}

fn secret_id(number: u128) -> SecretId {
    SecretId::from_uuid(uuid(number))
}

fn revoke(number: u128) -> Command {
    Command::RevokeSecret { standing: Standing::MayChange, secret: secret_id(number) }
}

fn revoked(number: u128) -> Event {
    Event::SecretRevoked(SecretRevoked { secret: secret_id(number), at: at(NOW) })
}

fn test_mode(number: u128, mode: TestMode) -> Command {
    Command::SetTestMode { standing: Standing::MayChange, secret: secret_id(number), mode }
}

fn test_mode_set(number: u128, mode: TestMode) -> Event {
    Event::TestModeSet(TestModeSet { secret: secret_id(number), mode })
}

#[test]
fn a_revoked_secret_is_gone_and_makes_room_for_another() {
    let policy = Policy::default();
    given::<Integration>(&live(5)).when(revoke(2), at(NOW), &policy).then(&[revoked(2)]);
    let after = [live(5), vec![revoked(2)]].concat();
    given::<Integration>(&after).when(revoke(2), at(NOW), &policy).rejects(Rejection::NoSuchSecret);
    let issue = Command::IssueSecret { standing: Standing::MayChange, secret: secret(6) };
    given::<Integration>(&after).when(issue, at(NOW), &policy).then(&[issued(6)]);
}

#[test]
fn the_last_secret_can_be_revoked_and_an_unknown_one_cannot() {
    let policy = Policy::default();
    given::<Integration>(&live(1)).when(revoke(1), at(NOW), &policy).then(&[revoked(1)]);
    given::<Integration>(&live(1)).when(revoke(9), at(NOW), &policy).rejects(Rejection::NoSuchSecret);
}

#[test]
fn a_secret_is_put_into_test_mode_and_out_of_it() {
    let policy = Policy::default();
    let mut history = live(2);
    for mode in [TestMode::Near, TestMode::Over, TestMode::Off] {
        let set = test_mode_set(1, mode);
        given::<Integration>(&history)
            .when(test_mode(1, mode), at(NOW), &policy)
            .then(std::slice::from_ref(&set));
        history.push(set);
        given::<Integration>(&history).when(test_mode(1, mode), at(NOW), &policy).then(&[]);
        let Integration::Live(live) = fold(&history) else { panic!("live") };
        assert_eq!((live.test_mode(secret_id(1)), live.test_mode(secret_id(2))), (mode, TestMode::Off));
    }
    given::<Integration>(&history)
        .when(test_mode(9, TestMode::Over), at(NOW), &policy)
        .rejects(Rejection::NoSuchSecret);
}

#[test]
fn test_mode_ends_with_the_secret_and_with_the_way_into_production() {
    let (from, to) =
        (GroupRef::Development(dev_group()), GroupRef::Production(ProdGroupId::from_uuid(uuid(0xb0))));
    let testing = [live(1), vec![test_mode_set(1, TestMode::Over)]].concat();
    for end in [revoked(1), Event::Moved(Moved { from, to })] {
        let Integration::Live(live) = fold(&[testing.clone(), vec![end]].concat()) else { panic!("live") };
        assert_eq!(live.test_mode(secret_id(1)), TestMode::Off);
    }
    let in_production = [live(1), vec![Event::Moved(Moved { from, to })]].concat();
    given::<Integration>(&in_production)
        .when(test_mode(1, TestMode::Near), at(NOW), &Policy::default())
        .rejects(Rejection::TestModeInProduction);
}

#[test]
fn only_owners_and_admins_of_its_group_change_it() {
    let policy = Policy::default();
    let refused = [(Standing::MayRead, Rejection::NotAllowed), (Standing::Stranger, Rejection::NotYours)];
    for (standing, rejection) in refused {
        let facts = bare_facts("Polls", &[Kind::Rest]);
        let requests = [
            Command::DeclareFacts { integration: integration(), standing, released: false, facts },
            Command::IssueSecret { standing, secret: secret(2) },
            Command::RevokeSecret { standing, secret: secret_id(1) },
            Command::SetTestMode { standing, secret: secret_id(1), mode: TestMode::Near },
        ];
        for command in requests {
            given::<Integration>(&live(1)).when(command, at(NOW), &policy).rejects(rejection.clone());
        }
    }
}

#[test]
fn a_move_keeps_all_but_the_group() {
    let policy = Policy::default();
    let (from, to) =
        (GroupRef::Development(dev_group()), GroupRef::Production(ProdGroupId::from_uuid(uuid(0xb0))));
    let before: Integration = fold(&live(1));
    let when = given::<Integration>(&live(1))
        .when(Command::Move { to }, at(NOW), &policy)
        .then(&[Event::Moved(Moved { from, to })])
        .claims(&[]);
    let (Integration::Live(before), Integration::Live(after)) = (before, when.after) else { panic!("live") };
    assert_eq!(after, Live { group: to, ..before });
    given::<Integration>(&live(1))
        .when(Command::Move { to: from }, at(NOW), &policy)
        .rejects(Rejection::AlreadyInGroup);
}

#[test]
fn what_was_never_registered_is_nobodys() {
    let policy = Policy::default();
    let issue = Command::IssueSecret { standing: Standing::MayChange, secret: secret(1) };
    let elsewhere = Command::Move { to: GroupRef::Development(dev_group()) };
    let test = test_mode(1, TestMode::Near);
    for command in [declare(quiz(&[Kind::Rest])), issue, revoke(1), test, elsewhere] {
        given::<Integration>(&[]).when(command, at(NOW), &policy).rejects(Rejection::NotYours);
    }
}

fn declare_released(facts: Facts) -> Command {
    Command::DeclareFacts { integration: integration(), standing: Standing::MayChange, released: true, facts }
}

fn lti(facts: &mut Facts) -> &mut facts::Lti {
    facts.lti.get_or_insert_default()
}

fn rest(facts: &mut Facts) -> &mut facts::Rest {
    facts.rest.get_or_insert_default()
}

/// Facts that ask for more in one field, with the pointer of that field.
fn wider() -> Vec<(&'static str, Facts)> {
    let change = |pointer, change: fn(&mut Facts)| {
        let mut facts = full_facts();
        change(&mut facts);
        (pointer, facts)
    };
    vec![
        change("/name", |facts| facts.name = "Another".to_owned()),
        change("/hosts", |facts| facts.hosts.push("new.example.org".to_owned())),
        change("/lti/redirect_uris", |facts| {
            lti(facts).redirect_uris.push("https://elsewhere.example.net/launch".to_owned());
        }),
        change("/lti/scopes", |facts| lti(facts).scopes.push("another".to_owned())),
        change("/lti/claims", |facts| lti(facts).claims.push("another".to_owned())),
        change("/lti/user_fields", |facts| lti(facts).user_fields.push("another".to_owned())),
        change("/rest/entitlements", |facts| rest(facts).entitlements.push("course.VIEW".to_owned())),
        change("/rest/privileges", |facts| rest(facts).privileges.push("Another".to_owned())),
    ]
}

#[test]
fn a_released_integration_asks_for_no_more_than_was_reviewed() {
    let history = [Event::Registered(registered(full_facts()))];
    for (pointer, facts) in wider() {
        given::<Integration>(&history)
            .when(declare_released(facts.clone()), at(NOW), &Policy::default())
            .rejects(Rejection::WidensReleased { fields: vec![pointer] });
        given::<Integration>(&history)
            .when(declare(facts.clone()), at(NOW), &Policy::default())
            .then(&[Event::FactsDeclared(FactsDeclared { facts })]);
    }
}

#[test]
fn a_released_integration_may_ask_for_less_and_describe_itself_better() {
    let mut facts = full_facts();
    facts.description = Some("Now with subtitles".to_owned());
    facts.rest.get_or_insert_default().entitlements.clear();
    facts.lti.get_or_insert_default().scopes.clear();
    given::<Integration>(&[Event::Registered(registered(full_facts()))])
        .when(declare_released(facts.clone()), at(NOW), &Policy::default())
        .then(&[Event::FactsDeclared(FactsDeclared { facts })]);
}
