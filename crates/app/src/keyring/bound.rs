//! Keys bound to one log: each is HMAC-SHA-256(key, label, log id), and each has one use.

use super::{KEY_BYTES, Key, Keyring};
use crate::{
    aead::{NONCE_BYTES, decrypt, encrypt, framed},
    ids::Ids,
    secret::Secret,
};
use domain::{
    ids::{CommandId, GatewayCredentialId, IntentId},
    sealed::Fingerprint,
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::{collections::BTreeMap, sync::Arc};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

/// What a fingerprint is of. Addresses of developers, staff and contacts share one space, so that they can
/// be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fingerprinted {
    /// A normalised mail address.
    Address,
    /// A registrable mail domain.
    MailDomain,
    /// An address at the door of staff, where failures count apart: strangers at the developers' door must not
    /// lock staff out.
    StaffSignIn,
    /// The id of a developer, where it is counted as an address is.
    Developer,
    /// The name of a mail host or a name server.
    MailHost,
}

/// A value sealed for side state does not open: another keyring, another log, or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value in side state does not open with this keyring")]
pub struct TransientError;

/// The keyring's keys for one log. Cheap to clone.
#[derive(Clone)]
pub struct BoundKeys(Arc<Keys>);

struct Keys {
    newest_wrapping: (u32, Key),
    older_wrapping: BTreeMap<u32, Key>,
    claim: Key,
    fingerprint: Key,
    request: Key,
    code: Key,
    id: Key,
    command: Key,
    message_id: Key,
    return_path: Key,
    token: Key,
    access: Key,
    signing: Key,
    transient: Key,
}

impl Keyring {
    /// The keys for the log with this id.
    pub fn bind(&self, log_id: Uuid) -> BoundKeys {
        let bound = |key: &Key, label: &str| {
            Secret::new(mac(key, &[b"devportal/1", label.as_bytes(), log_id.as_bytes()]))
        };
        let wrapping = |(generation, key): (&u32, &Key)| (*generation, bound(key, "wrapping"));
        BoundKeys(Arc::new(Keys {
            newest_wrapping: wrapping((&self.newest.generation, &self.newest.key)),
            older_wrapping: self.older.iter().map(wrapping).collect(),
            claim: bound(&self.claim, "claim"),
            fingerprint: bound(&self.fingerprint, "fingerprint"),
            request: bound(&self.fingerprint, "request"),
            code: bound(&self.code, "code"),
            id: bound(&self.id, "derived id"),
            command: bound(&self.id, "command id"),
            message_id: bound(&self.id, "message id"),
            return_path: bound(&self.id, "return path"),
            token: bound(&self.token, "token"),
            access: bound(&self.token, "access token"),
            signing: bound(&self.token, "gateway signing"),
            transient: bound(&self.side_state, "side state"),
        }))
    }
}

impl BoundKeys {
    /// Keyed hash of a personal value: equal values have equal fingerprints within this log.
    pub fn fingerprint(&self, kind: Fingerprinted, value: &str) -> Fingerprint {
        let kind: &[u8] = match kind {
            Fingerprinted::Address => b"address",
            Fingerprinted::MailDomain => b"mail domain",
            Fingerprinted::Developer => b"developer",
            Fingerprinted::MailHost => b"mail host",
            Fingerprinted::StaffSignIn => b"staff sign-in",
        };
        Fingerprint(mac(&self.0.fingerprint, &[kind, value.as_bytes()]))
    }

    /// Keyed hash that names the stream of a claim.
    pub fn claim_hash(&self, kind: &str, value: &[u8]) -> [u8; 32] {
        mac(&self.0.claim, &[kind.as_bytes(), value])
    }

    /// Keyed hash of a request, from the digest of its parsed body without secret fields.
    pub fn request_fingerprint(&self, digest: &[u8; 32]) -> [u8; 32] {
        mac(&self.0.request, &[digest])
    }

