use super::*;
use crate::{
    policy::Policy,
    samples::gateway::{credential, issued, registered, settings},
    testing::{at, given},
};

const NOW: &str = "2026-11-05T10:00:00Z";
const APPROVER: Option<StaffRole> = Some(StaffRole::Approver);

fn register(name: &str) -> Command {
    Command::Register {
        role: APPROVER,
        name: name.to_owned(),
        settings: settings(),
        credential: credential(1),
    }
}

fn revoked(number: u128) -> Event {
    Event::CredentialRevoked(CredentialRevoked { credential: credential(number).credential })
}

#[test]
fn a_gateway_begins_with_a_name_in_normal_form_and_a_credential() {
    given::<Gateway>(&[])
        .when(register("  Gateway   Frankfurt "), at(NOW), &Policy::default())
        .then(&[registered(), issued(1)]);
    let nameless = given::<Gateway>(&[]).when(register(" "), at(NOW), &Policy::default());
    assert!(matches!(nameless.outcome, Err(Rejection::Name(_))));
}

#[test]
fn two_credentials_overlap_and_a_third_waits_until_one_is_revoked() {
    let policy = Policy::default();
    let issue = |number| Command::IssueCredential { role: APPROVER, credential: credential(number) };
    given::<Gateway>(&[registered(), issued(1)]).when(issue(2), at(NOW), &policy).then(&[issued(2)]);
    let both = [registered(), issued(1), issued(2)];
    given::<Gateway>(&both).when(issue(3), at(NOW), &policy).rejects(Rejection::TooManyCredentials);
    let rotated = [registered(), issued(1), issued(2), revoked(1)];
    given::<Gateway>(&rotated).when(issue(3), at(NOW), &policy).then(&[issued(3)]);
}

#[test]
fn a_revoked_credential_is_gone_at_once_and_the_last_one_can_be_revoked_too() {
    let policy = Policy::default();
    let revoke = Command::RevokeCredential { role: APPROVER, credential: credential(1).credential };
    let when = given::<Gateway>(&[registered(), issued(1)]).when(revoke.clone(), at(NOW), &policy);
    assert!(
        matches!(&when.after, Gateway::Active(active) if !active.has(credential(1).credential)),
        "{:?}",
        when.after
    );
    when.then(&[revoked(1)]);
    given::<Gateway>(&[registered(), issued(1), revoked(1)])
        .when(revoke, at(NOW), &policy)
        .rejects(Rejection::NoSuchCredential);
}

#[test]
fn a_retired_gateway_never_asks_again() {
    let policy = Policy::default();
    let retired = [registered(), issued(1), Event::Retired(Retired {})];
    given::<Gateway>(&retired[..2])
        .when(Command::Retire { role: APPROVER }, at(NOW), &policy)
        .then(&[Event::Retired(Retired {})]);
    let issue = Command::IssueCredential { role: APPROVER, credential: credential(2) };
    given::<Gateway>(&retired).when(issue, at(NOW), &policy).rejects(Rejection::IsRetired);
}

#[test]
fn none_but_an_approver_decides_about_gateways() {
    let policy = Policy::default();
    for role in [Some(StaffRole::Reader), Some(StaffRole::Auditor), None] {
        given::<Gateway>(&[registered(), issued(1)])
            .when(Command::Retire { role }, at(NOW), &policy)
            .rejects(Rejection::NotAnApprover);
    }
}
