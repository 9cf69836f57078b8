//! A disk that loses power. It is fed a recorded run up to some line and then says what may be found afterwards:
//! what was synced, and of everything else any part. Weaker than any file system in use: entries of a directory last
//! only once that directory was synced, each on its own; bytes last only once their file was.

use crate::trace::{Act, Step, Trace};
use portal_tests::Random;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const SECTOR_BYTES: usize = 512;

/// What becomes of changes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// They are there: the process was killed and the machine lives.
    Nothing,
    /// None is there.
    Everything,
    /// Each is there or not.
    AnySubset,
    /// Each sector of each is there or not.
    AnySectors,
    /// They are there up to one that is torn.
    TornTail,
    /// The same for each file and directory by itself.
    TornTails,
}

pub(crate) const LOSSES: [Loss; 6] =
    [Loss::Nothing, Loss::Everything, Loss::AnySubset, Loss::AnySectors, Loss::TornTail, Loss::TornTails];

type Node = usize;
const ROOT: Node = 0;

#[derive(Debug, Clone)]
enum Entry {
    Link(String, Node),
    Unlink(String),
    Move(String, String, Node),
}

#[derive(Debug, Default)]
struct File {
    durable: Vec<u8>,
    /// Steps of the trace.
    pending: Vec<usize>,
}

#[derive(Debug, Default)]
struct Folder {
    now: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    pending: Vec<(usize, Entry)>,
}

#[derive(Debug)]
enum Kind {
    File(File),
    Folder(Folder),
}

/// The disk below the data directory.
pub(crate) struct Disk<'a> {
    trace: &'a Trace,
    nodes: Vec<Kind>,
    /// Syncs under way: by the line they end on.
    syncs: BTreeMap<usize, Vec<(usize, Node)>>,
    next_step: usize,
    /// Files whose syncs do nothing (a control).
    deaf: &'static str,
}

impl<'a> Disk<'a> {
    /// Everything in `base` is durable. Syncs of files whose path ends in `deaf` are not obeyed, if it is not empty.
    pub(crate) fn new(base: &Path, trace: &'a Trace, deaf: &'static str) -> Self {
        let nodes = vec![Kind::Folder(Folder::default())];
        let mut disk = Self { trace, nodes, syncs: BTreeMap::new(), next_step: 0, deaf };
        disk.load(base, ROOT);
        disk
    }

