use super::*;
use crate::{
    ids::{DevGroupId, ProdGroupId},
    policy::Policy,
    samples::developer::{register, registered},
    testing::{at, given, uuid},
};

const PROVEN_AT: &str = "2026-11-02T10:00:00Z";

fn development(number: u128) -> GroupRef {
    GroupRef::Development(DevGroupId::from_uuid(uuid(number)))
}

fn production(number: u128) -> GroupRef {
    GroupRef::Production(ProdGroupId::from_uuid(uuid(number)))
}

fn joined(group: GroupRef, role: Role) -> Event {
    Event::GroupJoined(GroupJoined { group, role })
}

fn begun() -> Vec<Event> {
    vec![Event::Registered(registered())]
}

/// An account that owns development groups 1 to `count`.
fn owner_of(count: u128) -> Vec<Event> {
    begun().into_iter().chain((1..=count).map(|number| joined(development(number), Role::Owner))).collect()
}

fn join(group: GroupRef, role: Role) -> Command {
    Command::JoinGroup { group, role }
}

#[test]
fn an_account_begins_with_its_proven_address_and_claims_it() {
    let claim = ClaimChange::Take {
        key: ClaimKey::DeveloperEmail(register().email_fingerprint),
        holder: "developer-00000000-0000-0000-0000-0000000000d0".to_owned(),
    };
    given::<Developer>(&[])
        .when(Command::Register(register()), at(PROVEN_AT), &Policy::default())
        .then(&begun())
        .claims(&[claim]);
}

#[test]
fn an_account_begins_once() {
    given::<Developer>(&begun())
        .when(Command::Register(register()), at(PROVEN_AT), &Policy::default())
        .rejects(Rejection::AlreadyRegistered);
}

#[test]
fn only_an_account_that_began_joins_anything() {
    let policy = Policy::default();
    let account = ProdAccountId::from_uuid(uuid(7));
    for command in [join(development(1), Role::Owner), Command::JoinAccount { account, role: Role::Owner }] {
        given::<Developer>(&[]).when(command, at(PROVEN_AT), &policy).rejects(Rejection::NotRegistered);
    }
}

#[test]
fn joining_again_in_the_same_role_changes_nothing() {
    let policy = Policy::default();
    given::<Developer>(&owner_of(1))
        .when(join(development(1), Role::Owner), at(PROVEN_AT), &policy)
        .then(&[]);
    let account = ProdAccountId::from_uuid(uuid(7));
    let in_account = Event::AccountJoined(AccountJoined { account, role: Role::Owner });
    let join_account = Command::JoinAccount { account, role: Role::Owner };
    given::<Developer>(&begun())
        .when(join_account.clone(), at(PROVEN_AT), &policy)
        .then(std::slice::from_ref(&in_account));
    given::<Developer>(&[begun(), vec![in_account]].concat())
        .when(join_account, at(PROVEN_AT), &policy)
        .then(&[]);
}

#[test]
fn the_last_development_group_within_the_limit_is_owned_and_the_next_refused() {
    let policy = Policy { dev_groups_per_owner: 3, ..Policy::default() };
    given::<Developer>(&owner_of(2))
        .when(join(development(9), Role::Owner), at(PROVEN_AT), &policy)
        .then(&[joined(development(9), Role::Owner)]);
    given::<Developer>(&owner_of(3))
        .when(join(development(9), Role::Owner), at(PROVEN_AT), &policy)
        .rejects(Rejection::TooManyGroups { limit: 3 });
}

#[test]
fn the_limit_counts_owned_development_groups_only() {
    let policy = Policy { dev_groups_per_owner: 2, ..Policy::default() };
    let elsewhere = [
        joined(development(11), Role::Admin),
        joined(development(12), Role::Member),
        joined(production(13), Role::Owner),
    ];
    let busy = [owner_of(1), elsewhere.to_vec()].concat();
    given::<Developer>(&busy)
        .when(join(development(9), Role::Owner), at(PROVEN_AT), &policy)
        .then(&[joined(development(9), Role::Owner)]);
    let full = owner_of(2);
    for (group, role) in
        [(development(9), Role::Admin), (development(9), Role::Member), (production(9), Role::Owner)]
    {
        given::<Developer>(&full)
            .when(join(group, role), at(PROVEN_AT), &policy)
            .then(&[joined(group, role)]);
    }
}

#[test]
fn becoming_owner_of_a_group_one_belongs_to_counts_too() {
    let policy = Policy { dev_groups_per_owner: 1, ..Policy::default() };
    let admin_elsewhere = [owner_of(1), vec![joined(development(5), Role::Admin)]].concat();
    given::<Developer>(&admin_elsewhere)
        .when(join(development(5), Role::Owner), at(PROVEN_AT), &policy)
        .rejects(Rejection::TooManyGroups { limit: 1 });
}

#[test]
fn a_developer_owns_production_accounts_up_to_the_limit_and_joins_others_beyond_it() {
    let policy = Policy { accounts_per_owner: 2, ..Policy::default() };
    let joined = |number, role| {
        Event::AccountJoined(AccountJoined { account: ProdAccountId::from_uuid(uuid(number)), role })
    };
    let join = |number, role| Command::JoinAccount { account: ProdAccountId::from_uuid(uuid(number)), role };
    let owns_one = [begun(), vec![joined(1, Role::Owner), joined(2, Role::Member)]].concat();
    given::<Developer>(&owns_one)
        .when(join(3, Role::Owner), at(PROVEN_AT), &policy)
        .then(&[joined(3, Role::Owner)]);
    let owns_two = [owns_one, vec![joined(3, Role::Owner)]].concat();
    given::<Developer>(&owns_two)
        .when(join(4, Role::Owner), at(PROVEN_AT), &policy)
        .rejects(Rejection::TooManyAccounts { limit: 2 });
    given::<Developer>(&owns_two)
        .when(join(4, Role::Admin), at(PROVEN_AT), &policy)
        .then(&[joined(4, Role::Admin)]);
    given::<Developer>(&owns_two).when(join(3, Role::Owner), at(PROVEN_AT), &policy).then(&[]);
}
