//! What was set for groups. Each column holds the newest fact of its kind, whole.

use super::{ApplyError, change, json, notice, position, sql, timeline, version};
use domain::{allowance::Event, group::GroupRef};
use eventlog::Record;
use sqlx::SqliteConnection;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    notice::of_allowance(tx, record, &event).await?;
    timeline::add(tx, record, timeline::of_allowance(&event)).await?;
    let id = group(&event).to_string();
    let touch = sqlx::query(sql::ALLOWANCE_TOUCH).bind(id.clone());
    change(tx, touch.bind(version(record)).bind(position(record))).await?;
    let set = |sql: &'static str| sqlx::query(sql).bind(id.clone());
    let statement = match event {
        Event::LimitsSet(limits) => set(sql::ALLOWANCE_LIMITS).bind(json(&limits)?),
        Event::LimitsProposed(limits) => set(sql::ALLOWANCE_LIMITS_ASKED).bind(json(&limits)?),
        Event::Granted(granted) => {
            set(sql::ALLOWANCE_GRANT).bind(json(&granted)?).bind(granted.until.timestamp_millis())
        }
        Event::GrantProposed(granted) => set(sql::ALLOWANCE_GRANT_ASKED).bind(json(&granted)?),
        Event::GrantEnded(_) => set(sql::ALLOWANCE_GRANT_END),
        Event::ShadowSet(shadow) => set(sql::ALLOWANCE_SHADOW).bind(json(&shadow)?),
        Event::ShadowEnded(_) => set(sql::ALLOWANCE_SHADOW_END),
        Event::Suspended(suspended) => set(sql::ALLOWANCE_SUSPEND).bind(json(&suspended)?),
        Event::Resumed(_) => set(sql::ALLOWANCE_RESUME),
        Event::SharesDeclared(declared) => set(sql::ALLOWANCE_SHARES).bind(json(&declared.shares)?),
    };
    change(tx, statement).await
}

fn group(event: &Event) -> GroupRef {
    match event {
        Event::LimitsSet(set) => set.group,
        Event::LimitsProposed(proposed) => proposed.group,
        Event::Granted(granted) => granted.group,
        Event::GrantProposed(proposed) => proposed.group,
        Event::GrantEnded(ended) => ended.group,
        Event::ShadowSet(set) => set.group,
        Event::ShadowEnded(ended) => ended.group,
        Event::Suspended(suspended) => suspended.group,
        Event::Resumed(resumed) => resumed.group,
        Event::SharesDeclared(declared) => declared.group,
    }
}
