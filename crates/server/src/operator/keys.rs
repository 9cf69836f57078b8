//! `devportal keys`

use crate::{config::Config, exit::Failure, parts};
use anyhow::Context as _;
use app::{
    keyring::Keyring,
    side_state::{Place, check_keyring},
};

/// Checks the keyring's form and permissions, and that it is the one this portal's data was made with.
pub(crate) async fn check(config: &Config) -> Result<String, Failure> {
    let path = &config.keyring;
    let keyring = Keyring::load(path).context("the keyring is refused")?;
    check_keyring(Place::File(&parts::side_state_file(config)), &keyring).await.map_err(parts::from_side)?;
    let report = keyring.check();
    Ok(format!("{}: generations {:?}, newest {}\n", path.display(), report.generations, report.newest))
}
