//! What counts of an answer: records of the name that was asked for, or of the one its aliases lead to.

use hickory_resolver::proto::{
    op::Message,
    rr::{Name, RData, RecordType},
};

/// Aliases in a circle, or more than are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Astray;

/// The way from the name that was asked about along its aliases (RFC 1034, 3.6.2).
#[derive(Debug)]
pub(crate) struct Trail {
    at: Name,
    followed: u32,
}

impl Trail {
    pub(crate) fn new(name: &Name) -> Self {
        Self { at: fully_qualified(name), followed: 0 }
    }

    /// The name to ask for next.
    pub(crate) fn at(&self) -> &Name {
        &self.at
    }

    /// Aliases followed so far.
    pub(crate) fn followed(&self) -> u32 {
        self.followed
    }

    /// Follows the aliases in an answer, which may hold several links of the chain, in any order; gives what the name at
    /// their end has of a type.
    pub(crate) fn read(
        &mut self,
        records: Vec<(Name, RData)>,
        kind: RecordType,
        aliases_max: u32,
    ) -> Result<Vec<RData>, Astray> {
        while let Some(target) = alias_of(&self.at, &records) {
            self.followed += 1;
            if self.followed > aliases_max {
                return Err(Astray);
            }
            self.at = fully_qualified(&target);
        }
        let found =
            records.into_iter().filter(|(owner, data)| *owner == self.at && data.record_type() == kind);
        Ok(found.map(|(_, data)| data).collect())
    }
}

/// The records of the answer section; what else an answer brings along is nobody's word for anything.
pub(crate) fn records(message: Message) -> Vec<(Name, RData)> {
    message.answers.into_iter().map(|record| (fully_qualified(&record.name), record.data)).collect()
}

/// Absolute, so that no search list can ever be tried behind it.
fn fully_qualified(name: &Name) -> Name {
    let mut name = name.clone();
    name.set_fqdn(true);
    name
}

fn alias_of(name: &Name, records: &[(Name, RData)]) -> Option<Name> {
    records.iter().find_map(|(owner, data)| match data {
        RData::CNAME(target) if owner == name => Some(target.0.clone()),
        _ => None,
    })
}

#[cfg(test)]
#[path = "../../fuzz/properties/dns_answer.rs"]
mod property;

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::{
        op::OpCode,
        rr::{
            Record,
            rdata::{A, AAAA, CNAME, MX},
        },
    };
    use mail_farm::chance::Chance;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn alias(from: &str, to: &str) -> (Name, RData) {
        (name(from), RData::CNAME(CNAME(name(to))))
    }

    fn mail_host(of: &str, host: &str) -> (Name, RData) {
        (name(of), RData::MX(MX::new(10, name(host))))
    }

    /// An answer on the wire.
    fn wire(records: impl IntoIterator<Item = (Name, RData)>) -> Vec<u8> {
        let mut message = Message::response(7, OpCode::Query);
        for (owner, data) in records {
            message.add_answer(Record::from_rdata(owner, 60, data));
        }
        message.to_vec().unwrap()
    }

    #[test]
    fn only_records_at_the_end_of_the_aliases_count() {
        let mut trail = Trail::new(&name("vendor.org"));
        let records = vec![
            mail_host("mail.vendor.org.", "mx.vendor.org."),
            mail_host("vendor.org.", "not.vendor.org."),
            alias("b.vendor.org.", "mail.vendor.org."),
            alias("vendor.org.", "b.vendor.org."),
            mail_host("other.org.", "mx.other.org."),
        ];
        let found = trail.read(records, RecordType::MX, 8).unwrap();
        assert_eq!(found, [mail_host("mail.vendor.org.", "mx.vendor.org.").1]);
        assert_eq!((trail.followed(), trail.at()), (2, &name("mail.vendor.org.")));
    }

    #[test]
    fn a_circle_of_aliases_leads_astray() {
        let mut trail = Trail::new(&name("vendor.org."));
        let records = vec![alias("vendor.org.", "b.org."), alias("b.org.", "vendor.org.")];
        assert_eq!(trail.read(records, RecordType::MX, 8), Err(Astray));
    }

    #[test]
    fn broken_answers_lead_to_nothing_but_what_was_asked_for() {
        let v4 = |of: &str, address: [u8; 4]| (name(of), RData::A(A(address.into())));
        let v6 = |of: &str, address: u128| (name(of), RData::AAAA(AAAA(address.into())));
        let answers = [
            wire([mail_host("vendor.org.", "mx.vendor.org."), mail_host("vendor.org.", "mx2.vendor.org.")]),
            wire([alias("vendor.org.", "mail.vendor.org."), v4("mail.vendor.org.", [9, 9, 9, 9])]),
            wire([v4("vendor.org.", [127, 0, 0, 1]), v4("vendor.org.", [10, 0, 0, 1])]),
            wire([v6("vendor.org.", 0x2606_4700_0000_0000_0000_0000_0000_0001), v6("vendor.org.", 1)]),
            wire([v6("vendor.org.", 0x0064_ff9b << 96 | 0x7f00_0001)]),
            wire([]),
        ];
        let words: [&[u8]; 4] = [b"\xc0\x0c", b"\0\x01\0\x01", b"\x06vendor\x03org\0", b"\xff\xff"];
        let mut chance = Chance(4);
        let counted = (0..20_000).filter(|_| property::holds(&chance.broken(&answers, &words))).count();
        assert!((1_000..19_000).contains(&counted), "{counted}");
    }
}
