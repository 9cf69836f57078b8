//! Is it them or us? Port 25 to the outside is often blocked; then every contact looks dead and none is.

use domain::ids::ProdAccountId;
use reachability::{Finding, Flag, Reason, Stage};
use std::collections::{BTreeSet, VecDeque};

/// So many looks in a row that reached nobody make us suspect ourselves,
const LOOKS: usize = 10;
/// if they were about so many vendors: one may have dead hosts.
const VENDORS: usize = 3;

/// What the latest looks say about our own way out.
#[derive(Debug, Default)]
pub(super) struct Egress {
    in_vain: VecDeque<ProdAccountId>,
    is_suspected: bool,
}

impl Egress {
    pub(super) fn is_suspected(&self) -> bool {
        self.is_suspected
    }

    /// Takes one more look into account. Returns whether the suspicion has begun or passed with it.
    pub(super) fn note(&mut self, account: ProdAccountId, finding: &Finding) -> bool {
        let before = self.is_suspected;
        match finding.reason {
            // Hosts known to answer do not answer either.
            Reason::Egress => self.is_suspected = true,
            Reason::NoConnection if finding.flags.contains(&Flag::EgressUntested) => {
                self.in_vain.push_back(account);
                if self.in_vain.len() > LOOKS {
                    self.in_vain.pop_front();
                }
                let vendors: BTreeSet<_> = self.in_vain.iter().map(|account| account.uuid()).collect();
                self.is_suspected |= self.in_vain.len() == LOOKS && vendors.len() >= VENDORS;
            }
            // A host known to answer did.
            Reason::NoConnection => self.works(),
            _ if finding.evidence.iter().any(|evidence| evidence.stage > Stage::Connect) => self.works(),
            // Nobody was dialled.
            _ => {}
        }
        before != self.is_suspected
    }

    fn works(&mut self) {
        self.in_vain.clear();
        self.is_suspected = false;
    }
}
