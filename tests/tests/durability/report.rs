//! What a torture found.

/// Counts over any number of rounds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) acknowledged: u64,
    /// Acknowledged and not there.
    pub(crate) lost: u64,
    /// There more than once.
    pub(crate) duplicated: u64,
    /// Everything else that must not be, in words.
    pub(crate) failures: Vec<String>,
    /// What happened that a reader of the run may want to know, in words.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }

    /// Adds what was found at some place.
    pub(crate) fn add(&mut self, place: &str, other: Self) {
        self.acknowledged += other.acknowledged;
        self.duplicated += other.duplicated;
        self.lost += other.lost;
        if other.lost + other.duplicated > 0 {
            self.fail(format!("{place}: {} lost, {} duplicated", other.lost, other.duplicated));
        }
        self.failures.extend(other.failures.into_iter().map(|what| format!("{place}: {what}")));
        self.notes.extend(other.notes);
    }
}
