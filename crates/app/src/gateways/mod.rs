//! Gateways: let in, given credentials, and dismissed by staff.

mod known;
mod pace;
mod signed;

pub(crate) use known::Known;
pub use known::KnownGateway;
pub(crate) use pace::Paces;
pub(crate) use signed::Nonces;
pub use signed::{NONCE_CHARS_MAX, NONCE_CHARS_MIN, Signed, TIME_AHEAD_MAX, TIME_BEHIND_MAX, Unsigned};

use crate::{
    App,
    aggregate::Aggregate as _,
    error::AppError,
    execute::UseCase,
    meta::{Done, Meta, Ticket, word},
    secret::Secret,
    side_state::StoredGatewayCredential,
    tokens::{Token, TokenKind},
    work::Work,
};
use domain::{
    decider::StoredEvent as _,
    gateway::{self, Gateway, NewCredential, Settings},
    ids::{CommandId, GatewayCredentialId, GatewayId, StaffId},
    staff::{Staff, StaffRole},
};
use eventlog::{StreamName, StreamVersion};

/// A gateway and the credential a command gave it.
pub struct IssuedCredential {
    /// Whose.
    pub gateway: GatewayId,
    /// Names the credential.
    pub id: GatewayCredentialId,
    /// The credential; none in a replay, because it is shown once and not kept.
    pub credential: Option<Secret<String>>,
    /// What its requests are signed with; shown with it.
    pub signing_key: Option<Secret<String>>,
}

impl App {
    /// Lets a gateway ask at the door.
    pub async fn register_gateway(
        &self,
        meta: Meta,
        staff: StaffId,
        name: String,
        settings: Settings,
    ) -> Result<Done<IssuedCredential>, AppError> {
        let ticket = self.ticket(meta);
        let gateway = GatewayId::from_uuid(self.derived_id(&ticket, "gateway"));
        let made = self.new_credential(gateway);
        let register = Register { gateway, staff, name, settings, credential: made.kept.clone() };
        let done = self.change_gateway(ticket, register).await?;
        self.shown_once(gateway, done, made).await
    }

    /// Gives a gateway another credential; the old one goes on until it is revoked.
    pub async fn issue_gateway_credential(
        &self,
        meta: Meta,
        staff: StaffId,
        gateway: GatewayId,
    ) -> Result<Done<IssuedCredential>, AppError> {
        let ticket = self.ticket(meta);
        let made = self.new_credential(gateway);
        let issue = Issue { gateway, staff, credential: made.kept.clone() };
        let done = self.change_gateway(ticket, issue).await?;
        self.shown_once(gateway, done, made).await
    }

    /// Ends a credential; the very next call with it is refused.
    pub async fn revoke_gateway_credential(
        &self,
        meta: Meta,
        staff: StaffId,
        gateway: GatewayId,
        credential: GatewayCredentialId,
    ) -> Result<Done<()>, AppError> {
        let done = self.change_gateway(self.ticket(meta), Revoke { gateway, staff, credential }).await?;
        // The stream says that it has ended; its hash opens nothing any more.
        if let Err(error) = self.inner.side.delete_gateway_credential(credential).await {
            tracing::warn!(%credential, %error, "the hash of a revoked credential stays in side state");
        }
        Ok(done)
    }

    /// Ends a gateway for good, and with it all its credentials.
    pub async fn retire_gateway(
        &self,
        meta: Meta,
        staff: StaffId,
        gateway: GatewayId,
    ) -> Result<Done<()>, AppError> {
        let done = self.change_gateway(self.ticket(meta), Retire { gateway, staff }).await?;
        if let Err(error) = self.inner.side.delete_gateway_credentials_of(gateway).await {
            tracing::warn!(%gateway, %error, "hashes of a retired gateway stay in side state");
        }
        Ok(done)
    }

    /// The gateway that a credential speaks for; nobody when it is none of ours or has ended.
    pub async fn authenticate_gateway(&self, text: &str) -> Result<Option<KnownGateway>, AppError> {
        let Ok(token) = Token::parse(TokenKind::GatewayCredential, text) else { return Ok(None) };
        let hash = token.hash(&self.inner.keys);
        self.inner.gateways.find(&self.inner, &hash).await
    }

    /// Carries a change out and lets the door know before anybody is told that it was made.
    async fn change_gateway<U: UseCase>(&self, ticket: Ticket, use_case: U) -> Result<Done<()>, AppError> {
        let app = self.clone();
        self.detached(async move {
            let outcome = app.carry_out(&ticket, &use_case).await;
            app.inner.gateways.refresh(&app.inner).await;
            outcome
        })
        .await
    }

