//! Typed ids. A stream carries the bare UUID; people and the API see the text form: a prefix and the
//! UUID in lower-case base32 without padding (`grp_` + 26 characters), so that an id of one kind pasted
//! into a field of another fails to parse. Only the integration ID is a bare UUID everywhere, because
//! customers paste it into other systems.

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Why a text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {expected}")]
pub struct InvalidId {
    /// The form that would have been accepted.
    pub expected: &'static str,
}

macro_rules! prefixed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the text form, underscore included.
            pub const PREFIX: &'static str = concat!($prefix, "_");

            /// Wraps a UUID made by the one id generator.
            pub const fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }

            /// The UUID as it stands in stream names.
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = BASE32_NOPAD.encode(self.0.as_bytes());
                text.make_ascii_lowercase();
                write!(f, "{}{text}", Self::PREFIX)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = || InvalidId { expected: concat!($prefix, "_ and 26 lower-case letters or digits") };
                let body = text.strip_prefix(Self::PREFIX).ok_or_else(invalid)?;
                if body.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(invalid());
                }
                let bytes = BASE32_NOPAD.decode(body.to_ascii_uppercase().as_bytes()).map_err(|_| invalid())?;
                Uuid::from_slice(&bytes).map(Self).map_err(|_| invalid())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> { text.parse() }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String { id.to_string() }
        }
    )+};
}

prefixed_ids! {
    /// A person's developer account.
    DeveloperId = "dev";
    /// A development group.
    DevGroupId = "grp";
    /// A production account: the vendor as customers see it.
    ProdAccountId = "pac";
    /// A production group.
    ProdGroupId = "prd";
    /// A member of staff.
    StaffId = "stf";
    /// One submission of a production group for review.
    SubmissionId = "sub";
    /// One API secret of an integration.
    SecretId = "sec";
    /// One mail the portal means to send; also names the challenge the mail carries.
    IntentId = "itt";
    /// A set of sign-in credentials kept in side state.
    CredentialId = "crd";
    /// A sign-up that waits for proof of its address.
    SignUpId = "sgn";
    /// A signed-in session.
    SessionId = "ses";
    /// Whose key seals a personal field; erasing the subject destroys that key.
    SubjectId = "sbj";
    /// A gateway that asks at the door.
    GatewayId = "gtw";
    /// One credential of a gateway.
    GatewayCredentialId = "gwc";
    /// One command, for asking what became of it.
    CommandId = "cmd";
}

/// The public, stable id of an integration: a random UUID, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IntegrationId(Uuid);

impl IntegrationId {
    /// Wraps a UUID made by the one id generator.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID itself.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for IntegrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for IntegrationId {
    type Err = InvalidId;
    /// Any letter case is accepted: vendors print these ids in capitals too.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { expected: "a UUID such as 9e7e2c0b-39e0-4955-ad6e-cbd5750e3f5f" };
        if text.len() != 36 {
            return Err(invalid());
        }
        Uuid::try_parse(text).map(Self).map_err(|_| invalid())
    }
}

impl TryFrom<String> for IntegrationId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<IntegrationId> for String {
    fn from(id: IntegrationId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests;
