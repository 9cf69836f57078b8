//! Uniqueness across aggregates: which stream a claim is, and what taking or releasing it adds to a batch.

use crate::{
    aggregate::{new_event, stream_name},
    error::AppError,
    folds::Folds,
    keyring::BoundKeys,
};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use domain::claim::{ClaimChange, ClaimKey};
use eventlog::{NewEvent, StreamName, StreamVersion};

/// A claim's part of a batch; without events it is a guard.
pub(crate) struct Resolved {
    pub(crate) stream: StreamName,
    pub(crate) version: StreamVersion,
    pub(crate) events: Vec<NewEvent>,
}

/// `claim.<kind>-<keyed hash>`: the value itself never names a stream.
pub(crate) fn stream_of(keys: &BoundKeys, key: &ClaimKey) -> StreamName {
    let (kind, value) = match key {
        ClaimKey::DeveloperEmail(fingerprint) => ("email", fingerprint.to_string()),
        ClaimKey::StaffEmail(fingerprint) => ("staffemail", fingerprint.to_string()),
        ClaimKey::Unwanted(fingerprint) => ("unwanted", fingerprint.to_string()),
        ClaimKey::Name(folded) => ("name", folded.clone()),
        ClaimKey::IntegrationName { owner, folded } => ("intname", format!("{owner}|{folded}")),
    };
    let hash = keys.claim_hash(kind, value.as_bytes());
    stream_name(&format!("claim.{kind}-{}", HEXLOWER.encode(&hash)))
}

/// Which claim a change is about.
pub(crate) fn key_of(change: &ClaimChange) -> &ClaimKey {
    match change {
        ClaimChange::Take { key, .. } | ClaimChange::Release { key, .. } => key,
    }
}

/// The claim of another name in the space of `key`.
pub(crate) fn renamed(key: &ClaimKey, folded: String) -> ClaimKey {
    match key {
        ClaimKey::IntegrationName { owner, .. } => ClaimKey::IntegrationName { owner: owner.clone(), folded },
        ClaimKey::Name(_) | ClaimKey::DeveloperEmail(_) | ClaimKey::StaffEmail(_) | ClaimKey::Unwanted(_) => {
            ClaimKey::Name(folded)
        }
    }
}

/// What the change adds; refused when another holds the claim.
pub(crate) async fn resolve(
    folds: &Folds,
    keys: &BoundKeys,
    change: &ClaimChange,
    now: DateTime<Utc>,
) -> Result<Resolved, AppError> {
    let key = key_of(change);
    let stream = stream_of(keys, key);
    let claim = folds.claim(&stream).await?;
    let event = match change {
        ClaimChange::Take { holder, .. } => {
            claim.state.take(holder, now).map_err(|_| held_by_another(key))?
        }
        ClaimChange::Release { holder, .. } => claim.state.release(holder, None),
    };
    let events = event.iter().map(new_event).collect::<Result<_, _>>()?;
    Ok(Resolved { stream, version: claim.version, events })
}

fn held_by_another(key: &ClaimKey) -> AppError {
    match key {
        ClaimKey::DeveloperEmail(_) | ClaimKey::StaffEmail(_) | ClaimKey::Unwanted(_) => {
            AppError::AddressTaken
        }
        ClaimKey::Name(_) | ClaimKey::IntegrationName { .. } => AppError::NameTaken { proposal: None },
    }
}
