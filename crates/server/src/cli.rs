//! The command line.

use crate::{
    config::{self, Config, Settings, Sources},
    demo,
    exit::{self, Failure},
    init, operator,
};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use std::{io::Write, path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "devportal", version, about = "The registration backend of a developer portal", after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a commented configuration file and a keyring; overwrites nothing.
    Init(init::Options),
    /// Answer requests until SIGTERM.
    Serve(Configured),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the keyring.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look after members of staff.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Look after the log.
    #[command(subcommand)]
    Log(operator::log::Command),
    /// Ask whether a mail address takes mail, without sending any.
    Mailcheck(operator::mailcheck::Options),
    /// Play the journeys of vendor, staff, customer and gateway against a server of its own.
    Demo(demo::Options),
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Add a member of staff; password and second factor are shown once.
    Add {
        #[command(flatten)]
        newcomer: operator::staff::Newcomer,
        #[command(flatten)]
        configured: Configured,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every value with its origin, secrets masked.
    Show(Configured),
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Check form and permissions of the keyring file.
    Check(Configured),
}

/// Where the configuration comes from.
#[derive(Args)]
pub(crate) struct Configured {
    /// Configuration file; PORTAL_CONFIG names it too.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one key, such as --set http.listen=127.0.0.1:8080; beats environment and file.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

impl Configured {
    fn settings(self) -> Result<Settings, Failure> {
        Ok(Settings::resolve(&Sources::from_process(self.config, self.set)?)?)
    }

    pub(crate) fn load(self) -> Result<Config, Failure> {
        Ok(Config::from_settings(&self.settings()?)?)
    }
}

fn assignment(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Parses the command line, does what it says and tells how it ended.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // When nobody reads this, the exit code still says it.
            writeln!(std::io::stderr(), "devportal: {failure}").unwrap_or_default();
            failure.code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let told = match command {
        Command::Init(options) => init::run(&options)?,
        Command::Serve(configured) => {
            let config = configured.load()?;
            runtime()?.block_on(operator::serve::run(config))?;
            String::new()
        }
        Command::Config(ConfigCommand::Show(configured)) => {
            let settings = configured.settings()?;
            tell(&config::show(&settings))?;
            Config::from_settings(&settings)?;
            String::new()
        }
        Command::Keys(KeysCommand::Check(configured)) => {
            let config = configured.load()?;
            runtime()?.block_on(operator::keys::check(&config))?
        }
        Command::Staff(StaffCommand::Add { newcomer, configured }) => {
            let config = configured.load()?;
            runtime()?.block_on(operator::staff::add(config, newcomer))?
        }
        Command::Log(command) => runtime()?.block_on(operator::log::run(command))?,
        Command::Mailcheck(options) => {
            let checked = runtime()?.block_on(operator::mailcheck::run(&options))?;
            tell(&checked.told)?;
            checked.outcome?;
            String::new()
        }
        Command::Demo(options) => {
            let form = demo::form(&options, config::no_colour());
            runtime()?.block_on(demo::run(&options, form)).context("the demo broke off")?;
            String::new()
        }
    };
    tell(&told)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?)
}

/// Writes for the one who called. What can't be shown is a failure: a password is told only once.
fn tell(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    Ok(out
        .write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_of_the_unit_file_are_understood() {
        let unit = include_str!("../../../deploy/devportal.service");
        let commands: Vec<&str> = unit
            .lines()
            .filter_map(|line| match line.split_once("-- devportal ") {
                Some((_, arguments)) => Some(arguments),
                None => line.strip_prefix("ExecStart=/usr/local/bin/devportal "),
            })
            .collect();
        assert_eq!(commands.len(), 2, "{commands:?}");
        for arguments in commands {
            let line = std::iter::once("devportal").chain(arguments.split_whitespace());
            if let Err(error) = Cli::try_parse_from(line) {
                panic!("{arguments}: {error}");
            }
        }
    }
}
