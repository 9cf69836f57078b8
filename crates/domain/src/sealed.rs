//! Personal fields as the log holds them: ciphertext and keyed fingerprint, never clear text.

use crate::ids::SubjectId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A personal field sealed under its subject's key (XChaCha20-Poly1305). The domain passes it through;
/// `app` seals and opens. A destroyed key reads `[erased]`; a missing key stops the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Whose key.
    pub subject: SubjectId,
    /// Which generation of the subject's key.
    pub key_generation: u32,
    /// 24 bytes, random.
    #[serde(with = "base64url")]
    pub nonce: Vec<u8>,
    /// Ciphertext and tag.
    #[serde(with = "base64url")]
    pub ciphertext: Vec<u8>,
}

/// Keyed hash (HMAC-SHA-256) of a normalised personal value: equal values have equal fingerprints within
/// one log, and nothing else can be told from it without the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl From<Fingerprint> for String {
    fn from(value: Fingerprint) -> String {
        value.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| "expected 64 hex digits")?;
        bytes.try_into().map(Self).map_err(|_| "expected 64 hex digits")
    }
}

/// Subjects whose sealed fields a payload carries; goes into the record's envelope for erasure.
pub trait Subjects {
    /// None by default: most facts are not personal.
    fn subjects(&self) -> Vec<SubjectId> {
        Vec::new()
    }
}

mod base64url {
    use data_encoding::BASE64URL_NOPAD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| serde::de::Error::custom("expected base64url"))
    }
}
