//! What happened on the farm.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Counters and complaints of a farm, written by its servers.
#[derive(Debug, Default)]
pub struct Journal {
    conversations: Mutex<BTreeMap<IpAddr, usize>>,
    questions: Mutex<BTreeMap<String, BTreeSet<String>>>,
    complaints: Mutex<Vec<String>>,
    lengths: Mutex<Vec<(IpAddr, Duration)>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    /// None: nobody wants to know.
    heard: Mutex<Option<Vec<Vec<u8>>>>,
}

impl Journal {
    /// Notes every word from now on, until [`Self::heard`] is asked.
    pub fn listen(&self) {
        *self.heard.lock().expect("no panic under it") = Some(Vec::new());
    }

    /// What was asked and said since [`Self::listen`], in order: questions without their id, and lines to mail servers.
    pub fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().expect("no panic under it").take().unwrap_or_default()
    }

    pub(crate) fn hear(&self, bytes: &[u8]) {
        if let Some(heard) = self.heard.lock().expect("no panic under it").as_mut() {
            heard.push(bytes.to_vec());
        }
    }

    /// Conversations a host has had.
    pub fn conversations(&self, host: IpAddr) -> usize {
        self.conversations.lock().expect("no panic under it").get(&host).copied().unwrap_or(0)
    }

    /// All conversations.
    pub fn all_conversations(&self) -> usize {
        self.conversations.lock().expect("no panic under it").values().sum()
    }

    /// The most questions asked within one registered domain, each counted once.
    pub fn most_questions(&self) -> usize {
        self.questions.lock().expect("no panic under it").values().map(BTreeSet::len).max().unwrap_or(0)
    }

    /// The most connections that were open at a time.
    pub fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// How long the longest conversation took.
    pub fn longest(&self) -> Duration {
        let lengths = self.lengths.lock().expect("no panic under it");
        lengths.iter().map(|(_, length)| *length).max().unwrap_or_default()
    }

    /// Conversations that took longer than this, and with whom.
    pub fn longer_than(&self, limit: Duration) -> Vec<(IpAddr, Duration)> {
        let lengths = self.lengths.lock().expect("no panic under it");
        lengths.iter().filter(|(_, length)| *length > limit).copied().collect()
    }

    /// What nobody may do to a mail server.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("no panic under it").clone()
    }

    pub(crate) fn complain(&self, complaint: String) {
        self.complaints.lock().expect("no panic under it").push(complaint);
    }

    /// Notes a question by the last two labels of its name.
    pub(crate) fn asked(&self, name: &str, kind: &str) {
        let mut labels = name.rsplit('.').filter(|label| !label.is_empty());
        let zone: Vec<&str> = labels.by_ref().take(2).collect();
        let mut questions = self.questions.lock().expect("no panic under it");
        questions.entry(zone.join(".")).or_default().insert(format!("{name} {kind}"));
    }

    /// A connection came in; gives its number among those of its host.
    pub(crate) fn came(&self, host: IpAddr) -> (usize, Visit<'_>) {
        let mut conversations = self.conversations.lock().expect("no panic under it");
        let number = conversations.entry(host).or_default();
        *number += 1;
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        (*number, Visit { journal: self, host, since: Instant::now() })
    }
}

/// A connection while it is open.
pub(crate) struct Visit<'a> {
    journal: &'a Journal,
    host: IpAddr,
    since: Instant,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.journal.open.fetch_sub(1, Ordering::SeqCst);
        let length = (self.host, self.since.elapsed());
        self.journal.lengths.lock().expect("no panic under it").push(length);
    }
}
