//! What the members of a group hear of without asking: thresholds, places for sites that run out, and what staff set
//! for them. Facts by name, never
//! a sentence and nothing personal.

use super::{ApplyError, decode, position, sql};
use domain::{allowance, group::GroupRef, prodaccount, prodgroup, roster, usagewatch};
use eventlog::Record;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

/// A threshold was reached: all there is to say of it is for the members of the group.
pub(super) async fn apply(tx: &mut SqliteConnection, record: &Record) -> Result<(), ApplyError> {
    let usagewatch::Event::Reached(reached) = decode(record)?;
    let data = json!({
        "percent": reached.percent, "limit": reached.limit, "window_s": reached.window_s,
        "window": reached.window, "since": reached.since, "mailed": reached.mailed, "part": reached.part,
        "limit_of": reached.limit_of, "integration": reached.integration()
    });
    add(tx, record, reached.group, data).await
}

/// What staff set for a group.
pub(super) async fn of_allowance(
    tx: &mut SqliteConnection,
    record: &Record,
    event: &allowance::Event,
) -> Result<(), ApplyError> {
    use allowance::Event;
    let (group, data) = match event {
        Event::LimitsSet(set) => (set.group, json!({ "limits": set.limits, "reason": set.reason })),
        Event::Granted(grant) => {
            (grant.group, json!({ "calls": grant.calls, "until": grant.until, "reason": grant.reason }))
        }
        Event::GrantEnded(ended) => (ended.group, json!({ "at": ended.at })),
        Event::Suspended(suspended) => {
            (suspended.group, json!({ "since": suspended.since, "reason": suspended.reason }))
        }
        Event::Resumed(resumed) => (resumed.group, json!({ "reason": resumed.reason })),
        // What is only proposed or observed changes nothing yet; shares are the vendor's own.
        Event::LimitsProposed(_)
        | Event::GrantProposed(_)
        | Event::ShadowSet(_)
        | Event::ShadowEnded(_)
        | Event::SharesDeclared(_) => return Ok(()),
    };
    add(tx, record, group, data).await
}

/// What becomes of the proof of the contact, for the members of the account's production group.
pub(super) async fn of_contact(
    tx: &mut SqliteConnection,
    record: &Record,
    group: GroupRef,
    event: &prodaccount::Event,
) -> Result<(), ApplyError> {
    use prodaccount::{Consequence, Event};
    let (consequence, data) = match event {
        Event::ContactBounced(bounced) => {
            let (cause, status) = (bounced.cause, &bounced.status);
            (
                bounced.consequence,
                json!({ "cause": cause, "status": status, "consequence": bounced.consequence }),
            )
        }
        Event::ContactChecked(checked) => {
            let (verdict, reason) = (checked.verdict, &checked.reason);
            (
                checked.consequence,
                json!({ "verdict": verdict, "reason": reason, "consequence": checked.consequence }),
            )
        }
        Event::ContactDisowned(said) => (said.consequence, json!({ "consequence": said.consequence })),
        Event::ContactProofDue(due) => {
            return add(tx, record, group, json!({ "ends_at": due.ends_at, "reminder": due.reminder })).await;
        }
        Event::ContactProofEnded(ended) => {
            return add(tx, record, group, json!({ "at": ended.at, "cause": ended.cause })).await;
        }
        // What the vendor did itself is in the timeline.
        Event::Opened(_)
        | Event::GroupOpened(_)
        | Event::ContactDeclared(_)
        | Event::ContactChallengeRequested(_)
        | Event::ContactProven(_) => return Ok(()),
    };
    match consequence {
        Consequence::Nothing => Ok(()),
        Consequence::Degrades | Consequence::Ends { .. } | Consequence::Recovers => {
            add(tx, record, group, data).await
        }
    }
}

/// What hinders customers from joining.
pub(super) async fn of_roster(
    tx: &mut SqliteConnection,
    record: &Record,
    event: &roster::Event,
) -> Result<(), ApplyError> {
    use roster::Event;
    let (group, data) = match event {
        Event::NearlyFull(full) => {
            (full.group, json!({ "scope": full.scope, "used": full.used, "limit": full.limit }))
        }
        Event::Refused(refused) => (
            refused.group,
            json!({
                "integration": refused.integration, "site": refused.site, "scope": refused.scope,
                "limit": refused.limit
            }),
        ),
        // What gateways and vendors did themselves is in the timeline.
        Event::SiteRegistered(_)
        | Event::SiteReleased(_)
        | Event::SiteRemoved(_)
        | Event::IntegrationDeparted(_)
        | Event::IntegrationArrived(_)
        | Event::PlacesTaken(_)
        | Event::PlacesFreed(_) => return Ok(()),
    };
    add(tx, record, group, data).await
}

/// Limits that came with an approval.
pub(super) async fn of_approval(
    tx: &mut SqliteConnection,
    record: &Record,
    group: GroupRef,
    approved: &prodgroup::ProductionApproved,
) -> Result<(), ApplyError> {
    add(tx, record, group, json!({ "limits": approved.limits, "tier": approved.tier })).await
}

async fn add(
    tx: &mut SqliteConnection,
    record: &Record,
    group: GroupRef,
    data: Value,
) -> Result<(), ApplyError> {
    sqlx::query(sql::NOTICE_ADD)
        .bind(position(record))
        .bind(group.to_string())
        .bind(record.recorded_at.timestamp_millis())
        .bind(record.event_type.clone())
        .bind(data.to_string())
        .execute(tx)
        .await?;
    Ok(())
}
