//! Hostile peers: every behaviour of the table in turn, with what varies filled in by a seed.

use crate::script::{self, Situation};

const TEXT: &str = include_str!("../situations/hostile.txt");

/// Moments at which a behaviour may begin.
const MOMENTS: [&str; 5] = ["greeting", "ehlo", "mail", "rcpt", "control"];

/// What a script of this kind begins with in the list of situations: trouble, of which nothing lasting may come.
pub const TROUBLE: &str = "T";

/// How many behaviours there are.
pub fn behaviours() -> usize {
    bodies().count()
}

/// The peers from number `first` on; what they do depends on the seed and their number alone. Domains and addresses are
/// as those of [`script::read`].
pub fn peers(seed: u64, first: usize, count: usize) -> Vec<Situation> {
    let bodies: Vec<&str> = bodies().collect();
    let text: Vec<String> = (first..first + count)
        .map(|number| {
            let mut random = Random(seed ^ (number as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
            format!("= {}\nwant ANY ANY\n", filled(bodies[number % bodies.len()], &mut random))
        })
        .collect();
    script::read(&text.concat(), first)
}

fn bodies() -> impl Iterator<Item = &'static str> {
    TEXT.split("\n= ").skip(1)
}

/// One moment for the whole behaviour, and a value of its own for every other mark.
fn filled(body: &str, random: &mut Random) -> String {
    let body = body.replace("%step", MOMENTS[random.below(MOMENTS.len())]);
    let mut filled = String::new();
    let mut rest = body.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let (value, mark) = match () {
            () if after.starts_with("bytes") => (bytes(random), "bytes"),
            () if after.starts_with("code") => ((200 + random.below(300)).to_string(), "code"),
            () => ((1 + random.below(40)).to_string(), "n"),
        };
        filled.push_str(&value);
        rest = after.strip_prefix(mark).expect("a mark that is known");
    }
    filled.push_str(rest);
    filled
}

fn bytes(random: &mut Random) -> String {
    let length = 1 + random.below(300);
    let escaped: Vec<String> = (0..length).map(|_| format!("\\x{:02x}", random.below(256))).collect();
    escaped.concat()
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("below a bound")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_sixty_behaviours_and_more_and_a_seed_repeats_them() {
        let count = behaviours();
        assert!(count >= 60, "{count}");
        let said = |seed| format!("{:?}", peers(seed, 0, 2 * count));
        assert_eq!(said(7), said(7));
        assert_ne!(said(7), said(8));
    }
}
