//! The data directory: what is in it, who may use it, and how it comes into being.
//!
//! ```text
//! lock             held by the process that uses the directory; names it
//! store/identity   format, oldest reader and log id, written once
//! store/head       how many records are durable, see `head_file`
//! store/sled/      the records
//! store/aside/     unfinished snapshots found at opening
//! store.new/       a store being made; renamed to `store` when complete, removed when found again
//! ```

use crate::head_file::{HeadFile, HeadRecord};
use crate::lock::{DirectoryLock, Holder};
use crate::record::{FORMAT, READER};
use crate::{Now, Position, record};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{fs, fs::DirBuilder, fs::File, io, io::Write};
use uuid::Uuid;

/// Why a data directory can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another log of this process) uses the directory.
    #[error("the data directory is in use by {}", .holder.as_ref().map_or("an unknown process".to_owned(), Holder::to_string))]
    InUse {
        /// Who, when it could be read.
        holder: Option<Holder>,
    },
    /// Locks and barriers can't be relied on there.
    #[error("the data directory is on a network file system ({kind})")]
    NetworkFileSystem {
        /// Which.
        kind: &'static str,
    },
    /// Written by a later program. Nothing was touched.
    #[error("the log needs reader {min_reader}, this program is reader {READER}")]
    NewerFormat {
        /// What it asks for.
        min_reader: u16,
    },
    /// What is stored can't be what was written.
    #[error("the log is damaged{}: {what}", .position.map_or(String::new(), |at| format!(" at position {}", at.0)))]
    Damaged {
        /// First bad position, when there is one.
        position: Option<Position>,
        /// In what way.
        what: String,
    },
    /// Durable records are missing at the end.
    #[error("the log ends at position {}, but {} was durable", .log.0, .head.0)]
    Shortened {
        /// As noted outside the store.
        head: Position,
        /// As found.
        log: Position,
    },
    /// The tables of a shared log were made by a later program. Nothing was touched.
    #[error("the log's tables have schema {found}, this program knows up to {known}")]
    NewerSchema {
        /// In the database.
        found: i64,
        /// In the program.
        known: i64,
    },
    /// The database of a shared log can't be used.
    #[error("the log's database can't be used")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system refused.
    #[error("{what} failed")]
    Io {
        /// Doing what.
        what: &'static str,
        /// Its reason.
        #[source]
        source: io::Error,
    },
}

pub(crate) fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io { what, source }
}

/// A directory held by this process.
pub(crate) struct Directory {
    pub(crate) root: PathBuf,
    pub(crate) lock: DirectoryLock,
}

impl Directory {
    /// Makes the directory if need be and takes its lock.
    pub(crate) fn hold(root: &Path, now: &Now) -> Result<Self, OpenError> {
        let root = std::path::absolute(root).map_err(io_error("finding the data directory"))?;
        if !root.is_dir() {
            let created = DirBuilder::new().recursive(true).mode(0o700).create(&root);
            created.map_err(io_error("creating the data directory"))?;
            if let Some(parent) = root.parent() {
                sync_dir(parent).map_err(io_error("making the data directory durable"))?;
            }
        }
        refuse_network_file_system(&root)?;
        Store::in_dir(&root).log_id()?;
        let lock = DirectoryLock::take(&root, now)?;
        Ok(Self { root, lock })
    }

    pub(crate) fn store(&self) -> Store {
        Store::in_dir(&self.root)
    }

    /// Makes a store beside its place, and moves it there when `fill` is done and all of it is durable. `fill`
    /// gets an empty store and answers with its head.
    pub(crate) fn create<E: From<OpenError>>(
        &self,
        log_id: Uuid,
        fill: impl FnOnce(&Store) -> Result<HeadRecord, E>,
    ) -> Result<(), E> {
        let scratch = Store { path: self.root.join("store.new") };
        if scratch.path.exists() {
            fs::remove_dir_all(&scratch.path).map_err(io_error("removing an unfinished store"))?;
        }
        let made = fs::create_dir(&scratch.path).and_then(|()| fs::create_dir(scratch.sled()));
        made.map_err(io_error("creating the store"))?;
        let head = fill(&scratch)?;
        Identity { min_reader: READER, log_id }
            .write(&scratch.path)
            .and_then(|()| HeadFile::create(&scratch.head(), head))
            .and_then(|()| sync_tree(&scratch.path))
            .and_then(|()| fs::rename(&scratch.path, &self.store().path))
            .and_then(|()| sync_dir(&self.root))
            .map_err(io_error("completing the store"))?;
        Ok(())
    }
}

/// The paths within a store.
pub(crate) struct Store {
    path: PathBuf,
}

impl Store {
    pub(crate) fn in_dir(root: &Path) -> Self {
        Self { path: root.join("store") }
    }

