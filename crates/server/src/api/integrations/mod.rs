//! Integrations: registered once, one ID for every customer, for ever.

pub mod declare;
pub mod facts;
pub mod get;
pub mod issue_secret;
pub mod list;
pub mod move_to;
pub mod register;
pub mod revoke_secret;
pub mod set_test_mode;

use super::{
    schemas,
    values::{Kind, Note},
};
use crate::{portal::Portal, problem::Problem};
use app::{About, Done, integrations::IssuedSecret};
use chrono::{DateTime, Utc};
use domain::{
    ids::{DeveloperId, IntegrationId},
    integration::{self, facts::Missing as MissingFact},
};
use facts::{Lti, Rest};
use readmodel::{
    ReadModel,
    query::integration::{IntegrationRow, SecretRow},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An integration as the members of its group see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    #[schema(value_type = schemas::IntegrationId)]
    id: String,
    #[schema(min_length = 1, max_length = 100, example = "Attendance")]
    name: String,
    #[schema(min_items = 1, max_items = 2)]
    kinds: Vec<Kind>,
    #[schema(value_type = schemas::GroupId)]
    group: String,
    /// Whether its group is approved for production.
    released: bool,
    /// Whether nothing is missing for release.
    complete: bool,
    /// What is missing for release.
    missing: Vec<Missing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    support_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lti: Option<Lti>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
    secrets: Vec<KeyPair>,
    /// Spellings that were normalised in this request.
    notes: Vec<Note>,
    /// The first key pair, in the answer to the registration of a REST integration only.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials>,
}

/// Something an integration still lacks for release.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// JSON pointer (RFC 6901) of the absent field.
    #[schema(example = "/lti/jwks_uri")]
    pointer: String,
    /// Why it is needed.
    detail: String,
}

/// A REST key pair, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    #[schema(value_type = schemas::SecretId)]
    id: String,
    /// The public half.
    #[schema(min_length = 32, max_length = 32)]
    key: String,
    /// Last four characters of the secret, to recognise it by.
    #[schema(min_length = 4, max_length = 4)]
    last_four: String,
    issued_at: DateTime<Utc>,
    test_mode: TestMode,
}

/// How calls with a key pair are answered, in development: as they are, or as if the limit were near or passed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestMode {
    /// As if nearly all calls were used.
    Near,
    /// As if all calls were used.
    Over,
    /// As they are.
    Off,
}

impl From<TestMode> for integration::TestMode {
    fn from(mode: TestMode) -> Self {
        match mode {
            TestMode::Near => Self::Near,
            TestMode::Over => Self::Over,
            TestMode::Off => Self::Off,
        }
    }
}

impl From<integration::TestMode> for TestMode {
    fn from(mode: integration::TestMode) -> Self {
        match mode {
            integration::TestMode::Near => Self::Near,
            integration::TestMode::Over => Self::Over,
            integration::TestMode::Off => Self::Off,
        }
    }
}

/// A REST key pair as it is shown once.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[schema(value_type = schemas::SecretId)]
    key_id: String,
    /// The public half.
    #[schema(min_length = 32, max_length = 32)]
    key: String,
    /// The secret half; null when the request is repeated, because it is not kept.
    #[schema(required, value_type = Option<schemas::ApiSecret>)]
    secret: Option<String>,
    /// Always true: keep the secret now.
    shown_once: bool,
    /// The request was repeated and its secret can't be shown again: issue another one.
    secret_lost: bool,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.key_id)
    }
}

impl From<IssuedSecret> for Credentials {
    fn from(issued: IssuedSecret) -> Self {
        Self {
            key_id: issued.id.to_string(),
            key: issued.key,
            secret_lost: issued.secret.is_none(),
            secret: issued.secret.map(|secret| secret.reveal().clone()),
            shown_once: true,
        }
    }
}

impl From<MissingFact> for Missing {
    fn from(missing: MissingFact) -> Self {
        Self { pointer: missing.pointer.to_owned(), detail: missing.detail.to_owned() }
    }
}

impl From<SecretRow> for KeyPair {
    fn from(row: SecretRow) -> Self {
        Self {
            id: row.id.to_string(),
            key: row.key,
            last_four: row.last_four,
            issued_at: row.issued_at,
            test_mode: row.test_mode.into(),
        }
    }
}

impl From<IntegrationRow> for Integration {
    fn from(row: IntegrationRow) -> Self {
        let missing: Vec<Missing> = row.facts.missing().into_iter().map(Missing::from).collect();
        let facts = row.facts;
        Self {
            id: row.id.to_string(),
            name: facts.name,
            kinds: facts.kinds.into_iter().map(Kind::from).collect(),
            group: row.group.to_string(),
            released: row.released,
            complete: missing.is_empty(),
            missing,
            description: facts.description,
            hosts: facts.hosts,
            support_url: facts.support_url,
            lti: facts.lti.map(Lti::from),
            rest: facts.rest.map(Rest::from),
            secrets: row.secrets.into_iter().map(KeyPair::from).collect(),
            notes: Vec::new(),
            credentials: None,
        }
    }
}

impl Integration {
    /// The integration as a command left it.
    async fn after<T>(
        portal: &Portal,
        done: &Done<T>,
        id: IntegrationId,
        developer: DeveloperId,
    ) -> Result<IntegrationRow, Problem> {
        let query = async |read: &ReadModel| Ok(read.integration(id, developer).await?);
        portal.show(done, About::Integration(id), query).await
    }

    /// With what the request's spelling was turned into.
    #[must_use]
    pub fn noted(mut self, notes: Vec<domain::fields::Note>) -> Self {
        self.notes = notes.into_iter().map(Note::from).collect();
        self
    }

    /// With the key pair that was made.
    #[must_use]
    pub fn with_credentials(mut self, issued: Option<IssuedSecret>) -> Self {
        self.credentials = issued.map(Credentials::from);
        self
    }
}
