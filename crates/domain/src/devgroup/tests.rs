use super::*;
use crate::{
    claim::ClaimChange,
    names::NameRule,
    policy::Policy,
    samples::{dev_group, devgroup::created, integration, other_dev_group, owner},
    testing::{at, fold, given, uuid},
};

const NOW: &str = "2026-11-05T10:00:00Z";
const HOLDER: &str = "devgroup-00000000-0000-0000-0000-0000000000a0";

fn create(name: Option<&str>) -> Command {
    Command::Create { group: dev_group(), owner: owner(), name: name.map(str::to_owned) }
}

fn rename(by: DeveloperId, name: &str) -> Command {
    Command::Rename { group: dev_group(), by, name: name.to_owned() }
}

fn taken(name: &str) -> Vec<ClaimChange> {
    let take = |key| ClaimChange::Take { key: ClaimKey::Name(key), holder: HOLDER.to_owned() };
    names::claim_keys(name).into_iter().map(take).collect()
}

fn released(name: &str) -> Vec<ClaimChange> {
    let release = |key| ClaimChange::Release { key: ClaimKey::Name(key), holder: HOLDER.to_owned() };
    names::claim_keys(name).into_iter().map(release).collect()
}

fn begun() -> Vec<Event> {
    vec![Event::Created(created())]
}

fn stranger() -> DeveloperId {
    DeveloperId::from_uuid(uuid(0xdead))
}

/// Nothing makes members yet, so the state is set.
fn with_member(role: Role) -> (DevGroup, DeveloperId) {
    let member = DeveloperId::from_uuid(uuid(0xd1));
    let DevGroup::Active(mut active) = fold(&begun()) else { panic!("a created group is active") };
    active.members.insert(member, role);
    active.integrations.insert(integration());
    (DevGroup::Active(active), member)
}

/// Everything a member might ask.
fn requests(by: DeveloperId) -> [Command; 3] {
    let to = GroupRef::Development(other_dev_group());
    let admitted = IntegrationId::from_uuid(uuid(0x2d));
    [
        rename(by, "Acme - Polls"),
        Command::AdmitIntegration { by, integration: admitted },
        Command::ReleaseIntegration { by, integration: integration(), to },
    ]
}

#[test]
fn a_named_group_claims_its_name_for_itself() {
    let policy = Policy::default();
    let named = Created { name: "Acme - Quiz".to_owned(), ..created() };
    given::<DevGroup>(&[])
        .when(create(Some("  Acme -  Quiz ")), at(NOW), &policy)
        .then(&[Event::Created(named)])
        .claims(&taken("Acme - Quiz"));
}

#[test]
fn a_personal_group_has_a_name_that_nobody_claims() {
    let personal = Created { name: "Personal group".to_owned(), personal: true, ..created() };
    given::<DevGroup>(&[])
        .when(create(None), at(NOW), &Policy::default())
        .then(&[Event::Created(personal)])
        .claims(&[]);
}

#[test]
fn a_group_records_the_limits_it_was_made_with() {
    let mut policy = Policy::default();
    policy.development.calls = 77;
    let when = given::<DevGroup>(&[]).when(create(None), at(NOW), &policy);
    let [Event::Created(created)] = &when.accepted().events[..] else { panic!("one fact") };
    assert_eq!(created.limits, policy.development);
}

#[test]
fn a_name_that_breaks_a_rule_is_refused_with_the_rule() {
    let policy = Policy::default();
    let problem = names::check_development("A - B - C - D").expect_err("four parts");
    given::<DevGroup>(&[])
        .when(create(Some("A - B - C - D")), at(NOW), &policy)
        .rejects(Rejection::Name(problem.clone()));
    given::<DevGroup>(&begun())
        .when(rename(owner(), "A - B - C - D"), at(NOW), &policy)
        .rejects(Rejection::Name(problem));
    let blank = given::<DevGroup>(&[]).when(create(Some("   ")), at(NOW), &policy);
    assert!(matches!(blank.outcome, Err(Rejection::Name(problem)) if problem.rule == NameRule::Empty));
}

#[test]
fn a_rename_gives_back_the_old_name_and_claims_the_new_one() {
    given::<DevGroup>(&begun())
        .when(rename(owner(), "Acme - Polls"), at(NOW), &Policy::default())
        .then(&[Event::Renamed(Renamed { name: "Acme - Polls".to_owned() })])
        .claims(&[released("Acme - Quiz - Team 1"), taken("Acme - Polls")].concat());
}