    /// Which log it is, if there is one that this program can read.
    pub(crate) fn log_id(&self) -> Result<Option<Uuid>, OpenError> {
        match Identity::read(&self.path)? {
            Some(Identity { min_reader, .. }) if min_reader > READER => {
                Err(OpenError::NewerFormat { min_reader })
            }
            identity => Ok(identity.map(|identity| identity.log_id)),
        }
    }

    pub(crate) fn sled(&self) -> PathBuf {
        self.path.join("sled")
    }

    pub(crate) fn head(&self) -> PathBuf {
        self.path.join("head")
    }

    pub(crate) fn head_record(&self) -> Result<HeadRecord, OpenError> {
        HeadFile::read(&self.head()).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::NotFound => {
                OpenError::Damaged { position: None, what: "there is no whole head record".to_owned() }
            }
            _ => io_error("reading the head record")(error),
        })
    }

    /// A kill while sled opens can leave a snapshot it began to write, which it then takes for a finished one
    /// and refuses to open ever after. Finished snapshots have no such suffix and stay.
    pub(crate) fn move_leftovers_aside(&self) -> Result<(), OpenError> {
        let moving = || -> io::Result<()> {
            let aside = self.path.join("aside");
            for entry in fs::read_dir(self.sled())? {
                let name = entry?.file_name();
                let text = name.to_string_lossy();
                if text.starts_with("snap.") && text.ends_with(".generating") {
                    if aside.exists() {
                        fs::remove_dir_all(&aside)?;
                    }
                    fs::create_dir(&aside)?;
                    fs::rename(self.sled().join(&name), aside.join(&name))?;
                    tracing::warn!(file = %text, "moved an unfinished snapshot aside");
                }
            }
            Ok(())
        };
        moving().map_err(io_error("moving unfinished snapshots aside"))
    }
}

/// Before the first record: nothing is durable yet.
pub(crate) fn head_of_empty(log_id: Uuid) -> HeadRecord {
    HeadRecord { position: Position(0), hash: record::genesis_hash(log_id), is_end: false }
}

/// Written once; read before anything else is touched.
struct Identity {
    min_reader: u16,
    log_id: Uuid,
}

impl Identity {
    fn write(&self, store: &Path) -> io::Result<()> {
        let Self { min_reader, log_id } = self;
        let mut file = File::options().write(true).create_new(true).open(store.join("identity"))?;
        writeln!(file, "format {FORMAT}\nmin_reader {min_reader}\nlog_id {log_id}")
    }

    fn read(store: &Path) -> Result<Option<Self>, OpenError> {
        let text = match fs::read_to_string(store.join("identity")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !store.exists() => return Ok(None),
            Err(error) => return Err(io_error("reading the log's identity")(error)),
        };
        let field = |name| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let min_reader = field("min_reader").and_then(|text| text.parse().ok());
        let log_id = field("log_id").and_then(|text| text.parse().ok());
        match (min_reader, log_id) {
            // A later program may say who it is in another form, but keeps this line.
            (Some(min_reader), None) if min_reader > READER => Err(OpenError::NewerFormat { min_reader }),
            (Some(min_reader), Some(log_id)) => Ok(Some(Self { min_reader, log_id })),
            _ => Err(OpenError::Damaged { position: None, what: "the identity is malformed".to_owned() }),
        }
    }
}

/// Type numbers as in statfs(2).
const NETWORK_FILE_SYSTEMS: [(u64, &str); 12] = [
    (0x0000_6969, "nfs"),
    (0x0000_517b, "smb"),
    (0xfe53_4d42, "smb2"),
    (0xff53_4d42, "cifs"),
    (0x00c3_6400, "ceph"),
    (0x5346_414f, "afs"),
    (0x0102_1997, "9p"),
    (0x7375_7245, "coda"),
    (0x4750_4653, "gpfs"),
    (0x0bd0_0bd0, "lustre"),
    (0x7461_636f, "ocfs2"),
    (0x0116_1970, "gfs2"),
];

fn refuse_network_file_system(dir: &Path) -> Result<(), OpenError> {
    let stat = rustix::fs::statfs(dir);
    let stat = stat.map_err(|errno| io_error("asking for the file system")(errno.into()))?;
    #[expect(clippy::cast_sign_loss, reason = "the type is a bit pattern of 32 bits")]
    let kind = stat.f_type as u64 & 0xffff_ffff;
    match NETWORK_FILE_SYSTEMS.iter().find(|(number, _)| *number == kind) {
        Some((_, kind)) => Err(OpenError::NetworkFileSystem { kind }),
        None => Ok(()),
    }
}

/// Whether a device, or what of it this user may have, has no space left.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Free bytes on the device of a directory, as an unprivileged process may use them.
pub(crate) fn free_bytes(dir: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(dir)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}
