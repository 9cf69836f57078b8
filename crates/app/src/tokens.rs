//! Session tokens, API secrets and credentials of gateways: 32 random bytes with a prefix that tells the kind and a checksum that
//! tells typing errors (and strings that merely look like one) without touching storage. Only keyed hashes
//! of the 32 bytes are stored.

use crate::{ids::Ids, keyring::BoundKeys, secret::Secret};
use data_encoding::BASE32_NOPAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const BODY_CHARS: usize = 52;
const CHECKSUM_CHARS: usize = 7;
const PREFIX_CHARS: usize = 4;

/// What a token opens; its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `dpt_`: a signed-in session.
    Session,
    /// `dps_`: the secret of an integration's REST key.
    ApiSecret,
    /// `dpg_`: the credential of a gateway.
    GatewayCredential,
}

impl TokenKind {
    /// Four characters.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Session => "dpt_",
            Self::ApiSecret => "dps_",
            Self::GatewayCredential => "dpg_",
        }
    }
}

/// The text is no token of this kind, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no token")]
pub struct NotAToken;

/// A token that was made now or parsed. Shown once, then only its hash remains.
pub struct Token {
    kind: TokenKind,
    bytes: Secret<[u8; 32]>,
}

impl Token {
    /// A new one.
    pub fn mint(kind: TokenKind, ids: &Ids) -> Self {
        Self { kind, bytes: Secret::new(ids.bytes()) }
    }

    /// Reads the text form; exact, lower case.
    pub fn parse(kind: TokenKind, text: &str) -> Result<Self, NotAToken> {
        if text.len() != PREFIX_CHARS + BODY_CHARS + CHECKSUM_CHARS || !text.starts_with(kind.prefix()) {
            return Err(NotAToken);
        }
        let (signed, sum) = text.split_at_checked(PREFIX_CHARS + BODY_CHARS).ok_or(NotAToken)?;
        if checksum(signed) != sum {
            return Err(NotAToken);
        }
        let upper = Zeroizing::new(signed[PREFIX_CHARS..].to_ascii_uppercase());
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(upper.as_bytes()).map_err(|_| NotAToken)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| NotAToken)?;
        let token = Self { kind, bytes: Secret::new(bytes) };
        // Lower case only: there is one text for one token.
        if token.text().reveal() == text { Ok(token) } else { Err(NotAToken) }
    }

    /// The text form, to be shown once.
    pub fn text(&self) -> Secret<String> {
        let mut text = String::with_capacity(PREFIX_CHARS + BODY_CHARS + CHECKSUM_CHARS);
        text.push_str(self.kind.prefix());
        BASE32_NOPAD.encode_append(self.bytes.reveal(), &mut text);
        text[PREFIX_CHARS..].make_ascii_lowercase();
        let sum = checksum(&text);
        text.push_str(&sum);
        Secret::new(text)
    }

    /// The last four characters before the checksum, by which its owner recognises it.
    pub fn last_four(&self) -> String {
        let end = PREFIX_CHARS + BODY_CHARS;
        self.text().reveal()[end - 4..end].to_owned()
    }

    /// What is stored.
    pub fn hash(&self, keys: &BoundKeys) -> [u8; 32] {
        keys.token_hash(self.bytes.reveal())
    }

    /// Whether this is the token of a stored hash; in constant time.
    pub fn has_hash(&self, keys: &BoundKeys, stored: &[u8]) -> bool {
        self.hash(keys).as_slice().ct_eq(stored).into()
    }
}

/// A new REST key: 32 lower-case base32 characters (160 bits). Public: it names the secret.
pub fn mint_rest_key(ids: &Ids) -> String {
    BASE32_NOPAD.encode(&ids.bytes::<20>()).to_ascii_lowercase()
}

fn checksum(signed: &str) -> String {
    BASE32_NOPAD.encode(&crc32fast::hash(signed.as_bytes()).to_be_bytes()).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;

    #[test]
    fn a_token_reads_back_to_the_same_hash() {
        let ids = Ids::seeded(1);
        let keys = Keyring::generate(&ids).bind(ids.v4());
        let minted = Token::mint(TokenKind::Session, &ids);
        let text = minted.text();
        assert_eq!(text.reveal().len(), 63);
        assert!(text.reveal().starts_with("dpt_"));
        let parsed = Token::parse(TokenKind::Session, text.reveal()).ok().unwrap();
        assert!(parsed.has_hash(&keys, &minted.hash(&keys)));
        assert!(!Token::mint(TokenKind::Session, &ids).has_hash(&keys, &minted.hash(&keys)));
    }

    #[test]
    fn every_changed_character_is_refused_without_storage() {
        let text = Token::mint(TokenKind::ApiSecret, &Ids::seeded(2)).text();
        for at in 0..text.reveal().len() {
            let mut changed = text.reveal().clone();
            let other = if changed.as_bytes()[at] == b'a' { "b" } else { "a" };
            changed.replace_range(at..=at, other);
            assert!(Token::parse(TokenKind::ApiSecret, &changed).is_err(), "at {at}");
        }
        assert!(Token::parse(TokenKind::Session, text.reveal()).is_err());
        assert!(Token::parse(TokenKind::ApiSecret, &text.reveal().to_uppercase()).is_err());
        assert!(Token::parse(TokenKind::ApiSecret, "dps_é").is_err());
    }

    #[test]
    fn a_rest_key_has_32_lower_case_characters() {
        let key = mint_rest_key(&Ids::seeded(3));
        assert_eq!(key.len(), 32);
        assert!(key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }
}
