//! Rows and alternating rounds.

use crate::Options;

/// One figure beside the peer's.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) peer_name: &'static str,
    pub(crate) rounds: Vec<(f64, f64)>,
}

impl Row {
    /// Prints medians: of ours, of the peer's, and of the rounds' ratios.
    pub(crate) fn print(&self, options: &Options) {
        let Self { name, peer_name, rounds } = self;
        let ours = median(rounds.iter().map(|(ours, _)| *ours));
        let peer = median(rounds.iter().map(|(_, peer)| *peer));
        let ratio = median(rounds.iter().map(|(ours, peer)| ours / peer));
        if options.is_json {
            println!(
                "{{\"name\":\"{name}\",\"ours\":{ours:.3},\"peer\":{peer:.3},\"peer_name\":\"{peer_name}\",\"ratio\":{ratio:.3}}}"
            );
        } else {
            println!("{name:<44} {ours:>16.3} {peer:>16.3}  {ratio:>7.3}  {peer_name}");
        }
    }
}

/// Runs both sides in turns; who begins changes.
pub(crate) fn alternate(
    rounds: usize,
    mut ours: impl FnMut() -> f64,
    mut peer: impl FnMut() -> f64,
) -> Vec<(f64, f64)> {
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

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