    /// A credential of its own for each try: what a failed one left behind can't be taken for what is shown now.
    fn new_credential(&self, gateway: GatewayId) -> Made {
        let credential = GatewayCredentialId::from_uuid(self.inner.ids.v4());
        let token = Token::mint(TokenKind::GatewayCredential, &self.inner.ids);
        let kept = Kept {
            new: NewCredential { credential, last_four: token.last_four() },
            stored: StoredGatewayCredential { credential, gateway, hash: token.hash(&self.inner.keys) },
        };
        Made { token, kept }
    }

    /// What is shown: the new credential, or in a replay the one the command made then, without its text.
    async fn shown_once(
        &self,
        gateway: GatewayId,
        done: Done<()>,
        made: Made,
    ) -> Result<Done<IssuedCredential>, AppError> {
        let (id, credential) = if done.replayed {
            let id = self.credential_of(gateway, done.version).await.map_err(|error| done.pending(error))?;
            (id, None)
        } else {
            (made.kept.new.credential, Some(made.token.text()))
        };
        let signing_key = credential.is_some().then(|| signed::signing_key(&self.inner.keys, id));
        Ok(done.with(IssuedCredential { gateway, id, credential, signing_key }))
    }

    /// The credential that the event of this version gave.
    async fn credential_of(
        &self,
        gateway: GatewayId,
        version: StreamVersion,
    ) -> Result<GatewayCredentialId, AppError> {
        let before = StreamVersion(version.0.saturating_sub(1));
        for record in self.inner.log.read_stream(&Gateway::stream_of(gateway), before, 1).await? {
            let event = gateway::Event::decode(&record.event_type, record.schema, &record.payload)?;
            if let gateway::Event::CredentialIssued(issued) = event {
                return Ok(issued.credential);
            }
        }
        Err(AppError::NotFound)
    }
}

/// A credential that is not yet anybody's.
struct Made {
    token: Token,
    kept: Kept,
}

/// What is kept of it: facts for the log, the keyed hash for side state.
#[derive(Clone)]
struct Kept {
    new: NewCredential,
    stored: StoredGatewayCredential,
}

impl Kept {
    /// The hash stands in side state before the fact that needs it.
    async fn keep(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.leaves_traces();
        Ok(work.side().insert_gateway_credential(&self.stored).await?)
    }

    async fn forget(&self, app: &App) -> Result<(), AppError> {
        Ok(app.inner.side.delete_gateway_credential(self.new.credential).await?)
    }
}

/// What a member of staff may do at the instant of the decision.
async fn role(work: &mut Work<'_>, staff: StaffId) -> Result<Option<StaffRole>, AppError> {
    let role = match &*work.load::<Staff>(staff).await? {
        Staff::Active(enrolled) => Some(enrolled.role),
        Staff::Absent | Staff::Gone(_) => None,
    };
    work.authority(role.as_ref().map(word).unwrap_or_default());
    Ok(role)
}

struct Register {
    gateway: GatewayId,
    staff: StaffId,
    name: String,
    settings: Settings,
    credential: Kept,
}

impl UseCase for Register {
    fn main(&self) -> StreamName {
        Gateway::stream_of(self.gateway)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut gateway = work.load::<Gateway>(self.gateway).await?;
        let command = gateway::Command::Register {
            role: role(work, self.staff).await?,
            name: self.name.clone(),
            settings: self.settings,
            credential: self.credential.new.clone(),
        };
        work.decide(&mut gateway, command)?;
        self.credential.keep(work).await
    }

    async fn abandon(&self, app: &App, _command: CommandId) -> Result<(), AppError> {
        self.credential.forget(app).await
    }
}

struct Issue {
    gateway: GatewayId,
    staff: StaffId,
    credential: Kept,
}

impl UseCase for Issue {
    fn main(&self) -> StreamName {
        Gateway::stream_of(self.gateway)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut gateway = work.load::<Gateway>(self.gateway).await?;
        let role = role(work, self.staff).await?;
        let credential = self.credential.new.clone();
        work.decide(&mut gateway, gateway::Command::IssueCredential { role, credential })?;
        self.credential.keep(work).await
    }

    async fn abandon(&self, app: &App, _command: CommandId) -> Result<(), AppError> {
        self.credential.forget(app).await
    }
}

struct Revoke {
    gateway: GatewayId,
    staff: StaffId,
    credential: GatewayCredentialId,
}

impl UseCase for Revoke {
    fn main(&self) -> StreamName {
        Gateway::stream_of(self.gateway)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut gateway = work.load::<Gateway>(self.gateway).await?;
        let role = role(work, self.staff).await?;
        let credential = self.credential;
        work.decide(&mut gateway, gateway::Command::RevokeCredential { role, credential })
    }
}

struct Retire {
    gateway: GatewayId,
    staff: StaffId,
}

impl UseCase for Retire {
    fn main(&self) -> StreamName {
        Gateway::stream_of(self.gateway)
    }

    async fn attempt(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let mut gateway = work.load::<Gateway>(self.gateway).await?;
        let role = role(work, self.staff).await?;
        work.decide(&mut gateway, gateway::Command::Retire { role })
    }
}
