//! The keyring: one TOML file, mode 0600, kept outside the databases and backed up apart from them. Its
//! keys are bound to one log before use, so that a hash from one portal says nothing about another.

mod bound;
mod file;

use crate::{ids::Ids, secret::Secret};
use std::{collections::BTreeMap, path::PathBuf};

pub use bound::{BoundKeys, Fingerprinted, TransientError};

/// Bytes of every key.
pub const KEY_BYTES: usize = 32;

/// One key; wiped when dropped.
pub(crate) type Key = Secret<[u8; KEY_BYTES]>;

/// Keys as they stand in the file.
pub struct Keyring {
    /// Wraps the keys of new subjects.
    newest: Wrapping,
    /// Wrapped the keys of earlier subjects, by generation.
    older: BTreeMap<u32, Key>,
    /// Names the streams of claims. Never rotated: every claim would be lost.
    claim: Key,
    /// Fingerprints addresses and mail domains, and requests. Never rotated, like the claim key.
    fingerprint: Key,
    /// Makes the codes in mails.
    code: Key,
    /// Derives ids from command ids, so that a replay finds itself.
    id: Key,
    /// Hashes session tokens and API secrets.
    token: Key,
    /// Seals what waits in side state: sign-ups, mails, second factors.
    side_state: Key,
}

/// A wrapping key and its generation, from 1.
struct Wrapping {
    generation: u32,
    key: Key,
}

/// What a check of a keyring found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringReport {
    /// Generations of wrapping keys, oldest first.
    pub generations: Vec<u32>,
    /// The generation that wraps what is new.
    pub newest: u32,
}

/// Why a keyring can't be used. Never quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file can't be read or written.
    #[error("the keyring {path} cannot be {attempt}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        attempt: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error("the keyring {path} has mode {mode:04o}; only its owner may read it: chmod 0600")]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text has another form. The parser's message is left out: it quotes lines.
    #[error("the keyring {path} is not a keyring of format 1: {problem}")]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, without any value.
        problem: &'static str,
    },
}

impl Keyring {
    /// New keys, wrapping generation 1.
    pub fn generate(ids: &Ids) -> Self {
        let key = || Secret::new(ids.bytes());
        Self {
            newest: Wrapping { generation: 1, key: key() },
            older: BTreeMap::new(),
            claim: key(),
            fingerprint: key(),
            code: key(),
            id: key(),
            token: key(),
            side_state: key(),
        }
    }

    /// Adds a wrapping key; older ones stay, for what they wrapped. Returns its generation.
    pub fn add_generation(&mut self, ids: &Ids) -> u32 {
        let generation = self.newest.generation + 1;
        let newest = Wrapping { generation, key: Secret::new(ids.bytes()) };
        let before = std::mem::replace(&mut self.newest, newest);
        self.older.insert(before.generation, before.key);
        generation
    }

