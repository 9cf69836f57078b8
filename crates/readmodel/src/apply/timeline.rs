//! What a timeline shows of an event: facts by name, never a sentence and nothing personal. Free text of
//! staff stands beside them, sealed.

use super::{ApplyError, json, position, sql};
use domain::{
    allowance, devgroup, group::GroupRef, integration, prodaccount, prodgroup, roster, sealed::Sealed,
};
use eventlog::Record;
use serde_json::{Value, json as object};
use sqlx::SqliteConnection;

/// What is shown of one event.
pub(super) struct Shown {
    data: Value,
    note: Option<Sealed>,
}

impl From<Value> for Shown {
    fn from(data: Value) -> Self {
        Self { data, note: None }
    }
}

pub(super) async fn add(tx: &mut SqliteConnection, record: &Record, shown: Shown) -> Result<(), ApplyError> {
    add_to(tx, record, record.stream.as_str().to_owned(), shown).await
}

/// Shows an event among those of another stream: of what it is about.
pub(super) async fn add_to(
    tx: &mut SqliteConnection,
    record: &Record,
    stream: String,
    shown: Shown,
) -> Result<(), ApplyError> {
    sqlx::query(sql::TIMELINE_ADD)
        .bind(position(record))
        .bind(stream)
        .bind(record.recorded_at.timestamp_millis())
        .bind(record.event_type.clone())
        .bind(record.actor.kind.clone())
        .bind(record.actor.id.clone())
        .bind(shown.data.to_string())
        .bind(shown.note.as_ref().map(json).transpose()?)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) fn of_account(event: &prodaccount::Event) -> Shown {
    use prodaccount::Event;
    match event {
        Event::Opened(opened) => object!({ "vendor_name": opened.vendor_name }).into(),
        Event::ContactDeclared(declared) => {
            object!({ "epoch": declared.epoch, "class": declared.class }).into()
        }
        Event::ContactChallengeRequested(requested) => {
            let (epoch, expires_at) = (requested.epoch, requested.expires_at);
            object!({ "epoch": epoch, "expires_at": expires_at, "sender": requested.sender }).into()
        }
        Event::ContactProven(proven) => {
            let (epoch, proven_at) = (proven.epoch, proven.proven_at);
            object!({ "epoch": epoch, "proven_at": proven_at, "sender": proven.sender }).into()
        }
        Event::ContactBounced(bounced) => {
            let (cause, status) = (bounced.cause, &bounced.status);
            let (epoch, consequence) = (bounced.epoch, bounced.consequence);
            object!({ "epoch": epoch, "cause": cause, "status": status, "consequence": consequence }).into()
        }
        Event::ContactChecked(checked) => {
            let (verdict, reason) = (checked.verdict, &checked.reason);
            let (epoch, consequence) = (checked.epoch, checked.consequence);
            object!({ "epoch": epoch, "verdict": verdict, "reason": reason, "consequence": consequence })
                .into()
        }
        Event::ContactDisowned(disowned) => {
            object!({ "epoch": disowned.epoch, "consequence": disowned.consequence }).into()
        }
        Event::ContactProofDue(due) => {
            object!({ "epoch": due.epoch, "ends_at": due.ends_at, "reminder": due.reminder }).into()
        }
        Event::ContactProofEnded(ended) => {
            object!({ "epoch": ended.epoch, "at": ended.at, "cause": ended.cause }).into()
        }
        Event::GroupOpened(opened) => object!({ "group": opened.group }).into(),
    }
}

pub(super) fn of_dev_group(event: &devgroup::Event) -> Shown {
    use devgroup::Event;
    match event {
        Event::Created(created) => object!({ "name": created.name, "limits": created.limits }),
        Event::Renamed(renamed) => object!({ "name": renamed.name }),
        Event::IntegrationAdmitted(admitted) => object!({ "integration": admitted.integration }),
        Event::IntegrationReleased(released) => {
            object!({ "integration": released.integration, "to": released.to })
        }
    }
    .into()
}

