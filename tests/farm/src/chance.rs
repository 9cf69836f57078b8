//! Chance that is the same in each run, for breaking what is well formed.

/// SplitMix64. Begins from any number; equal numbers give equal chances.
pub struct Chance(pub u64);

impl Chance {
    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.draw() % end).unwrap_or(0)
    }

    /// One of some.
    pub fn one_of<'a>(&mut self, some: &'a [impl AsRef<[u8]>]) -> &'a [u8] {
        some.get(self.below(some.len())).map_or(&[], AsRef::as_ref)
    }

    /// One of the samples, broken one to six times: cut, flipped, spliced with another sample or with `words`, shortened
    /// or repeated.
    pub fn broken(&mut self, samples: &[impl AsRef<[u8]>], words: &[&[u8]]) -> Vec<u8> {
        let mut bytes = self.one_of(samples).to_vec();
        for _ in 0..=self.below(6) {
            let other = self.one_of(samples);
            self.breaks(&mut bytes, other, words);
        }
        bytes
    }

    fn breaks(&mut self, bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]]) {
        let at = self.below(bytes.len() + 1);
        match self.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << self.below(8)),
            2 => drop(bytes.splice(at..at, self.piece(other))),
            3 => drop(bytes.splice(at..at, self.one_of(words).iter().copied())),
            4 => drop(bytes.drain(at..bytes.len().min(at + self.below(100)))),
            _ => {
                let piece = self.piece(bytes);
                drop(bytes.splice(at..at, piece.repeat(self.below(20))));
            }
        }
    }

    /// At most 200 bytes of something.
    fn piece(&mut self, whole: &[u8]) -> Vec<u8> {
        let from = self.below(whole.len());
        whole[from..whole.len().min(from + self.below(200))].to_vec()
    }
}
