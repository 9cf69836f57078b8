//! The files of the read model and how one takes the place of the other.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// A folder with the live file and, during a rebuild, the one that will replace it.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    dir: PathBuf,
}

impl Files {
    /// Makes the folder when absent.
    pub(crate) fn in_dir(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    pub(crate) fn live(&self) -> PathBuf {
        self.dir.join("readmodel.sqlite")
    }

    pub(crate) fn fresh(&self) -> PathBuf {
        self.dir.join("rebuild.sqlite")
    }

    /// Deletes the live file. Its write-ahead log goes first: left alone beside a new file it would be
    /// replayed into that.
    pub(crate) fn delete_live(&self) -> io::Result<()> {
        delete(&self.live())
    }

    /// Deletes what an interrupted rebuild left.
    pub(crate) fn delete_fresh(&self) -> io::Result<()> {
        delete(&self.fresh())
    }

    /// Puts the closed fresh file in the place of the live one, durably. Blocks.
    pub(crate) fn swap_blocking(&self) -> io::Result<()> {
        File::open(self.fresh())?.sync_all()?;
        self.delete_live()?;
        fs::rename(self.fresh(), self.live())?;
        File::open(&self.dir)?.sync_all()
    }
}

fn delete(file: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
