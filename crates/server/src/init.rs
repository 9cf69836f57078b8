//! `devportal init`: a commented configuration file and a keyring, both for the owner's eyes only.

use crate::{
    config::{self, Value},
    exit::Failure,
};
use anyhow::Context as _;
use app::{ids::Ids, keyring::Keyring};
use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// What to write, and where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Data directory; made when absent. The keyring goes into it.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file to write; DIR/devportal.toml when absent.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write a development configuration: no mail relay needed.
    #[arg(long)]
    development: bool,
}

/// Writes both files, or none when one is there already. Tells what to do next.
pub(crate) fn run(options: &Options) -> Result<String, Failure> {
    let dir = std::path::absolute(&options.data_dir).context("cannot resolve the data directory")?;
    let config = match &options.config {
        Some(path) => std::path::absolute(path).context("cannot resolve the configuration file")?,
        None => dir.join("devportal.toml"),
    };
    let keyring = dir.join("keyring.toml");
    for path in [&config, &keyring] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::Refused(format!("{} exists already; nothing was written", path.display())));
        }
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .with_context(|| format!("cannot make {}", dir.display()))?;
    Keyring::generate(&Ids::Os).write_new(&keyring).context("cannot write the keyring")?;
    write_private(&config, &file_for(&dir, options.development))
        .with_context(|| format!("cannot write {}", config.display()))?;
    Ok(format!(
        "wrote {}\nwrote {}\nKeep a copy of the keyring apart from the data: without it sealed fields are lost.\n\
         Next: edit the configuration, then run\n  devportal serve --config {}\n",
        config.display(),
        keyring.display(),
        config.display()
    ))
}

fn file_for(dir: &Path, development: bool) -> String {
    let mode = if development { "development" } else { "production" };
    let dir = dir.to_string_lossy().into_owned();
    config::commented_file(&[("mode", Value::Text(mode.to_owned())), ("data_dir", Value::Text(dir))])
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Mode, Sources};
    use std::os::unix::fs::PermissionsExt as _;

    fn options(dir: &Path) -> Options {
        Options { data_dir: dir.join("data"), config: None, development: true }
    }

    #[test]
    fn init_writes_a_valid_configuration_and_a_keyring_for_the_owner_only() {
        let dir = tempfile::tempdir().expect("a directory");
        run(&options(dir.path())).expect("written");
        let config = dir.path().join("data/devportal.toml");
        let keyring = dir.path().join("data/keyring.toml");
        for path in [&config, &keyring] {
            let mode = std::fs::metadata(path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{}", path.display());
        }
        let text = std::fs::read_to_string(&config).expect("readable");
        let loaded =
            Config::load(&Sources { file: Some((config, text)), ..Sources::default() }).expect("valid");
        assert_eq!(loaded.mode, Mode::Development);
        assert_eq!(loaded.keyring, keyring);
        Keyring::load(&keyring).expect("a keyring");
    }

    #[test]
    fn init_overwrites_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        run(&options(dir.path())).expect("written");
        let keyring = dir.path().join("data/keyring.toml");
        let before = std::fs::read(&keyring).expect("readable");
        let again = run(&options(dir.path()));
        assert!(matches!(again, Err(Failure::Refused(text)) if text.contains("exists already")));
        assert_eq!(std::fs::read(&keyring).expect("readable"), before);
    }

    #[test]
    fn init_writes_nothing_when_only_the_keyring_exists() {
        let dir = tempfile::tempdir().expect("a directory");
        let options = options(dir.path());
        run(&options).expect("written");
        let config = dir.path().join("data/devportal.toml");
        std::fs::remove_file(&config).expect("removed");
        assert!(matches!(run(&options), Err(Failure::Refused(_))));
        assert!(!config.exists());
    }
}
