//! Customer sites of groups. What an organisation counts is shown to nobody.

use super::{ApplyError, change, notice, position, sql, timeline};
use chrono::{DateTime, Utc};
use domain::{
    Decider as _,
    devgroup::DevGroup,
    group::GroupRef,
    ids::IntegrationId,
    prodgroup::ProdGroup,
    roster::{Carried, Event, SiteId},
};
use eventlog::Record;
use sqlx::SqliteConnection;

/// Places per event; more sites than fit an event.
const PLACES: i64 = 1_000;

pub(super) async fn apply(
    tx: &mut SqliteConnection,
    record: &Record,
    event: Event,
) -> Result<(), ApplyError> {
    notice::of_roster(tx, record, &event).await?;
    if let Some((group, shown)) = timeline::of_roster(&event) {
        // A roster may hold several groups; each of them shows its own.
        timeline::add_to(tx, record, stream(group), shown).await?;
    }
    match event {
        Event::SiteRegistered(fact) => {
            let one = [Carried { site: fact.site, url: fact.url }];
            seat(tx, record, (fact.group, fact.integration, fact.at), &one).await
        }
        Event::IntegrationArrived(fact) => {
            seat(tx, record, (fact.group, fact.integration, fact.at), &fact.sites).await
        }
        Event::SiteReleased(fact) => {
            let remove = sqlx::query(sql::SITE_USE_REMOVE)
                .bind(fact.group.to_string())
                .bind(fact.site.to_string())
                .bind(fact.integration.to_string());
            change(tx, remove).await?;
            free(tx, fact.group, &fact.site, fact.frees_at).await
        }
        Event::SiteRemoved(fact) => {
            let remove =
                sqlx::query(sql::SITE_USES_REMOVE).bind(fact.group.to_string()).bind(fact.site.to_string());
            remove.execute(&mut *tx).await?;
            free(tx, fact.group, &fact.site, Some(fact.frees_at)).await
        }
        Event::IntegrationDeparted(fact) => {
            let group = fact.group.to_string();
            let leave =
                sqlx::query(sql::SITE_USES_DEPART).bind(group.clone()).bind(fact.integration.to_string());
            leave.execute(&mut *tx).await?;
            sqlx::query(sql::SITES_DEPART).bind(group).execute(&mut *tx).await?;
            Ok(())
        }
        Event::NearlyFull(_) | Event::Refused(_) | Event::PlacesTaken(_) | Event::PlacesFreed(_) => Ok(()),
    }
}

async fn seat(
    tx: &mut SqliteConnection,
    record: &Record,
    (group, integration, at): (GroupRef, IntegrationId, DateTime<Utc>),
    sites: &[Carried],
) -> Result<(), ApplyError> {
    for (place, Carried { site, url }) in (position(record) * PLACES..).zip(sites) {
        let seat = sqlx::query(sql::SITE_SEAT)
            .bind(place)
            .bind(group.to_string())
            .bind(site.to_string())
            .bind(url.as_ref().map(|url| url.as_str().to_owned()));
        change(tx, seat).await?;
        let add = sqlx::query(sql::SITE_USE_ADD)
            .bind(group.to_string())
            .bind(site.to_string())
            .bind(integration.to_string())
            .bind(at.timestamp_millis());
        change(tx, add).await?;
    }
    Ok(())
}

async fn free(
    tx: &mut SqliteConnection,
    group: GroupRef,
    site: &SiteId,
    frees_at: Option<DateTime<Utc>>,
) -> Result<(), ApplyError> {
    let free = sqlx::query(sql::SITE_FREES_AT)
        .bind(group.to_string())
        .bind(site.to_string())
        .bind(frees_at.map(|frees_at| frees_at.timestamp_millis()));
    change(tx, free).await
}

/// The stream of a group.
fn stream(group: GroupRef) -> String {
    match group {
        GroupRef::Development(id) => DevGroup::stream(id.uuid()),
        GroupRef::Production(id) => ProdGroup::stream(id.uuid()),
    }
}