    /// Keyed hash a code is cut from; see [`crate::codes`].
    pub(crate) fn code_mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.0.code, parts)
    }

    /// The id a command gives to what it makes; the same for a replay. `label` says what it is for.
    pub fn derived_id(&self, command: CommandId, label: &str) -> Uuid {
        let hash = mac(&self.0.id, &[command.uuid().as_bytes(), label.as_bytes()]);
        Builder::from_random_bytes(first_16(&hash)).into_uuid()
    }

    /// The command id of an `Idempotency-Key`, within the scope of one actor and one route.
    pub fn command_id(&self, scope: &str, route: &str, key: &str) -> CommandId {
        let hash = mac(&self.0.command, &[scope.as_bytes(), route.as_bytes(), key.as_bytes()]);
        CommandId::from_uuid(Builder::from_custom_bytes(first_16(&hash)).into_uuid())
    }

    /// Keyed hash of a session token or API secret; all that is stored of it.
    pub fn token_hash(&self, token: &[u8; 32]) -> [u8; 32] {
        mac(&self.0.token, &[token])
    }

    /// Keyed hash that makes an access token ours.
    pub(crate) fn access_mac(&self, signed: &[u8]) -> [u8; 32] {
        mac(&self.0.access, &[signed])
    }

    /// What a gateway signs with, by the id of its credential.
    pub(crate) fn gateway_signing_key(&self, credential: GatewayCredentialId) -> [u8; 32] {
        mac(&self.0.signing, &[credential.uuid().as_bytes()])
    }

    /// The left part of a Message-ID: the same for every attempt to send one mail.
    pub fn message_id(&self, intent: IntentId) -> String {
        let hash = mac(&self.0.message_id, &[intent.uuid().as_bytes()]);
        data_encoding::HEXLOWER.encode(&first_16(&hash))
    }

    /// The key that makes return paths ours.
    pub(crate) fn return_path_key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(*self.0.return_path.reveal())
    }

    /// Seals a value for a row of side state; `what` and `row` are bound to it. Nonce, ciphertext and tag.
    pub fn seal_transient(&self, ids: &Ids, what: &str, row: &[u8], clear: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = ids.bytes();
        let sealed = encrypt(&self.0.transient, &nonce, &framed(&[what.as_bytes(), row]), clear);
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`seal_transient`](Self::seal_transient) made for the same row.
    pub fn open_transient(
        &self,
        what: &str,
        row: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, TransientError> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(TransientError)?;
        decrypt(&self.0.transient, nonce, &framed(&[what.as_bytes(), row]), ciphertext).ok_or(TransientError)
    }

    /// The same for the same keys, whatever wrapping keys there are; says nothing about them.
    pub fn check_value(&self) -> [u8; 32] {
        let keys = &self.0;
        let used = [
            &keys.fingerprint,
            &keys.request,
            &keys.code,
            &keys.id,
            &keys.command,
            &keys.token,
            &keys.transient,
        ];
        used.iter().fold(mac(&keys.claim, &[b"check"]), |check, key| mac(key, &[b"check", &check]))
    }

    /// The wrapping key for new subjects, and its generation.
    pub(crate) fn newest_wrapping(&self) -> (u32, &Key) {
        let (generation, key) = &self.0.newest_wrapping;
        (*generation, key)
    }

    /// The wrapping key of a generation.
    pub(crate) fn wrapping(&self, generation: u32) -> Option<&Key> {
        let (newest, key) = self.newest_wrapping();
        if generation == newest { Some(key) } else { self.0.older_wrapping.get(&generation) }
    }
}

fn mac(key: &Key, parts: &[&[u8]]) -> [u8; KEY_BYTES] {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut hmac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.reveal()).expect("any length is a key");
    hmac.update(&framed(parts));
    hmac.finalize().into_bytes().into()
}

fn first_16(hash: &[u8; 32]) -> [u8; 16] {
    std::array::from_fn(|at| hash[at])
}
