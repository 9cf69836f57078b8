//! Integrations: registered once, one ID for ever, wherever they move.

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    groups::numbered,
    membership,
    meta::{Done, Meta},
    secret::Secret,
    sites,
    tokens::{Token, TokenKind, mint_rest_key},
    work::Work,
};
use domain::{
    decider::StoredEvent as _,
    group::GroupRef,
    ids::{CommandId, DeveloperId, IntegrationId, SecretId},
    integration::{
        self, Integration, NewSecret, TestMode,
        facts::{Facts, Kind},
    },
};
use eventlog::{StreamName, StreamVersion};

/// A registered integration and, when it speaks REST, its first secret.
pub struct Registered {
    /// Its ID, for ever.
    pub integration: IntegrationId,
    /// None without the REST kind.
    pub secret: Option<IssuedSecret>,
}

/// A REST key pair as it is shown once.
pub struct IssuedSecret {
    /// Names the pair.
    pub id: SecretId,
    /// The public half.
    pub key: String,
    /// The secret half; none in a replay, because it is shown once and not kept.
    pub secret: Option<Secret<String>>,
}

impl App {
    /// Registers an integration in a group of either kind; without one, in the developer's personal group.
    pub async fn register(
        &self,
        meta: Meta,
        developer: DeveloperId,
        group: Option<GroupRef>,
        facts: Facts,
    ) -> Result<Done<Registered>, AppError> {
        let ticket = self.ticket(meta);
        let integration = IntegrationId::from_uuid(self.derived_id(&ticket, "integration"));
        let pair = facts.kinds.contains(&Kind::Rest).then(|| self.new_pair());
        let group = match group {
            Some(group) => group,
            None => self.personal_group(developer).await?,
        };
        let stored = pair.as_ref().map(Pair::stored);
        let use_case = Register { integration, owner: developer, group, facts, pair: stored };
        let done = self.run(ticket, use_case).await?;
        let secret = match pair {
            Some(pair) => {
                Some(self.issued(integration, &done, pair).await.map_err(|error| done.pending(error))?)
            }
            None => None,
        };
        Ok(done.with(Registered { integration, secret }))
    }

    /// Replaces what is said of an integration.
    pub async fn declare_facts(
        &self,
        meta: Meta,
        developer: DeveloperId,
        integration: IntegrationId,
        facts: Facts,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), DeclareFacts { by: developer, integration, facts }).await
    }

    /// Makes another REST secret.
    pub async fn issue_secret(
        &self,
        meta: Meta,
        developer: DeveloperId,
        integration: IntegrationId,
    ) -> Result<Done<IssuedSecret>, AppError> {
        let ticket = self.ticket(meta);
        let pair = self.new_pair();
        let done = self.run(ticket, IssueSecret { by: developer, integration, pair: pair.stored() }).await?;
        let issued = self.issued(integration, &done, pair).await.map_err(|error| done.pending(error))?;
        Ok(done.with(issued))
    }

    /// Ends a REST secret: the next call with it is refused.
    pub async fn revoke_secret(
        &self,
        meta: Meta,
        developer: DeveloperId,
        integration: IntegrationId,
        secret: SecretId,
    ) -> Result<Done<()>, AppError> {
        let done = self.run(self.ticket(meta), RevokeSecret { by: developer, integration, secret }).await?;
        // What stays behind opens nothing: the log says that the secret is revoked.
        if let Err(error) = self.inner.side.delete_api_secret(secret).await {
            tracing::warn!(%secret, %error, "the hash of a revoked secret stays in side state");
        }
        Ok(done)
    }

    /// Has calls with a secret answered as if the limit were near or passed, or as they are.
    pub async fn set_test_mode(
        &self,
        meta: Meta,
        developer: DeveloperId,
        integration: IntegrationId,
        secret: SecretId,
        mode: TestMode,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), SetTestMode { by: developer, integration, secret, mode }).await
    }

    /// Moves an integration to another group of either kind; its ID stays.
    pub async fn move_integration(
        &self,
        meta: Meta,
        developer: DeveloperId,
        integration: IntegrationId,
        to: GroupRef,
    ) -> Result<Done<()>, AppError> {
        self.run(self.ticket(meta), Move { by: developer, integration, to }).await
    }

    /// A pair of its own for each try: what a failed one left behind can't be taken for what is shown now.
    fn new_pair(&self) -> Pair {
        let id = SecretId::from_uuid(self.inner.ids.v4());
        let token = Token::mint(TokenKind::ApiSecret, &self.inner.ids);
        let hash = token.hash(&self.inner.keys);
        Pair { id, key: mint_rest_key(&self.inner.ids), token, hash }
    }

    /// What is shown: the new pair, or in a replay the pair the command made then, without its secret half.
    async fn issued(
        &self,
        integration: IntegrationId,
        done: &Done<()>,
        pair: Pair,
    ) -> Result<IssuedSecret, AppError> {
        if !done.replayed {
            return Ok(IssuedSecret { id: pair.id, key: pair.key, secret: Some(pair.token.text()) });
        }
        let before = StreamVersion(done.version.0.saturating_sub(1));
        let stream = Integration::stream_of(integration);
        for record in self.inner.log.read_stream(&stream, before, 1).await? {
            let event = integration::Event::decode(&record.event_type, record.schema, &record.payload)?;
            if let integration::Event::SecretIssued(issued) = event {
                return Ok(IssuedSecret { id: issued.secret, key: issued.key, secret: None });
            }
        }
        Err(AppError::NotFound)
    }
}

