//! Members of staff as their decisions are judged: what they may do, and whom they must be independent of.

use crate::{error::AppError, meta::word, work::Work};
use domain::{
    developer::Developer,
    devgroup,
    ids::StaffId,
    independence::{People, Reviewer},
    prodaccount::Account,
    staff::{self, Enrolled, Staff},
};

/// Whoever decides now. Their role goes into the envelope.
pub(crate) async fn deciding(
    work: &mut Work<'_>,
    staff: StaffId,
    people: People,
) -> Result<Reviewer, AppError> {
    let loaded = work.load::<Staff>(staff).await?;
    let enrolled = match &*loaded {
        Staff::Active(enrolled) => enrolled,
        Staff::Absent => return Err(staff::Rejection::NotEnrolled.into()),
        Staff::Gone(_) => return Err(staff::Rejection::HasLeft.into()),
    };
    work.authority(word(&enrolled.role));
    Ok(judged(staff, enrolled, people))
}

/// Whoever decided the first of two, as they are now; none once they have left.
pub(crate) async fn first(
    work: &mut Work<'_>,
    staff: Option<StaffId>,
    people: People,
) -> Result<Option<Reviewer>, AppError> {
    let Some(staff) = staff else { return Ok(None) };
    Ok(match &*work.load::<Staff>(staff).await? {
        Staff::Active(enrolled) => Some(judged(staff, enrolled, people)),
        Staff::Absent | Staff::Gone(_) => None,
    })
}

fn judged(staff: StaffId, enrolled: &Enrolled, people: People) -> Reviewer {
    Reviewer {
        staff,
        role: enrolled.role,
        email_fingerprint: enrolled.email_fingerprint,
        domain_fingerprint: enrolled.domain_fingerprint,
        own_developers: enrolled.own_developers.clone(),
        people,
    }
}

/// Everybody who ever was a member of an account, with its contacts.
pub(crate) async fn people_of_account(work: &mut Work<'_>, account: &Account) -> Result<People, AppError> {
    let mut people = People { developers: account.ever_members.clone(), ..People::default() };
    for member in &account.ever_members {
        add(&mut people, &*work.load::<Developer>(*member).await?);
    }
    let contacts =
        [Some(account.contacts.declared()), account.contacts.shown().map(|(shown, _)| &shown.contact)];
    for contact in contacts.into_iter().flatten() {
        people.email_fingerprints.push(contact.fingerprint);
        people.domain_fingerprints.extend(contact.domain_fingerprint);
    }
    Ok(people)
}

/// The members of a development group.
pub(crate) async fn people_of_group(
    work: &mut Work<'_>,
    group: &devgroup::Active,
) -> Result<People, AppError> {
    let mut people = People { developers: group.members.keys().copied().collect(), ..People::default() };
    for member in group.members.keys() {
        add(&mut people, &*work.load::<Developer>(*member).await?);
    }
    Ok(people)
}

fn add(people: &mut People, developer: &Developer) {
    if let Developer::Active(active) = developer {
        people.email_fingerprints.push(active.registered.email_fingerprint);
        people.domain_fingerprints.extend(active.registered.domain_fingerprint);
    }
}
