//! Codes in mails: eight base32 characters (RFC 4648), the first 40 bits of a keyed hash over everything
//! the code is good for. Nothing is stored to make or check one; side state counts tries and use
//! (see `side_state`).

use crate::{keyring::BoundKeys, secret::Secret};
use chrono::TimeDelta;
use data_encoding::BASE32_NOPAD;
use domain::{
    ids::{IntentId, ProdAccountId, SignUpId},
    sealed::Fingerprint,
};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// Tries per code, right ones included.
pub const TRIES_MAX: u32 = 10;
/// How long a sign-up waits for its code.
pub const SIGN_UP_LIFE: TimeDelta = TimeDelta::minutes(15);

const CODE_CHARS: usize = 8;

/// Everything a code is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    purpose: &'static str,
    /// The mail's intent, or the sign-up; tries and use are counted under it.
    pub id: Uuid,
    account: Uuid,
    address: Fingerprint,
    /// Which declaration of the address; 0 where there is one only.
    epoch: u32,
}

impl Challenge {
    /// Proof of the address of a sign-up.
    pub fn sign_up(sign_up: SignUpId, address: Fingerprint) -> Self {
        Self { purpose: "sign up", id: sign_up.uuid(), account: sign_up.uuid(), address, epoch: 0 }
    }

    /// Proof of the contact of a production account, declared for the `epoch`-th time.
    pub fn contact(intent: IntentId, account: ProdAccountId, address: Fingerprint, epoch: u32) -> Self {
        Self { purpose: "contact", id: intent.uuid(), account: account.uuid(), address, epoch }
    }

    /// The code as it stands in the mail: `ABCD-EFGH`.
    pub fn code(&self, keys: &BoundKeys) -> Secret<String> {
        let code = self.characters(keys);
        let (left, right) = code.reveal().split_at(CODE_CHARS / 2);
        Secret::new(format!("{left}-{right}"))
    }

    /// Whether a typed code is this one: in any letter case, with or without hyphen and blanks. The
    /// comparison takes the same time for every wrong code.
    pub fn matches(&self, keys: &BoundKeys, typed: &str) -> bool {
        let typed = typed.chars().filter(|c| *c != '-' && !c.is_whitespace()).take(CODE_CHARS + 1);
        let typed = Secret::new(typed.map(|c| c.to_ascii_uppercase()).collect::<String>());
        self.characters(keys).reveal().as_bytes().ct_eq(typed.reveal().as_bytes()).into()
    }

    fn characters(&self, keys: &BoundKeys) -> Secret<String> {
        let epoch = self.epoch.to_be_bytes();
        let parts: [&[u8]; 5] =
            [self.purpose.as_bytes(), self.id.as_bytes(), self.account.as_bytes(), &self.address.0, &epoch];
        let hash = keys.code_mac(&parts);
        Secret::new(BASE32_NOPAD.encode(&hash[..5]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::Ids, keyring::Keyring};

    fn setup() -> (BoundKeys, IntentId, ProdAccountId) {
        let ids = Ids::seeded(1);
        let keys = Keyring::generate(&ids).bind(ids.v4());
        (keys, IntentId::from_uuid(ids.v4()), ProdAccountId::from_uuid(ids.v4()))
    }

    #[test]
    fn a_code_is_accepted_however_it_is_typed() {
        let (keys, intent, account) = setup();
        let challenge = Challenge::contact(intent, account, Fingerprint([1; 32]), 1);
        let code = challenge.code(&keys);
        let code = code.reveal();
        assert_eq!((code.len(), &code[4..5]), (9, "-"));
        assert!(challenge.matches(&keys, code));
        assert!(challenge.matches(&keys, &code.to_lowercase().replace('-', "")));
        assert!(challenge.matches(&keys, &format!("  {} {}\t", &code[..4], &code[5..])));
        assert!(!challenge.matches(&keys, &format!("{code}A")));
        assert!(!challenge.matches(&keys, &code[..8]));
        assert!(!challenge.matches(&keys, ""));
    }

    #[test]
    fn a_code_is_bound_to_purpose_intent_account_address_and_declaration() {
        let (keys, intent, account) = setup();
        let address = Fingerprint([1; 32]);
        let challenge = Challenge::contact(intent, account, address, 1);
        let code = challenge.code(&keys);
        let others = [
            Challenge::contact(IntentId::from_uuid(account.uuid()), account, address, 1),
            Challenge::contact(intent, ProdAccountId::from_uuid(intent.uuid()), address, 1),
            Challenge::contact(intent, account, Fingerprint([2; 32]), 1),
            Challenge::contact(intent, account, address, 2),
            Challenge { purpose: "sign up", ..challenge },
        ];
        for other in others {
            assert!(!other.matches(&keys, code.reveal()));
        }
    }
}
