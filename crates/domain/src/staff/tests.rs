use super::*;
use crate::{
    policy::Policy,
    samples::staff::{enrol, enrolled},
    testing::{at, given},
};

const NOW: &str = "2026-11-05T10:00:00Z";

fn serving() -> Vec<Event> {
    vec![Event::Enrolled(enrolled())]
}

fn gone() -> Vec<Event> {
    vec![Event::Enrolled(enrolled()), Event::Left(Left {})]
}

#[test]
fn whoever_is_enrolled_claims_their_address_among_staff() {
    let claim = ClaimChange::Take {
        key: ClaimKey::StaffEmail(enrol().email_fingerprint),
        holder: "staff-00000000-0000-0000-0000-000000000057".to_owned(),
    };
    given::<Staff>(&[])
        .when(Command::Enrol(enrol()), at(NOW), &Policy::default())
        .then(&serving())
        .claims(&[claim]);
}

#[test]
fn nobody_is_enrolled_twice_nor_after_leaving() {
    let policy = Policy::default();
    given::<Staff>(&serving())
        .when(Command::Enrol(enrol()), at(NOW), &policy)
        .rejects(Rejection::AlreadyEnrolled);
    given::<Staff>(&gone()).when(Command::Enrol(enrol()), at(NOW), &policy).rejects(Rejection::HasLeft);
}

#[test]
fn another_role_is_recorded_and_the_same_role_is_not() {
    let policy = Policy::default();
    let assign = |role| Command::AssignRole { role };
    let when = given::<Staff>(&serving())
        .when(assign(StaffRole::Reader), at(NOW), &policy)
        .then(&[Event::RoleAssigned(RoleAssigned { role: StaffRole::Reader })]);
    assert_eq!(when.after, Staff::Active(Enrolled { role: StaffRole::Reader, ..enrolled() }));
    given::<Staff>(&serving()).when(assign(StaffRole::Approver), at(NOW), &policy).then(&[]);
}

#[test]
fn leaving_ends_everything_but_the_claim_of_the_address() {
    let policy = Policy::default();
    given::<Staff>(&serving())
        .when(Command::Leave, at(NOW), &policy)
        .then(&[Event::Left(Left {})])
        .claims(&[]);
    let assign = Command::AssignRole { role: StaffRole::Reader };
    for command in [Command::Leave, assign] {
        given::<Staff>(&gone()).when(command.clone(), at(NOW), &policy).rejects(Rejection::HasLeft);
        given::<Staff>(&[]).when(command, at(NOW), &policy).rejects(Rejection::NotEnrolled);
    }
}
