//! Rows of a bench, and rounds that alternate between us and a peer.

use std::env;

/// What the command line of every bench may ask for.
pub struct Options {
    /// One JSON object a row.
    pub is_json: bool,
    /// Rounds of each row.
    pub rounds: usize,
    /// Groups that call.
    pub groups: usize,
}

impl Options {
    /// Reads the command line; `groups` are as many as there are when it says nothing.
    pub fn parse(groups: usize) -> Self {
        let args: Vec<String> = env::args().skip(1).collect();
        let value = |name: &str| {
            let place = args.iter().position(|arg| arg == name)?;
            args.get(place + 1)?.parse().ok()
        };
        Self {
            is_json: args.iter().any(|arg| arg == "--json"),
            rounds: value("--rounds").unwrap_or(7),
            groups: value("--groups").unwrap_or(groups),
        }
    }
}

/// One figure beside the peer's.
pub struct Row {
    /// What is measured.
    pub name: String,
    /// Beside what.
    pub peer_name: &'static str,
    /// Ours and the peer's, round by round.
    pub rounds: Vec<(f64, f64)>,
}

impl Row {
    /// Prints medians: of ours, of the peer's, and of the rounds' ratios.
    #[expect(clippy::print_stdout, reason = "a bench prints figures")]
    pub fn print(&self, options: &Options) {
        let Self { name, peer_name, rounds } = self;
        let ours = median(rounds.iter().map(|(ours, _)| *ours));
        let peer = median(rounds.iter().map(|(_, peer)| *peer));
        let ratio = median(rounds.iter().map(|(ours, peer)| ours / peer));
        if options.is_json {
            println!(
                "{{\"name\":\"{name}\",\"ours\":{ours:.3},\"peer\":{peer:.3},\"peer_name\":\"{peer_name}\",\"ratio\":{ratio:.3}}}"
            );
        } else {
            println!("{name:<52} {ours:>16.3} {peer:>16.3}  {ratio:>7.3}  {peer_name}");
        }
    }
}

/// Runs both sides in turns; who begins changes.
pub fn alternate<T>(rounds: usize, mut ours: impl FnMut() -> T, mut peer: impl FnMut() -> T) -> Vec<(T, T)> {
    let round = |number: usize| {
        if number.is_multiple_of(2) {
            let first = ours();
            (first, peer())
        } else {
            let first = peer();
            (ours(), first)
        }
    };
    (0..rounds).map(round).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