#[test]
fn a_rename_to_a_name_that_looks_the_same_keeps_the_claims() {
    given::<DevGroup>(&begun())
        .when(rename(owner(), "Acme - Quiz - Team1"), at(NOW), &Policy::default())
        .then(&[Event::Renamed(Renamed { name: "Acme - Quiz - Team1".to_owned() })])
        .claims(&[]);
}

#[test]
fn a_rename_to_the_same_name_changes_nothing() {
    given::<DevGroup>(&begun())
        .when(rename(owner(), " Acme - Quiz  - Team 1"), at(NOW), &Policy::default())
        .then(&[])
        .claims(&[]);
}

#[test]
fn the_personal_group_keeps_its_name() {
    let personal = Created { name: PERSONAL_GROUP_NAME.to_owned(), personal: true, ..created() };
    given::<DevGroup>(&[Event::Created(personal)])
        .when(rename(owner(), "Acme"), at(NOW), &Policy::default())
        .rejects(Rejection::PersonalGroup);
}

#[test]
fn to_a_stranger_the_group_does_not_exist() {
    let policy = Policy::default();
    let context = Context { now: at(NOW), policy: &policy };
    let (group, _) = with_member(Role::Member);
    for command in requests(stranger()) {
        assert_eq!(group.decide(command, &context), Err(Rejection::NotYours));
    }
    for command in requests(owner()) {
        assert_eq!(DevGroup::Absent.decide(command, &context), Err(Rejection::NotYours));
    }
}

#[test]
fn a_member_reads_and_changes_nothing() {
    let policy = Policy::default();
    let context = Context { now: at(NOW), policy: &policy };
    let (group, member) = with_member(Role::Member);
    for command in requests(member) {
        assert_eq!(group.decide(command, &context), Err(Rejection::NotAllowed));
    }
}

#[test]
fn owners_and_admins_change_everything() {
    let policy = Policy::default();
    let context = Context { now: at(NOW), policy: &policy };
    for role in [Role::Owner, Role::Admin] {
        let (group, member) = with_member(role);
        for command in requests(member) {
            assert_eq!(group.decide(command, &context).expect("allowed").events.len(), 1);
        }
    }
}

#[test]
fn an_integration_comes_in_once_and_leaves_once() {
    let policy = Policy::default();
    let to = GroupRef::Development(other_dev_group());
    let admit = Command::AdmitIntegration { by: owner(), integration: integration() };
    let release = Command::ReleaseIntegration { by: owner(), integration: integration(), to };
    let admitted = Event::IntegrationAdmitted(IntegrationAdmitted { integration: integration() });
    let left = Event::IntegrationReleased(IntegrationReleased { integration: integration(), to });

    given::<DevGroup>(&begun()).when(release.clone(), at(NOW), &policy).rejects(Rejection::NotInGroup);
    given::<DevGroup>(&begun()).when(admit.clone(), at(NOW), &policy).then(std::slice::from_ref(&admitted));
    let inside = [begun(), vec![admitted.clone()]].concat();
    given::<DevGroup>(&inside).when(admit.clone(), at(NOW), &policy).rejects(Rejection::AlreadyInGroup);
    given::<DevGroup>(&inside).when(release, at(NOW), &policy).then(std::slice::from_ref(&left));
    let outside = [inside, vec![left]].concat();
    given::<DevGroup>(&outside).when(admit, at(NOW), &policy).then(&[admitted]);
}

#[test]
fn a_full_group_takes_an_integration_again_after_one_has_left() {
    let policy = Policy { integrations_per_group: 1, ..Policy::default() };
    let admit = |number| Command::AdmitIntegration {
        by: owner(),
        integration: IntegrationId::from_uuid(uuid(number)),
    };
    let admitted = |number| {
        Event::IntegrationAdmitted(IntegrationAdmitted {
            integration: IntegrationId::from_uuid(uuid(number)),
        })
    };
    let full = [begun(), vec![admitted(0x21)]].concat();
    given::<DevGroup>(&full)
        .when(admit(0x22), at(NOW), &policy)
        .rejects(Rejection::TooManyIntegrations { limit: 1 });
    given::<DevGroup>(&full).when(admit(0x21), at(NOW), &policy).rejects(Rejection::AlreadyInGroup);
    let to = GroupRef::Development(other_dev_group());
    let left = Event::IntegrationReleased(IntegrationReleased {
        integration: IntegrationId::from_uuid(uuid(0x21)),
        to,
    });
    given::<DevGroup>(&[full, vec![left]].concat())
        .when(admit(0x22), at(NOW), &policy)
        .then(&[admitted(0x22)]);
}
