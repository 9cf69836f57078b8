//! Return paths that name the mail they belong to: `bounce+<token>@<bounce domain>`, where the token is the intent's
//! id and a keyed hash of it, so that nobody can make up a bounce of a mail they have not seen.

use data_encoding::BASE32_NOPAD;
use domain::ids::IntentId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What stands before the token.
const PREFIX: &str = "bounce+";
/// Says what the key is used for here, so that a hash made for something else never verifies.
const LABEL: &[u8] = b"devportal/1 return path";
const ID_BYTES: usize = 16;
/// 112 bits: with the id they fill base32 without a loose bit, so each token has one spelling but for letter case.
const MAC_BYTES: usize = 14;
/// Longest host name (RFC 1035, section 2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;

/// The bounce domain is no host name in ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bounce domain is given as a host name of letters, digits, dots and hyphens")]
pub struct InvalidBounceDomain;

/// Why an envelope recipient is not one of our return paths. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// Another domain, or not `bounce+…`.
    #[error("not a return path of ours")]
    NotOurs,
    /// No base32 of the right length.
    #[error("not of the form of a token")]
    Malformed,
    /// A token, but not made with our key.
    #[error("a token that was not made here")]
    Forged,
}

/// Makes and checks return paths. Cheap to make; without `Debug`, because it holds a key.
#[derive(Clone)]
pub struct ReturnPaths {
    key: Zeroizing<[u8; 32]>,
    domain: String,
    second_domain: Option<String>,
}

impl ReturnPaths {
    /// With a key of 32 bytes that is used for nothing else, and the domain whose mail comes to us.
    pub fn new(key: Zeroizing<[u8; 32]>, domain: &str) -> Result<Self, InvalidBounceDomain> {
        Ok(Self { key, domain: host(domain)?, second_domain: None })
    }

    /// Mails of rotated senders come back to this domain, so that nothing of them is as usual.
    pub fn with_second(mut self, domain: &str) -> Result<Self, InvalidBounceDomain> {
        self.second_domain = Some(host(domain)?);
        Ok(self)
    }

    /// The domain whose mail comes to us, in lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The return path of a mail: a local part of 55 bytes (RFC 5321, 4.5.3.1.1 allows 64), in lower case, because
    /// some servers make it so.
    pub fn mint(&self, intent: IntentId) -> String {
        self.at(&self.domain, intent)
    }

    /// The same for a mail of a rotated sender.
    pub fn mint_rotated(&self, intent: IntentId) -> String {
        self.at(self.second_domain.as_ref().unwrap_or(&self.domain), intent)
    }

    fn at(&self, domain: &str, intent: IntentId) -> String {
        let hash = self.mac(intent).finalize().into_bytes();
        let mut token = [0; ID_BYTES + MAC_BYTES];
        token[..ID_BYTES].copy_from_slice(intent.uuid().as_bytes());
        token[ID_BYTES..].copy_from_slice(&hash[..MAC_BYTES]);
        let token = BASE32_NOPAD.encode(&token).to_ascii_lowercase();
        format!("{PREFIX}{token}@{domain}")
    }

    /// Which mail an envelope recipient belongs to, in any letter case. The hash is compared in constant time.
    pub fn verify(&self, recipient: &str) -> Result<IntentId, TokenError> {
        let (local, domain) = recipient.rsplit_once('@').ok_or(TokenError::NotOurs)?;
        let (prefix, token) = local.split_at_checked(PREFIX.len()).ok_or(TokenError::NotOurs)?;
        let is_ours = [Some(&self.domain), self.second_domain.as_ref()]
            .into_iter()
            .flatten()
            .any(|ours| domain.eq_ignore_ascii_case(ours));
        if !is_ours || !prefix.eq_ignore_ascii_case(PREFIX) {
            return Err(TokenError::NotOurs);
        }
        if token.len() != BASE32_NOPAD.encode_len(ID_BYTES + MAC_BYTES) {
            return Err(TokenError::Malformed);
        }
        let token =
            BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).map_err(|_| TokenError::Malformed)?;
        let (id, hash) = token.split_at(ID_BYTES);
        let intent = IntentId::from_uuid(Uuid::from_slice(id).map_err(|_| TokenError::Malformed)?);
        self.mac(intent).verify_truncated_left(hash).map_err(|_| TokenError::Forged)?;
        Ok(intent)
    }

    fn mac(&self, intent: IntentId) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_slice()).expect("any length is a key");
        mac.update(LABEL);
        mac.update(intent.uuid().as_bytes());
        mac
    }
}

/// A host name in lower case.
fn host(domain: &str) -> Result<String, InvalidBounceDomain> {
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if domain.is_empty() || domain.len() > DOMAIN_BYTES_MAX || !domain.bytes().all(of_host) {
        return Err(InvalidBounceDomain);
    }
    Ok(domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paths(key: u8) -> ReturnPaths {
        ReturnPaths::new(Zeroizing::new([key; 32]), "bounces.portal.example").unwrap()
    }

    fn intent(number: u128) -> IntentId {
        IntentId::from_uuid(Uuid::from_u128(number))
    }

    proptest! {
        #[test]
        fn what_was_minted_verifies_in_any_letter_case(number: u128, upper: bool) {
            let path = paths(1).mint(intent(number));
            prop_assert!(path.split('@').next().is_some_and(|local| local.len() <= 64));
            let path = if upper { path.to_ascii_uppercase() } else { path };
            prop_assert_eq!(paths(1).verify(&path), Ok(intent(number)));
        }

        #[test]
        fn a_flipped_bit_never_verifies(number: u128, bit in 0_usize..(ID_BYTES + MAC_BYTES) * 8) {
            let path = paths(1).mint(intent(number)).to_ascii_uppercase();
            let token = &path[PREFIX.len()..path.find('@').unwrap()];
            let mut bytes = BASE32_NOPAD.decode(token.as_bytes()).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let forged = format!("{PREFIX}{}@bounces.portal.example", BASE32_NOPAD.encode(&bytes));
            prop_assert_eq!(paths(1).verify(&forged), Err(TokenError::Forged));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}", tail in "[a-z2-7=]{40,56}") {
            prop_assert!(paths(1).verify(&text).is_err());
            let forged = format!("bounce+{tail}@bounces.portal.example");
            prop_assert!(paths(1).verify(&forged).is_err());
        }
    }

    #[test]
    fn another_key_domain_prefix_or_length_is_not_ours() {
        let path = paths(1).mint(intent(7));
        assert_eq!(paths(2).verify(&path), Err(TokenError::Forged));
        assert_eq!(paths(1).verify(&format!("{path}.example")), Err(TokenError::NotOurs));
        assert_eq!(paths(1).verify(&path.replace("bounce+", "reply+")), Err(TokenError::NotOurs));
        assert_eq!(paths(1).verify(&path.replace('@', "aaaaaaaa@")), Err(TokenError::Malformed));
        assert_eq!(paths(1).verify("bounce+@bounces.portal.example"), Err(TokenError::Malformed));
        assert_eq!(paths(1).verify("bounce+"), Err(TokenError::NotOurs));
    }

    #[test]
    fn a_bounce_domain_is_a_host_name() {
        for bad in ["", "bounces portal", "a@b", "bücher.example", "a\r\nb"] {
            assert!(ReturnPaths::new(Zeroizing::new([1; 32]), bad).is_err());
        }
        let paths = ReturnPaths::new(Zeroizing::new([1; 32]), "Bounces.Portal.example").unwrap();
        assert_eq!(paths.domain(), "bounces.portal.example");
    }
}