    /// What is in it, without any key.
    pub fn check(&self) -> KeyringReport {
        KeyringReport {
            generations: self.older.keys().copied().chain([self.newest.generation]).collect(),
            newest: self.newest.generation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::CommandId;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_written_keyring_loads_to_the_same_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.toml");
        let ids = Ids::seeded(1);
        let keyring = Keyring::generate(&ids);
        keyring.write_new(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let loaded = Keyring::load(&path).unwrap();
        let log = ids.v4();
        let command = CommandId::from_uuid(ids.v4());
        let (one, other) = (keyring.bind(log), loaded.bind(log));
        assert_eq!(one.claim_hash("name", b"acme"), other.claim_hash("name", b"acme"));
        assert_eq!(one.derived_id(command, "group"), other.derived_id(command, "group"));
        assert_eq!(one.token_hash(&[3; 32]), other.token_hash(&[3; 32]));
        assert_eq!(loaded.check(), KeyringReport { generations: vec![1], newest: 1 });
    }

    #[test]
    fn an_existing_keyring_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.toml");
        Keyring::generate(&Ids::seeded(1)).write_new(&path).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(
            Keyring::generate(&Ids::seeded(2)).write_new(&path),
            Err(KeyringError::File { attempt: "written", .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_keyring_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.toml");
        Keyring::generate(&Ids::seeded(1)).write_new(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o622] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = Keyring::load(&path).err().unwrap();
            assert!(matches!(error, KeyringError::Permissions { mode: found, .. } if found == mode));
            assert!(error.to_string().contains("chmod 0600"), "{error}");
        }
    }

    #[test]
    fn a_damaged_keyring_is_refused_without_quoting_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.toml");
        Keyring::generate(&Ids::seeded(1)).write_new(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let key = text.lines().find_map(|line| line.strip_prefix("claim = \"")).unwrap()[..20].to_owned();
        for (from, to) in
            [("format = 1", "format = 2"), ("claim = ", "clam = "), (&key[..2], ""), ("= 1\nkey", "= 0\nkey")]
        {
            std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let error = Keyring::load(&path).err().unwrap();
            assert!(matches!(error, KeyringError::Form { .. }), "{from} -> {to}");
            assert!(!format!("{error} {error:?}").contains(&key[2..]));
        }
    }

    #[test]
    fn a_new_generation_is_kept_by_replacing_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.toml");
        let ids = Ids::seeded(1);
        let mut keyring = Keyring::generate(&ids);
        keyring.write_new(&path).unwrap();
        assert_eq!(keyring.add_generation(&ids), 2);
        keyring.replace(&path).unwrap();
        let loaded = Keyring::load(&path).unwrap();
        assert_eq!(loaded.check(), KeyringReport { generations: vec![1, 2], newest: 2 });
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn keys_of_two_logs_have_nothing_in_common() {
        let ids = Ids::seeded(1);
        let keyring = Keyring::generate(&ids);
        let (one, other) = (keyring.bind(ids.v4()), keyring.bind(ids.v4()));
        let value = "ada@example.com";
        assert_ne!(
            one.fingerprint(Fingerprinted::Address, value),
            other.fingerprint(Fingerprinted::Address, value)
        );
        assert_ne!(
            one.fingerprint(Fingerprinted::Address, value),
            one.fingerprint(Fingerprinted::MailDomain, value)
        );
        assert_ne!(one.claim_hash("name", b"x"), other.claim_hash("name", b"x"));
        // Where one part ends and the next begins is part of the hash.
        assert_ne!(one.claim_hash("name", b"x"), one.claim_hash("nam", b"ex"));
    }

    #[test]
    fn an_idempotency_key_is_scoped_to_actor_and_route() {
        let ids = Ids::seeded(1);
        let keys = Keyring::generate(&ids).bind(ids.v4());
        let command = keys.command_id("developer a", "POST /v1/groups", "key");
        assert_eq!(command.uuid().get_version_num(), 8);
        assert_eq!(command, keys.command_id("developer a", "POST /v1/groups", "key"));
        assert_ne!(command, keys.command_id("developer b", "POST /v1/groups", "key"));
        assert_ne!(command, keys.command_id("developer a", "POST /v1/integrations", "key"));
        assert_eq!(keys.derived_id(command, "group").get_version_num(), 4);
        assert_ne!(keys.derived_id(command, "group"), keys.derived_id(command, "subject"));
    }

    #[test]
    fn a_transient_value_opens_only_in_its_own_row() {
        let ids = Ids::seeded(1);
        let keys = Keyring::generate(&ids).bind(ids.v4());
        let sealed = keys.seal_transient(&ids, "sign up", b"row 1", b"clear");
        assert_eq!(keys.open_transient("sign up", b"row 1", &sealed).unwrap().as_slice(), b"clear");
        assert_eq!(keys.open_transient("sign up", b"row 2", &sealed), Err(TransientError));
        assert_eq!(keys.open_transient("mail", b"row 1", &sealed), Err(TransientError));
        assert_eq!(keys.open_transient("sign up", b"row 1", &sealed[..20]), Err(TransientError));
    }
}
