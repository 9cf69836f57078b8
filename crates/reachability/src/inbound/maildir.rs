//! A Maildir folder that the operator's mail server delivers bounces to.
//!
//! A mail that was dealt with moves from `new/` to `cur/` with the flag for "seen"; what cannot be read as one moves to
//! `aside/`. Nothing is ever deleted or written over: how long mails are kept is the operator's to say.

use super::{Came, Handler, hand_on};
use crate::dsn::{self, DsnError, MAIL_BYTES_MAX, ReturnPaths};
use rustix::fs::{Mode, OFlags};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// Mails looked at in one turn.
pub const MAILS_PER_TURN: usize = 50;
/// Names read of a folder in one turn.
const NAMES_MAX: usize = 10_000;
/// Names tried for a file that is moved to where one of its name lies.
const NAMES_TRIED: usize = 16;

/// Why the folder can't be used. Holds no name of a mail.
#[derive(Debug, thiserror::Error)]
pub enum MaildirError {
    /// `new` or `cur` is missing, or is no folder.
    #[error("not a Maildir: {0} is no folder")]
    NoFolder(&'static str),
    /// The folder can't be read or written to.
    #[error("the Maildir can't be used")]
    Io(#[from] io::Error),
}

/// What one turn did. Counts of mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Reports that the handler took.
    pub reports: usize,
    /// Mails that were no reports on mails of ours.
    pub ignored: usize,
    /// Files put aside: too big, not readable, or no regular files.
    pub aside: usize,
    /// Mails that stay where they are and come again: the handler could not take them, or they could not be moved.
    pub kept: usize,
    /// Whether more mails wait and none had to stay, so that the next turn may begin at once.
    pub has_more: bool,
}

/// A Maildir. Several processes may poll the same one: a mail then may be handed on twice.
pub struct Maildir {
    root: PathBuf,
    paths: ReturnPaths,
    /// The last name looked at, so that mails that stay don't keep others from their turn.
    after: Option<OsString>,
}

impl Maildir {
    /// Opens a Maildir that is there already; makes only `aside`. Blocks on the file system.
    pub fn open(root: PathBuf, paths: ReturnPaths) -> Result<Self, MaildirError> {
        for folder in ["new", "cur"] {
            if !fs::symlink_metadata(root.join(folder)).is_ok_and(|found| found.is_dir()) {
                return Err(MaildirError::NoFolder(folder));
            }
        }
        match fs::create_dir(root.join("aside")) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        if !fs::symlink_metadata(root.join("aside"))?.is_dir() {
            return Err(MaildirError::NoFolder("aside"));
        }
        Ok(Self { root, paths, after: None })
    }

    /// Deals with at most [`MAILS_PER_TURN`] mails, the oldest names first, and ends early when the handler can't take
    /// one. To be called again at the caller's pace. Blocking work is done on tokio's threads for it.
    pub async fn turn(&mut self, handler: &impl Handler) -> Result<Turn, MaildirError> {
        let folder = self.root.join("new");
        let names = blocking(move || names(&folder)).await?;
        let mut turn = Turn::default();
        let names = in_turn(names, self.after.as_deref());
        let has_more = names.len() > MAILS_PER_TURN;
        for name in names.into_iter().take(MAILS_PER_TURN) {
            self.after = Some(name.clone());
            if !self.deal_with(name, handler, &mut turn).await {
                break;
            }
        }
        turn.has_more = has_more && turn.kept == 0;
        Ok(turn)
    }

    /// False when the handler can't take it: it will hardly take the next.
    async fn deal_with(&self, name: OsString, handler: &impl Handler, turn: &mut Turn) -> bool {
        let path = self.root.join("new").join(&name);
        let found = match blocking(move || read(&path)).await {
            Ok(mail) => mail,
            // Somebody else took it, or our process may not open more files.
            Err(error) if is_passing(&error) => {
                turn.kept += 1;
                return true;
            }
            Err(_) => Found::Unfit,
        };
        let (count, to) = match found {
            Found::TooBig => {
                handler.ignored(DsnError::TooBig);
                (&mut turn.aside, Folder::Aside)
            }
            Found::Unfit => (&mut turn.aside, Folder::Aside),
            Found::Mail(mail) => match self.hand_on(&mail, handler).await {
                Ok(Came::Report) => (&mut turn.reports, Folder::Cur),
                Ok(Came::Other) => (&mut turn.ignored, Folder::Cur),
                Err(_) => {
                    turn.kept += 1;
                    return false;
                }
            },
        };
        let root = self.root.clone();
        match blocking(move || put(&root, &name, to)).await {
            Ok(()) => *count += 1,
            Err(_) => turn.kept += 1,
        }
        true
    }

    async fn hand_on(&self, mail: &[u8], handler: &impl Handler) -> Result<Came, super::NotTaken> {
        match dsn::envelope_recipient(mail, &self.paths) {
            Ok(recipient) => hand_on(mail, &recipient, &self.paths, handler).await,
            Err(why) => {
                handler.ignored(why.into());
                Ok(Came::Other)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Folder {
    Cur,
    Aside,
}

enum Found {
    Mail(Vec<u8>),
    TooBig,
    /// A link, a folder, a pipe or another thing that no mail server delivers.
    Unfit,
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Sorted; names that begin with a dot are no mails.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)?.take(NAMES_MAX) {
        let name = entry?.file_name();
        if !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Those behind the last one first.
fn in_turn(mut names: Vec<OsString>, after: Option<&OsStr>) -> Vec<OsString> {
    let behind = names.partition_point(|name| after.is_some_and(|after| name.as_os_str() <= after));
    names.rotate_left(behind);
    names
}

/// Follows no link, waits at no pipe, and reads no more than a mail may have.
fn read(path: &Path) -> io::Result<Found> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => return Ok(Found::Unfit),
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Ok(Found::Unfit);
    }
    let mut mail = Vec::new();
    let limit = u64::try_from(MAIL_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1)).read_to_end(&mut mail)?;
    Ok(if mail.len() > MAIL_BYTES_MAX { Found::TooBig } else { Found::Mail(mail) })
}

fn is_passing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
            .iter()
            .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Moves a file out of `new/`, to a name that is free.
fn put(root: &Path, name: &OsStr, to: Folder) -> io::Result<()> {
    let bytes = name.as_bytes();
    let base = bytes.windows(3).position(|info| info == b":2,").map_or(bytes, |end| &bytes[..end]);
    let from = root.join("new").join(name);
    for number in 0..NAMES_TRIED {
        let mut free = base.to_vec();
        if number > 0 {
            free.extend_from_slice(format!(".{number}").as_bytes());
        }
        let target = match to {
            Folder::Cur => root.join("cur").join(OsStr::from_bytes(&[&free[..], b":2,S"].concat())),
            Folder::Aside => root.join("aside").join(OsStr::from_bytes(&free)),
        };
        if fs::symlink_metadata(&target).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return fs::rename(&from, &target);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
