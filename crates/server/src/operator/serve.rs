//! `devportal serve`

use crate::{
    config::{Config, LogFormat},
    exit::Failure,
    startup::Application,
};
use anyhow::Context as _;
use app::{clock::Clock, ids::Ids};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Runs the server until SIGTERM or SIGINT.
pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    start_log(&config)?;
    tell_panics_by_place();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be waited for")?;
    let application = Application::build(config, Clock::System, Ids::Os).await?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    application.run_until(stop).await
}

/// Log lines go to standard error.
fn start_log(config: &Config) -> Result<(), Failure> {
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter(&config.log_level)).with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    started.map_err(|error| Failure::Failed(anyhow::anyhow!("the log can't be started: {error}")))
}

/// Our own crates at the level asked for. Other people's are heard from `warn` on only: their finer lines quote
/// statements and dialogues. The resolver's client is never heard: it quotes the names it asks for.
fn filter(level: &str) -> EnvFilter {
    let ours = ["access", "app", "domain", "eventlog", "quota", "reachability", "readmodel", "server"];
    let directives = ours.map(|target| format!("{target}={level}")).join(",");
    let silent =
        ["hickory_net", "hickory_proto", "hickory_resolver"].map(|target| format!("{target}=off")).join(",");
    EnvFilter::new(format!("warn,{silent},{directives}"))
}

/// A panic's message may hold what was being worked on; its place does not.
fn tell_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::filter;
    use tracing::Level;

    #[test]
    fn statements_and_dialogues_of_other_crates_stay_out_of_the_log_at_every_level() {
        for level in ["info", "debug", "trace"] {
            tracing::subscriber::with_default(
                tracing_subscriber::fmt().with_env_filter(filter(level)).finish(),
                || {
                    assert!(tracing::enabled!(target: "app", Level::INFO), "{level}");
                    assert_eq!(tracing::enabled!(target: "app", Level::DEBUG), level != "info", "{level}");
                    assert!(!tracing::enabled!(target: "sqlx::query", Level::DEBUG), "{level}");
                    assert!(!tracing::enabled!(target: "lettre", Level::INFO), "{level}");
                    assert!(tracing::enabled!(target: "sqlx::query", Level::WARN), "{level}");
                    assert!(!tracing::enabled!(target: "hickory_net::udp", Level::ERROR), "{level}");
                },
            );
        }
    }
}
