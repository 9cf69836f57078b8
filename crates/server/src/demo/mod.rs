//! `devportal demo`: the three people's journeys, played over HTTP against a real server.

pub mod client;
pub mod journeys;
pub mod mail;
pub mod manifest;
pub mod smtp_sink;
pub mod transcript;

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A step did not go as it should; it is written down already.
    #[error("{step}: {why}")]
    Step {
        /// Which.
        step: String,
        /// What was wrong.
        why: String,
    },
    /// A mail did not come.
    #[error(transparent)]
    NoMail(#[from] smtp_sink::NoMail),
    /// The server did not answer.
    #[error("the server does not answer")]
    Http(#[from] reqwest::Error),
    /// An answer was no JSON.
    #[error("an answer is not JSON")]
    Json(#[from] serde_json::Error),
    /// The registrations can't be read.
    #[error(transparent)]
    Manifest(#[from] manifest::ManifestError),
    /// The transcript can't be written, or a socket or folder can't be made.
    #[error("the transcript cannot be written")]
    Write(#[from] std::io::Error),
}