pub(super) fn of_group(event: &prodgroup::Event) -> Shown {
    use prodgroup::Event;
    match event {
        Event::Drafted(drafted) => object!({ "name": drafted.name, "limits": drafted.limits }).into(),
        Event::Renamed(renamed) => object!({ "name": renamed.name }).into(),
        Event::IntegrationAdmitted(admitted) => object!({ "integration": admitted.integration }).into(),
        Event::IntegrationReleased(released) => {
            object!({ "integration": released.integration, "to": released.to }).into()
        }
        Event::LimitsAsked(asked) => object!({ "asked": asked.asked }).into(),
        Event::Submitted(submitted) => object!({
            "submission": submitted.submission, "asked": submitted.asked, "expires_at": submitted.expires_at
        })
        .into(),
        Event::Withdrawn(withdrawn) => object!({ "submission": withdrawn.submission }).into(),
        Event::ReviewStarted(started) => object!({ "submission": started.submission }).into(),
        Event::ChangesRequested(requested) => Shown {
            data: object!({
                "submission": requested.submission, "reason": requested.reason,
                "expires_at": requested.expires_at
            }),
            note: requested.note.clone(),
        },
        Event::FirstApprovalRecorded(approval) => object!({ "submission": approval.submission }).into(),
        Event::ProductionApproved(approved) => object!({
            "submission": approved.submission, "tier": approved.tier, "limits": approved.limits
        })
        .into(),
        Event::ProductionRefused(refused) => Shown {
            data: object!({ "submission": refused.submission, "reason": refused.reason }),
            note: refused.note.clone(),
        },
        Event::SubmissionExpired(expired) => object!({ "submission": expired.submission }).into(),
    }
}

pub(super) fn of_integration(event: &integration::Event) -> Shown {
    use integration::Event;
    match event {
        Event::Registered(registered) => {
            object!({ "name": registered.facts.name, "group": registered.group }).into()
        }
        Event::FactsDeclared(declared) => object!({ "name": declared.facts.name }).into(),
        Event::SecretIssued(issued) => {
            object!({ "secret": issued.secret, "last_four": issued.last_four }).into()
        }
        Event::SecretRevoked(revoked) => object!({ "secret": revoked.secret }).into(),
        Event::TestModeSet(set) => object!({ "secret": set.secret, "mode": set.mode }).into(),
        Event::Moved(moved) => object!({ "from": moved.from, "to": moved.to }).into(),
    }
}

pub(super) fn of_allowance(event: &allowance::Event) -> Shown {
    use allowance::Event;
    let (data, note) = match event {
        Event::LimitsSet(set) => {
            (object!({ "group": set.group, "limits": set.limits, "reason": set.reason }), &set.note)
        }
        Event::LimitsProposed(set) => {
            (object!({ "group": set.group, "limits": set.limits, "reason": set.reason }), &set.note)
        }
        Event::Granted(grant) => (
            object!({
                "group": grant.group, "calls": grant.calls, "until": grant.until, "reason": grant.reason
            }),
            &grant.note,
        ),
        Event::GrantProposed(grant) => (
            object!({
                "group": grant.group, "calls": grant.calls, "until": grant.until, "reason": grant.reason
            }),
            &grant.note,
        ),
        Event::GrantEnded(ended) => (object!({ "group": ended.group, "at": ended.at }), &None),
        Event::ShadowSet(shadow) => (object!({ "group": shadow.group, "calls": shadow.calls }), &None),
        Event::ShadowEnded(shadow) => (object!({ "group": shadow.group }), &None),
        Event::Suspended(suspended) => (
            object!({
                "group": suspended.group, "reason": suspended.reason, "since": suspended.since
            }),
            &suspended.note,
        ),
        Event::Resumed(resumed) => {
            (object!({ "group": resumed.group, "reason": resumed.reason }), &resumed.note)
        }
        Event::SharesDeclared(declared) => {
            (object!({ "group": declared.group, "shares": declared.shares }), &None)
        }
    };
    Shown { data, note: note.clone() }
}

/// With the group that it is about; nothing of what an organisation counts.
pub(super) fn of_roster(event: &roster::Event) -> Option<(GroupRef, Shown)> {
    use roster::Event;
    match event {
        Event::SiteRegistered(fact) => Some((
            fact.group,
            object!({ "site": fact.site, "url": fact.url, "integration": fact.integration }).into(),
        )),
        Event::SiteReleased(fact) => Some((
            fact.group,
            object!({ "site": fact.site, "integration": fact.integration, "frees_at": fact.frees_at }).into(),
        )),
        Event::SiteRemoved(fact) => {
            Some((fact.group, object!({ "site": fact.site, "frees_at": fact.frees_at }).into()))
        }
        Event::IntegrationDeparted(fact) => {
            Some((fact.group, object!({ "integration": fact.integration, "to": fact.to }).into()))
        }
        Event::IntegrationArrived(fact) => Some((
            fact.group,
            object!({ "integration": fact.integration, "from": fact.from, "sites": fact.sites.len() }).into(),
        )),
        Event::NearlyFull(fact) => {
            let shown = object!({ "scope": fact.scope, "used": fact.used, "limit": fact.limit });
            Some((fact.group, shown.into()))
        }
        Event::Refused(fact) => Some((
            fact.group,
            object!({
                "site": fact.site, "integration": fact.integration, "scope": fact.scope, "limit": fact.limit
            })
            .into(),
        )),
        Event::PlacesTaken(_) | Event::PlacesFreed(_) => None,
    }
}
