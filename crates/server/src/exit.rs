//! How a command ends: exit codes are part of the interface.

use std::process::ExitCode;

/// Why a command did not do what was asked. The text goes to standard error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It failed; exit 1.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
    /// The command line or the configuration is wrong; exit 2.
    #[error("{0}")]
    Usage(String),
    /// A rule of the portal refuses it; exit 3.
    #[error("{0}")]
    Refused(String),
    /// A newer program wrote the data; exit 65.
    #[error("{0}")]
    NewerFormat(String),
    /// The device did not confirm a write; exit 70.
    #[error("{0}")]
    NotDurable(String),
    /// Something needed is not there, or another process holds the data directory; exit 7.
    #[error("{0}")]
    Unavailable(String),
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
            Self::Unavailable(_) => 7,
            Self::NewerFormat(_) => 65,
            Self::NotDurable(_) => 70,
        })
    }
}

/// Shown by `--help`.
pub(crate) const HELP: &str = "Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 refused by a rule, \
7 something needed is unavailable (for example another process holds the data directory), 65 the data was \
written by a newer program, 70 the device did not confirm a write.";
