//! Secrets of a REST integration: issued, revoked, and put into test mode.

use super::{Event, Live, Rejection, Standing, facts::Kind};
use crate::{
    decider::{Context, Decision},
    group::GroupRef,
    ids::SecretId,
    sealed::Subjects,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Live secrets at once.
pub const SECRETS_MAX: usize = 5;

/// A REST key pair made by `app`: the key is public, the secret's keyed hash stays in side state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Id of the pair.
    pub secret: SecretId,
    /// Public key (OAuth client id of REST), 32 characters.
    pub key: String,
    /// Last four characters of the secret, to recognise it by.
    pub last_four: String,
}

/// How calls with a secret are answered, for vendors who want to see what their program makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TestMode {
    /// As if nearly all calls were used.
    #[serde(rename = "near")]
    Near,
    /// As if all calls were used.
    #[serde(rename = "over")]
    Over,
    /// As they are.
    #[serde(rename = "off")]
    Off,
}

/// It has another REST secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretIssued {
    /// Id of the pair.
    pub secret: SecretId,
    /// Public key.
    pub key: String,
    /// Last four characters of the secret.
    pub last_four: String,
    /// When.
    pub issued_at: DateTime<Utc>,
}

/// A secret was ended, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRevoked {
    /// Which.
    pub secret: SecretId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Calls with a secret are answered otherwise, until it is revoked or the integration moves into a production
/// group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestModeSet {
    /// Which.
    pub secret: SecretId,
    /// How.
    pub mode: TestMode,
}

impl Subjects for SecretIssued {}
impl Subjects for SecretRevoked {}
impl Subjects for TestModeSet {}

impl NewSecret {
    pub(super) fn issued(self, issued_at: DateTime<Utc>) -> SecretIssued {
        SecretIssued { secret: self.secret, key: self.key, last_four: self.last_four, issued_at }
    }
}

impl Live {
    pub(super) fn issue_secret(
        &self,
        standing: Standing,
        secret: NewSecret,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        standing.may_change()?;
        if !self.facts.speaks(Kind::Rest) {
            return Err(Rejection::NotRest);
        }
        if self.secrets.len() >= SECRETS_MAX {
            return Err(Rejection::TooManySecrets);
        }
        Ok(Decision::events([Event::SecretIssued(secret.issued(context.now))]))
    }

    /// The last one may go as well: a leaked secret must not live on until there is another.
    pub(super) fn revoke_secret(
        &self,
        standing: Standing,
        secret: SecretId,
        context: &Context<'_>,
    ) -> Result<Decision<Event>, Rejection> {
        standing.may_change()?;
        self.has(secret)?;
        Ok(Decision::events([Event::SecretRevoked(SecretRevoked { secret, at: context.now })]))
    }

    pub(super) fn set_test_mode(
        &self,
        standing: Standing,
        secret: SecretId,
        mode: TestMode,
    ) -> Result<Decision<Event>, Rejection> {
        standing.may_change()?;
        self.has(secret)?;
        match self.group {
            GroupRef::Development(_) => {}
            GroupRef::Production(_) => return Err(Rejection::TestModeInProduction),
        }
        if self.test_mode(secret) == mode {
            return Ok(Decision::nothing());
        }
        Ok(Decision::events([Event::TestModeSet(TestModeSet { secret, mode })]))
    }

    /// How calls with a secret are answered.
    pub fn test_mode(&self, secret: SecretId) -> TestMode {
        self.test_modes.get(&secret).copied().unwrap_or(TestMode::Off)
    }

    fn has(&self, secret: SecretId) -> Result<(), Rejection> {
        let live = self.secrets.iter().any(|issued| issued.secret == secret);
        if live { Ok(()) } else { Err(Rejection::NoSuchSecret) }
    }

    pub(super) fn without(mut self, secret: SecretId) -> Self {
        self.secrets.retain(|issued| issued.secret != secret);
        self.test_modes.remove(&secret);
        self
    }

    pub(super) fn answering(mut self, set: &TestModeSet) -> Self {
        match set.mode {
            TestMode::Off => self.test_modes.remove(&set.secret),
            mode => self.test_modes.insert(set.secret, mode),
        };
        self
    }

    /// In a production group no answer is put on.
    pub(super) fn moved(mut self, to: GroupRef) -> Self {
        self.group = to;
        if matches!(to, GroupRef::Production(_)) {
            self.test_modes.clear();
        }
        self
    }
}
