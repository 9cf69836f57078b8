//! How a vendor parts the group's calls among its integrations.

use super::*;

fn other() -> IntegrationId {
    IntegrationId::from_uuid(uuid(0x2d))
}

fn share(integration: IntegrationId, at_most: Option<u32>, reserved: Option<u32>) -> Share {
    Share { integration, at_most, reserved }
}

fn declare(role: Option<Role>, shares: Vec<Share>) -> Command {
    Command::DeclareShares {
        group: GROUP,
        base: base(),
        by: owner(),
        role,
        integrations: BTreeSet::from([integration(), other()]),
        shares,
    }
}

fn declared(shares: Vec<Share>) -> Event {
    Event::SharesDeclared(SharesDeclared { group: GROUP, by: owner(), shares })
}

fn both() -> Vec<Share> {
    vec![share(integration(), Some(10_000), Some(4_000)), share(other(), None, Some(6_000))]
}

#[test]
fn owners_and_admins_declare_shares_that_add_up_to_no_more_than_there_is() {
    for role in [Role::Owner, Role::Admin] {
        ask(&[], declare(Some(role), both())).then(&[declared(both())]);
    }
    ask(&[declared(both())], declare(Some(Role::Owner), both())).then(&[]);
    ask(&[declared(both())], declare(Some(Role::Owner), vec![])).then(&[declared(vec![])]);
}

#[test]
fn members_read_and_to_strangers_there_is_no_such_group() {
    ask(&[], declare(Some(Role::Member), both())).rejects(Rejection::NotAllowed);
    ask(&[], declare(None, both())).rejects(Rejection::NotYours);
}

#[test]
fn shares_that_do_not_fit_are_all_told() {
    let stranger = IntegrationId::from_uuid(uuid(0x3d));
    let shares = vec![
        share(integration(), Some(10_001), None),
        share(other(), None, Some(u32::MAX)),
        share(stranger, None, Some(u32::MAX)),
    ];
    let when = ask(&[], declare(Some(Role::Owner), shares));
    let Err(Rejection::SharesDoNotFit { fields }) = when.outcome else { panic!("refused") };
    let told: Vec<_> = fields.iter().map(|error| (error.pointer.as_str(), error.code)).collect();
    assert_eq!(
        told,
        [
            ("/shares/0/at_most", "shares.above_limit"),
            ("/shares/2/integration", "shares.not_in_group"),
            ("/shares", "shares.reserves_above_limit"),
        ]
    );
}

#[test]
fn a_grant_that_ends_by_itself_carries_no_reserve() {
    let granted = granted(40_000, days(7), &[ALICE]);
    let when = ask(
        std::slice::from_ref(&granted),
        declare(Some(Role::Owner), vec![share(other(), None, Some(10_001))]),
    );
    assert!(matches!(when.outcome, Err(Rejection::SharesDoNotFit { .. })));
    let set = limits_set(with_calls(40_000), &[ALICE]);
    let shares = vec![share(other(), None, Some(40_000))];
    ask(&[set], declare(Some(Role::Owner), shares.clone())).then(&[declared(shares)]);
}

#[test]
fn shares_are_cut_down_to_limits_that_were_lowered_since() {
    let lowered = [declared(both()), limits_set(with_calls(5_000), &[ALICE])];
    let shares = in_force(&lowered, base(), now()).shares;
    assert_eq!(shares, [share(integration(), Some(5_000), Some(4_000)), share(other(), None, Some(1_000))]);
}

#[test]
fn what_has_left_the_group_keeps_nothing_reserved() {
    let allowance: Allowance = fold(&[declared(both())]);
    let shares = allowance.in_force(base(), now(), |inside| inside == other()).shares;
    assert_eq!(shares, [share(other(), None, Some(6_000))]);
}
