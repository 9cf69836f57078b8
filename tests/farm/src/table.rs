//! The table of situations: every one of the list, and more.

use crate::script::{self, Situation};

const TEXTS: [&str; 6] = [
    include_str!("../situations/input.txt"),
    include_str!("../situations/names.txt"),
    include_str!("../situations/targets.txt"),
    include_str!("../situations/replies.txt"),
    include_str!("../situations/conversations.txt"),
    include_str!("../situations/elsewhere.txt"),
];

/// All situations, each with a domain and addresses of its own.
pub fn situations() -> Vec<Situation> {
    TEXTS.iter().fold(Vec::new(), |mut all, text| {
        all.extend(script::read(text, all.len()));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_situation_of_the_list_stands_in_the_table_once_or_more() {
        let numbers: BTreeSet<String> = situations().into_iter().map(|situation| situation.number).collect();
        for number in 1..=76 {
            assert!(numbers.contains(&format!("V{number}")), "V{number}");
        }
    }

    #[test]
    fn the_table_has_two_hundred_situations_that_a_check_decides() {
        let all = situations();
        assert!(all.iter().filter(|situation| situation.elsewhere.is_none()).count() >= 200);
    }

    #[test]
    fn no_two_situations_ask_about_one_address_in_different_worlds() {
        let all = situations();
        let with_names: Vec<_> = all.iter().filter(|situation| !situation.rules.is_empty()).collect();
        let titles: BTreeSet<_> = all.iter().map(|s| (&s.number, &s.title)).collect();
        assert_eq!(titles.len(), all.len(), "no situation stands twice");
        assert!(with_names.len() >= 200);
    }
}
