//! The second factor of staff: time-based one-time passwords (RFC 6238) with SHA-1, six digits, 30 seconds,
//! one step of tolerance either way: what every authenticator app can do.

use crate::{
    ids::Ids,
    keyring::{BoundKeys, TransientError},
    secret::Secret,
};
use chrono::{DateTime, Utc};
use domain::ids::CredentialId;
use totp_rs::{Algorithm, Builder, Totp};

const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_S: u64 = 30;
const SKEW_STEPS: u16 = 1;
const ROW: &str = "second factor";

/// Issuer or account name can't stand in an `otpauth` URL, which parts them by a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a label of a second factor holds no colon and is not empty")]
pub struct InvalidLabel;

/// The secret shared with an authenticator app.
pub struct SecondFactor(Secret<[u8; SECRET_BYTES]>);

impl SecondFactor {
    /// A new secret of 160 bits (RFC 4226, section 4).
    pub fn generate(ids: &Ids) -> Self {
        Self(Secret::new(ids.bytes()))
    }

    /// Sealed for its row in side state.
    pub fn seal(&self, keys: &BoundKeys, ids: &Ids, credential: CredentialId) -> Vec<u8> {
        keys.seal_transient(ids, ROW, credential.uuid().as_bytes(), self.0.reveal())
    }

    /// Opens what [`seal`](Self::seal) made for the same credential.
    pub fn open(keys: &BoundKeys, credential: CredentialId, sealed: &[u8]) -> Result<Self, TransientError> {
        let clear = keys.open_transient(ROW, credential.uuid().as_bytes(), sealed)?;
        let secret = <[u8; SECRET_BYTES]>::try_from(clear.as_slice()).map_err(|_| TransientError)?;
        Ok(Self(Secret::new(secret)))
    }

    /// What an authenticator app reads; it holds the secret and is shown once.
    pub fn otpauth_url(&self, issuer: &str, account: &str) -> Result<Secret<String>, InvalidLabel> {
        let builder = self.builder().with_issuer(Some(issuer)).with_account_name(account);
        // The crate's errors quote the label, which is an address.
        let url = builder.build().ok().and_then(|totp| totp.to_url().ok());
        url.map(Secret::new).ok_or(InvalidLabel)
    }

    /// The step whose code this is, when it is one of now. The caller must refuse a step that was used
    /// before: see [`advance_totp`](crate::side_state::SideState::advance_totp).
    pub fn matching_step(&self, typed: &str, now: DateTime<Utc>) -> Option<u64> {
        let digits: Secret<String> = Secret::new(typed.chars().filter(|c| !c.is_whitespace()).collect());
        self.totp().check(digits.reveal(), seconds(now))
    }

    /// The code an authenticator app shows at an instant.
    pub fn code_at(&self, now: DateTime<Utc>) -> Secret<String> {
        Secret::new(self.totp().generate(seconds(now)).to_string())
    }

    fn totp(&self) -> Totp {
        self.builder().build_noncompliant()
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_S)
            .with_skew(SKEW_STEPS)
            .with_secret(self.0.reveal().to_vec())
    }
}

fn seconds(now: DateTime<Utc>) -> u64 {
    u64::try_from(now.timestamp()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;
    use chrono::TimeDelta;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let factor = SecondFactor(Secret::new(*b"12345678901234567890"));
        // The last six of the eight digits printed there.
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(factor.code_at(at(seconds)).reveal(), code);
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_one_step_late() {
        let factor = SecondFactor::generate(&Ids::seeded(1));
        let now = at(1_800_000_015);
        let code = factor.code_at(now);
        let step = factor.matching_step(code.reveal(), now).unwrap();
        for (seconds, expected) in [(-60, None), (-30, Some(step)), (30, Some(step)), (60, None)] {
            let then = now + TimeDelta::seconds(seconds);
            assert_eq!(factor.matching_step(code.reveal(), then), expected, "{seconds}");
        }
        let spaced = format!("{} {}", &code.reveal()[..3], &code.reveal()[3..]);
        assert_eq!(factor.matching_step(&spaced, now), Some(step));
        assert_eq!(factor.matching_step("", now), None);
        assert_eq!(factor.matching_step("+12345", now), None);
    }

    #[test]
    fn a_secret_opens_for_its_credential_only() {
        let ids = Ids::seeded(1);
        let keys = Keyring::generate(&ids).bind(ids.v4());
        let (mine, theirs) = (CredentialId::from_uuid(ids.v4()), CredentialId::from_uuid(ids.v4()));
        let factor = SecondFactor::generate(&ids);
        let sealed = factor.seal(&keys, &ids, mine);
        let opened = SecondFactor::open(&keys, mine, &sealed).ok().unwrap();
        assert_eq!(opened.code_at(at(60)).reveal(), factor.code_at(at(60)).reveal());
        assert_eq!(SecondFactor::open(&keys, theirs, &sealed).err(), Some(TransientError));
    }

    #[test]
    fn an_authenticator_app_reads_issuer_account_and_secret() {
        let factor = SecondFactor(Secret::new(*b"12345678901234567890"));
        let url = factor.otpauth_url("Developer Portal", "mo@staff.example").ok().unwrap();
        assert_eq!(
            url.reveal(),
            "otpauth://totp/Developer%20Portal:mo%40staff.example\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Developer%20Portal"
        );
        assert_eq!(factor.otpauth_url("a:b", "x").err(), Some(InvalidLabel));
        assert_eq!(factor.otpauth_url("a", "").err(), Some(InvalidLabel));
    }
}