    fn load(&mut self, from: &Path, folder: Node) {
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "lock" {
                continue;
            }
            let kind = if path.is_dir() {
                Kind::Folder(Folder::default())
            } else {
                Kind::File(File { durable: fs::read(&path).unwrap(), pending: Vec::new() })
            };
            let node = self.add(kind);
            let folder = self.folder(folder);
            folder.now.insert(name.clone(), node);
            folder.durable.insert(name, node);
            if path.is_dir() {
                self.load(&path, node);
            }
        }
    }

    /// Goes on up to a line of the trace.
    pub(crate) fn advance(&mut self, line: usize) {
        let trace = self.trace;
        while let Some(step) = trace.steps.get(self.next_step).filter(|step| step.begun <= line) {
            self.settle_until(step.begun);
            self.begin(self.next_step, step);
            self.next_step += 1;
        }
        self.settle_until(line);
    }

    fn begin(&mut self, number: usize, step: &Step) {
        match &step.act {
            Act::Create(path) => self.make(number, path, || Kind::File(File::default())),
            Act::MakeDir(path) => self.make(number, path, || Kind::Folder(Folder::default())),
            Act::Write { path, .. } | Act::SetLength { path, .. } => {
                let node = self.find(path);
                if let Kind::File(file) = &mut self.nodes[node] {
                    file.pending.push(number);
                }
            }
            Act::Rename { from, to } => self.rename(number, from, to),
            Act::Remove(path) => {
                let (folder, name) = self.split(path);
                let folder = self.folder(folder);
                folder.now.remove(&name);
                folder.pending.push((number, Entry::Unlink(name)));
            }
            Act::Sync(path) => {
                if self.deaf.is_empty() || !path.ends_with(self.deaf) {
                    let node = self.find(path);
                    self.syncs.entry(step.ended).or_default().push((step.begun, node));
                }
            }
            Act::Say(_) => {}
        }
    }

    fn make(&mut self, number: usize, path: &str, kind: impl FnOnce() -> Kind) {
        let (folder, name) = self.split(path);
        if !self.folder(folder).now.contains_key(&name) {
            let node = self.add(kind());
            let folder = self.folder(folder);
            folder.now.insert(name.clone(), node);
            folder.pending.push((number, Entry::Link(name, node)));
        }
    }

    fn rename(&mut self, number: usize, from: &str, to: &str) {
        let ((old, from), (new, to)) = (self.split(from), self.split(to));
        let node = self.folder(old).now.remove(&from).unwrap();
        self.folder(new).now.insert(to.clone(), node);
        if old == new {
            self.folder(old).pending.push((number, Entry::Move(from, to, node)));
        } else {
            self.folder(old).pending.push((number, Entry::Unlink(from)));
            self.folder(new).pending.push((number, Entry::Link(to, node)));
        }
    }

    /// Syncs that have ended on a line up to this one cover what had ended before they began.
    fn settle_until(&mut self, line: usize) {
        while let Some(first) = self.syncs.first_entry().filter(|first| *first.key() <= line) {
            for (begun, node) in first.remove() {
                self.settle(node, begun);
            }
        }
    }

    fn settle(&mut self, node: Node, begun: usize) {
        let steps = &self.trace.steps;
        match &mut self.nodes[node] {
            Kind::File(file) => {
                let (covered, pending) = file.pending.iter().partition(|step| steps[**step].ended < begun);
                file.pending = pending;
                let covered: Vec<usize> = covered;
                for step in covered {
                    write(&mut file.durable, &steps[step].act, &mut |_| true);
                }
            }
            Kind::Folder(folder) => {
                let all = std::mem::take(&mut folder.pending);
                let (covered, pending) = all.into_iter().partition(|(step, _)| steps[*step].ended < begun);
                folder.pending = pending;
                let covered: Vec<(usize, Entry)> = covered;
                for (_, entry) in &covered {
                    apply(&mut folder.durable, entry);
                }
            }
        }
    }

    /// Writes into an empty folder what is found when power is lost now.
    pub(crate) fn crash(&self, loss: Loss, random: &mut Random, into: &Path) {
        let mut fate = Fate::new(self, loss, random);
        self.put(ROOT, &mut fate, into);
    }

    fn put(&self, node: Node, fate: &mut Fate<'_>, into: &Path) {
        match &self.nodes[node] {
            Kind::File(file) => {
                let mut bytes = file.durable.clone();
                fate.turn_to(&file.pending);
                for step in &file.pending {
                    let kept = fate.keeps(*step);
                    let mut sectors = fate.sectors(*step, kept);
                    write(&mut bytes, &self.trace.steps[*step].act, &mut sectors);
                }
                fs::write(into, bytes).unwrap();
            }
            Kind::Folder(folder) => {
                let mut entries = folder.durable.clone();
                fate.turn_to(&folder.pending.iter().map(|(step, _)| *step).collect::<Vec<_>>());
                for (step, entry) in &folder.pending {
                    if fate.keeps(*step) == Kept::Whole {
                        apply(&mut entries, entry);
                    }
                }
                fs::create_dir_all(into).unwrap();
                for (name, node) in &entries {
                    self.put(*node, fate, &into.join(name));
                }
            }
        }
    }

    /// Steps that no sync has covered.
    fn pending(&self) -> Vec<usize> {
        let mut steps: Vec<usize> = self
            .nodes
            .iter()
            .flat_map(|node| match node {
                Kind::File(file) => file.pending.clone(),
                Kind::Folder(folder) => folder.pending.iter().map(|(step, _)| *step).collect(),
            })
            .collect();
        steps.sort_unstable();
        steps
    }

    fn add(&mut self, kind: Kind) -> Node {
        self.nodes.push(kind);
        self.nodes.len() - 1
    }

    fn folder(&mut self, node: Node) -> &mut Folder {
        match &mut self.nodes[node] {
            Kind::Folder(folder) => folder,
            Kind::File(_) => panic!("a file where a folder should be"),
        }
    }

    fn find(&mut self, path: &str) -> Node {
        path.split('/').filter(|name| !name.is_empty()).fold(ROOT, |node, name| {
            let found = self.folder(node).now.get(name);
            *found.unwrap_or_else(|| panic!("there is no {path}"))
        })
    }

    fn split(&mut self, path: &str) -> (Node, String) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        (self.find(folder), name.to_owned())
    }
}

