//! The keyring's file: form, permissions, durability.

use super::{KEY_BYTES, Key, Keyring, KeyringError, Wrapping};
use crate::secret::Secret;
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};
use zeroize::Zeroizing;

const FORMAT: u32 = 1;
const FILE_BYTES_MAX: u64 = 64 * 1024;
const MODE: u32 = 0o600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    keys: StoredKeys,
    wrapping: Vec<StoredWrapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKeys {
    claim: StoredKey,
    fingerprint: StoredKey,
    code: StoredKey,
    id: StoredKey,
    token: StoredKey,
    side_state: StoredKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWrapping {
    generation: u32,
    key: StoredKey,
}

/// 32 bytes in base64.
struct StoredKey(Key);

impl<'de> Deserialize<'de> for StoredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = BASE64.decode(text.as_bytes()).map(Zeroizing::new);
        let key = bytes.ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok());
        key.map(|key| Self(Secret::new(key))).ok_or_else(|| D::Error::custom("expected 32 bytes in base64"))
    }
}

impl Keyring {
    /// Writes a new file; an existing one is never touched. Durable when Ok.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyringError> {
        let failed = failure(path, "written");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(MODE);
        let mut file = options.open(path).map_err(&failed)?;
        // The umask can only take bits away; set the mode all the same, for file systems with defaults.
        file.set_permissions(std::fs::Permissions::from_mode(MODE)).map_err(&failed)?;
        refuse_if_shared(&file, path)?;
        file.write_all(self.to_toml().as_bytes()).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        sync_parent(path).map_err(&failed)
    }

    /// Puts this keyring in the place of an older one, in one step. Durable when Ok.
    pub fn replace(&self, path: &Path) -> Result<(), KeyringError> {
        let beside = path.with_extension("toml.new");
        let failed = failure(path, "replaced");
        match std::fs::remove_file(&beside) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        self.write_new(&beside)?;
        std::fs::rename(&beside, path).map_err(&failed)?;
        sync_parent(path).map_err(&failed)
    }

    /// Reads a keyring. A file that others may read is refused: its keys count as known.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let failed = failure(path, "read");
        let file = File::open(path).map_err(&failed)?;
        refuse_if_shared(&file, path)?;
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(&failed)?;
        Self::from_toml(&text).map_err(|problem| KeyringError::Form { path: path.to_owned(), problem })
    }

    fn from_toml(text: &str) -> Result<Self, &'static str> {
        let stored: Stored = toml::from_str(text)
            .map_err(|_| "a key is missing, repeated, unknown or not 32 bytes in base64")?;
        if stored.format != FORMAT {
            return Err("its format number is another");
        }
        let count = stored.wrapping.len();
        let mut older: BTreeMap<u32, Key> =
            stored.wrapping.into_iter().map(|one| (one.generation, one.key.0)).collect();
        let each_once = older.len() == count && !older.contains_key(&0);
        let newest = older.pop_last().filter(|_| each_once);
        let (generation, key) = newest.ok_or("it needs wrapping keys with generations from 1, each once")?;
        let StoredKeys { claim, fingerprint, code, id, token, side_state } = stored.keys;
        Ok(Self {
            newest: Wrapping { generation, key },
            older,
            claim: claim.0,
            fingerprint: fingerprint.0,
            code: code.0,
            id: id.0,
            token: token.0,
            side_state: side_state.0,
        })
    }

    fn to_toml(&self) -> Zeroizing<String> {
        let named = [
            ("claim", &self.claim),
            ("fingerprint", &self.fingerprint),
            ("code", &self.code),
            ("id", &self.id),
            ("token", &self.token),
            ("side_state", &self.side_state),
        ];
        // One allocation of enough size: growing would leave copies of keys behind.
        let mut text = Zeroizing::new(String::with_capacity(1024 + self.older.len() * 128));
        text.push_str("# Keys of a portal. Whoever has this file can read sealed personal data.\n");
        text.push_str("# Keep it, and its back-ups, apart from the data directory.\n");
        push_line(&mut text, format_args!("format = {FORMAT}\n\n[keys]"));
        for (name, key) in named {
            let encoded = Zeroizing::new(BASE64.encode(key.reveal()));
            push_line(&mut text, format_args!("{name} = \"{}\"", *encoded));
        }
        for (generation, key) in self.older.iter().chain([(&self.newest.generation, &self.newest.key)]) {
            let encoded = Zeroizing::new(BASE64.encode(key.reveal()));
            push_line(
                &mut text,
                format_args!("\n[[wrapping]]\ngeneration = {generation}\nkey = \"{}\"", *encoded),
            );
        }
        text
    }
}

#[expect(clippy::expect_used, reason = "writing into a String has no way to fail")]
fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a String takes every write");
}

fn failure(path: &Path, attempt: &'static str) -> impl Fn(std::io::Error) -> KeyringError {
    move |source| KeyringError::File { path: path.to_owned(), attempt, source }
}

fn refuse_if_shared(file: &File, path: &Path) -> Result<(), KeyringError> {
    let mode = file.metadata().map_err(failure(path, "examined"))?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Permissions { path: path.to_owned(), mode });
    }
    Ok(())
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
