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

#[cfg(test)]
mod tests {
    use super::*;
    use reachability::Evidence;

    fn vendor(n: u128) -> ProdAccountId {
        ProdAccountId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn found(reason: Reason) -> Finding {
        Finding {
            reason,
            flags: BTreeSet::new(),
            evidence: Vec::new(),
            believed_for: None,
            signals: reachability::Signals::default(),
            queries: 1,
        }
    }

    fn in_vain() -> Finding {
        Finding { flags: [Flag::EgressUntested].into(), ..found(Reason::NoConnection) }
    }

    fn heard(reason: Reason) -> Finding {
        let evidence = Evidence {
            host: "mx.acme.com".to_owned(),
            address: [192, 0, 2, 1].into(),
            reason,
            stage: Stage::Greeting,
            code: None,
            enhanced: None,
            text: String::new(),
            tls: false,
        };
        Finding { evidence: vec![evidence], ..found(reason) }
    }

    /// Whether it is suspected after looks at these vendors that reached nobody.
    fn after(vendors: impl Iterator<Item = u128>) -> Egress {
        let mut egress = Egress::default();
        for n in vendors {
            egress.note(vendor(n), &in_vain());
        }
        egress
    }

    #[test]
    fn ten_looks_in_vain_at_three_vendors_are_our_own_trouble_and_fewer_are_theirs() {
        assert!(after((0..10).map(|n| n % 3)).is_suspected());
        assert!(!after((0..9).map(|n| n % 3)).is_suspected());
        assert!(!after((0..100).map(|n| n % 2)).is_suspected());
    }

    #[test]
    fn a_server_that_speaks_ends_the_suspicion_and_a_look_that_dialled_nobody_does_not() {
        let mut egress = after(0..10);
        assert!(!egress.note(vendor(1), &found(Reason::NoDomain)));
        assert!(egress.is_suspected());
        assert!(egress.note(vendor(1), &heard(Reason::Busy)));
        assert!(!egress.is_suspected());
    }

    #[test]
    fn hosts_known_to_answer_decide_at_once() {
        let mut egress = Egress::default();
        assert!(egress.note(vendor(1), &found(Reason::Egress)));
        assert!(egress.is_suspected());
        assert!(
            egress.note(vendor(1), &found(Reason::NoConnection)),
            "the others are reached, these are not"
        );
        assert!(!egress.is_suspected());
    }
}
