//! What comes with every command besides its content, and what every command answers besides its value.

use crate::{error::AppError, keyring::BoundKeys};
use data_encoding::HEXLOWER;
use domain::{actor::Actor, ids::CommandId};
use eventlog::{ActorEnvelope, Envelope, Position, StreamName, StreamVersion};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What a caller says of a request besides its content.
#[derive(Debug, Clone)]
pub struct Meta {
    /// Who asks.
    pub actor: Actor,
    /// Our id of the request.
    pub request_id: Uuid,
    /// The client's name for the command: the same key makes the same command.
    pub idempotency_key: Option<String>,
    /// Template of the route; part of the key's scope.
    pub route: &'static str,
    /// SHA-256 over the parsed request without its secret fields; tells another request under the same key.
    pub request_digest: [u8; 32],
    /// The version of the main stream that the client saw.
    pub if_match: Option<StreamVersion>,
}

impl Meta {
    /// The same for a request whose digest leaves out what is given here: ids in the path, codes.
    #[must_use]
    pub(crate) fn narrowed_to(self, parts: &[&[u8]]) -> Self {
        let digest = Sha256::new().chain_update(self.request_digest);
        let digest = parts.iter().fold(digest, |digest, part| {
            digest.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        });
        Self { request_digest: digest.finalize().into(), ..self }
    }
}

/// A command that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What it gave.
    pub value: T,
    /// Its last event; a read from there on sees it.
    pub position: Position,
    /// Version of the main stream behind it.
    pub version: StreamVersion,
    /// By which its outcome can be asked for.
    pub command: CommandId,
    /// It had been carried out before; nothing happened now.
    pub replayed: bool,
}

impl<T> Done<T> {
    /// What goes wrong from here on is never told as if nothing had been done.
    pub(crate) fn pending(&self, error: AppError) -> AppError {
        AppError::AnswerPending { command: self.command, source: Box::new(error) }
    }

    /// The same with another value.
    pub(crate) fn with<V>(self, value: V) -> Done<V> {
        let Self { value: _, position, version, command, replayed } = self;
        Done { value, position, version, command, replayed }
    }
}

/// A command with its id: what [`Meta`] becomes before the use case begins.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) command: CommandId,
    pub(crate) actor: Actor,
    pub(crate) if_match: Option<StreamVersion>,
    /// Without an idempotency key the id is new, and nothing can be a replay.
    pub(crate) may_be_replay: bool,
    request_id: Uuid,
    request_digest: [u8; 32],
}

impl Ticket {
    /// `fresh` is a random id for commands without a key.
    pub(crate) fn new(meta: Meta, keys: &BoundKeys, fresh: Uuid) -> Self {
        let key = meta.idempotency_key.as_deref();
        let command = key
            .map_or(CommandId::from_uuid(fresh), |key| keys.command_id(&key_scope(&meta), meta.route, key));
        Self {
            command,
            actor: meta.actor,
            if_match: meta.if_match,
            may_be_replay: key.is_some(),
            request_id: meta.request_id,
            request_digest: meta.request_digest,
        }
    }

    /// Keyed hash of request and target; none where there is no key that could be used twice.
    pub(crate) fn fingerprint(&self, keys: &BoundKeys, main: &StreamName) -> Option<[u8; 32]> {
        let digest = || Sha256::new().chain_update(self.request_digest).chain_update(main.as_str());
        self.may_be_replay.then(|| keys.request_fingerprint(&digest().finalize().into()))
    }

    /// The common part of the command's events.
    pub(crate) fn envelope(
        &self,
        authority: &str,
        fingerprint: Option<[u8; 32]>,
        policy_version: u32,
    ) -> Envelope {
        Envelope {
            command_id: self.command.uuid(),
            fingerprint,
            causation_id: None,
            actor: actor_envelope(&self.actor, authority),
            on_behalf_of: None,
            reason: None,
            request_id: Some(self.request_id),
            policy_version,
            privileged: matches!(self.actor, Actor::Staff(..) | Actor::Operator | Actor::System),
        }
    }
}

/// The word that a closed list is stored with: roles and reasons in the envelope.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// Where a key means the same command. Strangers can't be told apart, so that for them another request is
/// always another command: nobody meets the command of somebody who chose the same key.
fn key_scope(meta: &Meta) -> String {
    match meta.actor {
        Actor::Anonymous => format!("anonymous:{}", HEXLOWER.encode(&meta.request_digest)),
        Actor::Developer(..) | Actor::Staff(..) | Actor::Gateway(_) | Actor::Operator | Actor::System => {
            scope(&meta.actor)
        }
    }
}

/// Whose commands these are: keys and outcomes of one actor mean nothing to another.
pub(crate) fn scope(actor: &Actor) -> String {
    let envelope = actor_envelope(actor, "");
    format!("{}:{}", envelope.kind, envelope.id)
}

pub(crate) fn actor_envelope(actor: &Actor, authority: &str) -> ActorEnvelope {
    let (kind, id, session) = match actor {
        Actor::Developer(id, session) => ("developer", id.to_string(), session.to_string()),
        Actor::Staff(id, session) => ("staff", id.to_string(), session.to_string()),
        Actor::Gateway(id) => ("gateway", id.to_string(), String::new()),
        Actor::Anonymous => ("anonymous", String::new(), String::new()),
        Actor::Operator => ("operator", String::new(), String::new()),
        Actor::System => ("system", String::new(), String::new()),
    };
    ActorEnvelope { kind: kind.to_owned(), id, authority: authority.to_owned(), session }
}