/// Whether a change is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Not,
    Whole,
    /// Some of its sectors.
    Torn,
}

/// Decides about each change.
struct Fate<'a> {
    loss: Loss,
    random: &'a mut Random,
    /// The change that is torn, with everything before it kept.
    torn: Option<usize>,
}

impl<'a> Fate<'a> {
    fn new(disk: &Disk<'_>, loss: Loss, random: &'a mut Random) -> Self {
        let mut fate = Self { loss, random, torn: None };
        if loss == Loss::TornTail {
            fate.torn = fate.pick(&disk.pending());
        }
        fate
    }

    /// Another file or directory comes.
    fn turn_to(&mut self, pending: &[usize]) {
        if self.loss == Loss::TornTails {
            self.torn = self.pick(pending);
        }
    }

    fn pick(&mut self, pending: &[usize]) -> Option<usize> {
        (!pending.is_empty()).then(|| self.random.pick(pending))
    }

    fn keeps(&mut self, step: usize) -> Kept {
        let tossed = self.random.below(2) == 0;
        match self.loss {
            Loss::Nothing => Kept::Whole,
            Loss::AnySectors => Kept::Torn,
            Loss::AnySubset if tossed => Kept::Whole,
            Loss::Everything | Loss::AnySubset => Kept::Not,
            Loss::TornTail | Loss::TornTails => match self.torn {
                Some(torn) if step > torn => Kept::Not,
                Some(torn) if step == torn => Kept::Torn,
                _ => Kept::Whole,
            },
        }
    }

    /// Which sectors of a change are there.
    fn sectors(&mut self, step: usize, kept: Kept) -> impl FnMut(usize) -> bool + use<> {
        let mut random = Random(self.random.number() ^ step as u64);
        // A torn tail ends somewhere; sectors at random are there or not.
        let end = (self.loss != Loss::AnySectors).then(|| random.below(64));
        let mut count = 0;
        move |_| match kept {
            Kept::Whole => true,
            Kept::Not => false,
            Kept::Torn => {
                count += 1;
                end.map_or_else(|| random.below(2) == 0, |end| count <= end)
            }
        }
    }
}

fn apply(entries: &mut BTreeMap<String, Node>, entry: &Entry) {
    match entry {
        Entry::Link(name, node) => drop(entries.insert(name.clone(), *node)),
        Entry::Unlink(name) => drop(entries.remove(name)),
        Entry::Move(from, to, node) => {
            if entries.get(from) == Some(node) {
                entries.remove(from);
                entries.insert(to.clone(), *node);
            }
        }
    }
}

/// Applies the sectors of a change that are there, told by their number in the file.
fn write(file: &mut Vec<u8>, act: &Act, is_there: &mut dyn FnMut(usize) -> bool) {
    match act {
        Act::SetLength { length, .. } if is_there(0) => file.resize(*length, 0),
        Act::Write { at, bytes, .. } => {
            let mut from = 0;
            while from < bytes.len() {
                let sector = (at + from) / SECTOR_BYTES;
                let to = bytes.len().min((sector + 1) * SECTOR_BYTES - at);
                if is_there(sector) {
                    file.resize(file.len().max(at + to), 0);
                    file[at + from..at + to].copy_from_slice(&bytes[from..to]);
                }
                from = to;
            }
        }
        _ => {}
    }
}