/// A key pair that is not yet anybody's.
struct Pair {
    id: SecretId,
    key: String,
    token: Token,
    hash: [u8; 32],
}

impl Pair {
    fn stored(&self) -> StoredPair {
        let new = NewSecret { secret: self.id, key: self.key.clone(), last_four: self.token.last_four() };
        StoredPair { new, hash: self.hash }
    }
}

/// What is kept of a key pair: facts for the log, the keyed hash for side state.
struct StoredPair {
    new: NewSecret,
    hash: [u8; 32],
}

impl StoredPair {
    /// The hash stands in side state before the fact that needs it.
    async fn keep(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.leaves_traces();
        work.keep_api_secret(self.new.secret, self.hash).await
    }

    async fn forget(&self, app: &App) -> Result<(), AppError> {
        Ok(app.inner.side.delete_api_secret(self.new.secret).await?)
    }
}

struct Register {
    integration: IntegrationId,
    owner: DeveloperId,
    group: GroupRef,
    facts: Facts,
    pair: Option<StoredPair>,
}

impl UseCase for Register {
    fn main(&self) -> StreamName {
        Integration::stream_of(self.integration)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        membership::admit(work, self.owner, self.group, self.integration).await?;
        work.propose(numbered(&self.facts.name));
        let command = integration::Command::Register {
            integration: self.integration,
            owner: self.owner,
            group: self.group,
            facts: self.facts.clone(),
            secret: self.pair.as_ref().map(|pair| pair.new.clone()),
        };
        work.decide(&mut integration, command)?;
        match &self.pair {
            Some(pair) => pair.keep(work).await,
            None => Ok(()),
        }
    }

    async fn abandon(&self, app: &App, _command: CommandId) -> Result<(), AppError> {
        match &self.pair {
            Some(pair) => pair.forget(app).await,
            None => Ok(()),
        }
    }
}

struct DeclareFacts {
    by: DeveloperId,
    integration: IntegrationId,
    facts: Facts,
}

impl UseCase for DeclareFacts {
    fn main(&self) -> StreamName {
        Integration::stream_of(self.integration)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        let standing = membership::standing(work, self.by, &integration).await?;
        let released = membership::is_released(work, &integration).await?;
        work.propose(numbered(&self.facts.name));
        let (id, facts) = (self.integration, self.facts.clone());
        let command = integration::Command::DeclareFacts { integration: id, standing, released, facts };
        work.decide(&mut integration, command)
    }
}

struct IssueSecret {
    by: DeveloperId,
    integration: IntegrationId,
    pair: StoredPair,
}

impl UseCase for IssueSecret {
    fn main(&self) -> StreamName {
        Integration::stream_of(self.integration)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        let standing = membership::standing(work, self.by, &integration).await?;
        let secret = self.pair.new.clone();
        work.decide(&mut integration, integration::Command::IssueSecret { standing, secret })?;
        self.pair.keep(work).await
    }

    async fn abandon(&self, app: &App, _command: CommandId) -> Result<(), AppError> {
        self.pair.forget(app).await
    }
}

struct RevokeSecret {
    by: DeveloperId,
    integration: IntegrationId,
    secret: SecretId,
}

impl UseCase for RevokeSecret {
    fn main(&self) -> StreamName {
        Integration::stream_of(self.integration)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        let standing = membership::standing(work, self.by, &integration).await?;
        let secret = self.secret;
        work.decide(&mut integration, integration::Command::RevokeSecret { standing, secret })
    }
}

struct SetTestMode {
    by: DeveloperId,
    integration: IntegrationId,
    secret: SecretId,
    mode: TestMode,
}

impl UseCase for SetTestMode {
    fn main(&self) -> StreamName {
        Integration::stream_of(self.integration)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        let standing = membership::standing(work, self.by, &integration).await?;
        let (secret, mode) = (self.secret, self.mode);
        work.decide(&mut integration, integration::Command::SetTestMode { standing, secret, mode })
    }
}

struct Move {
    by: DeveloperId,
    integration: IntegrationId,
    to: GroupRef,
}

impl UseCase for Move {
    fn main(&self) -> StreamName {
        Integration::stream_of(self.integration)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut integration = work.load::<Integration>(self.integration).await?;
        let Integration::Live(live) = &*integration else {
            return Err(integration::Rejection::NotYours.into());
        };
        let from = live.group;
        membership::release(work, self.by, from, self.integration, self.to).await.map_err(as_integration)?;
        work.decide(&mut integration, integration::Command::Move { to: self.to })?;
        membership::admit(work, self.by, self.to, self.integration).await?;
        sites::carry(work, self.integration, from, self.to).await
    }
}

/// A stranger asked for an integration, and is told of that, not of the group it is in.
fn as_integration(error: AppError) -> AppError {
    if error.hides_existence() { integration::Rejection::NotYours.into() } else { error }
}
