//! Entitlements (what an application may do) and the privilege labels administrators know them by. The
//! table is data with a version; this build carries a starting set.

use std::{collections::BTreeMap, sync::LazyLock};

/// Version of the table, shown wherever labels are.
pub const TABLE_VERSION: &str = "2026-11";

/// Longest id in bytes; the longest known has 59.
const ID_BYTES_MAX: usize = 100;

/// Id and label a line, parted by a tab.
const TABLE: &str = include_str!("../data/entitlements.tsv");

static LABELS: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| TABLE.lines().filter_map(|line| line.split_once('\t')).collect());

/// Label of an entitlement id, when the table knows it. Only the exact id counts: a neighbour's label would
/// make administrators grant something else.
pub fn privilege_label(entitlement: &str) -> Option<&'static str> {
    LABELS.get(entitlement).copied()
}

/// Whether a text has the form of an entitlement id: dotted words and a final verb in capitals.
pub fn is_well_formed(entitlement: &str) -> bool {
    let Some((object, verb)) = entitlement.rsplit_once('.') else { return false };
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_verb = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_uppercase());
    entitlement.len() <= ID_BYTES_MAX && is_verb && object.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::{LABELS, TABLE, is_well_formed, privilege_label};

    #[test]
    fn a_known_entitlement_has_the_label_administrators_see() {
        let label = "Course/Organization Control Panel (Tools) > Attendance > View Attendance";
        assert_eq!(privilege_label("course.attendance.VIEW"), Some(label));
    }

    #[test]
    fn an_unknown_entitlement_never_gets_its_neighbours_label() {
        assert_eq!(privilege_label("system.user.impersonate.VIEW"), None);
        assert_eq!(privilege_label("course.attendance.view"), None);
        assert_eq!(privilege_label(""), None);
    }

    #[test]
    fn the_table_holds_well_formed_ids_once_each_in_order_with_a_label() {
        let lines: Vec<&str> = TABLE.lines().collect();
        assert!(lines.is_sorted(), "rows are sorted by id");
        assert_eq!(LABELS.len(), lines.len(), "no id stands twice and no row lacks its tab");
        assert!(LABELS.iter().all(|(id, label)| is_well_formed(id) && !label.trim().is_empty()));
    }

    #[test]
    fn ids_are_dotted_words_with_a_final_verb_in_capitals() {
        for id in ["course.attendance.VIEW", "bbcms.cs.fileSystem.REST.VIEW", "course.user-enroll.EXECUTE"] {
            assert!(is_well_formed(id), "{id}");
        }
        let blank = "course.attendance VIEW";
        for id in ["", "VIEW", ".VIEW", "course.", "course.view", "course..VIEW", "*.VIEW", "course.*", blank]
        {
            assert!(!is_well_formed(id), "{id}");
        }
    }
}
