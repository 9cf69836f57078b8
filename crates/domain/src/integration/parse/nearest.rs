//! The known name a typed one most likely meant.

use crate::integration::placements::squash;

/// Longer texts are cut before comparing, so that the work stays small.
const COMPARED_CHARS_MAX: usize = 100;

/// The meaning whose name takes the fewest edits from what was typed; the first of equals, none of nothing.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    let typed: Vec<char> = squash(typed).chars().take(COMPARED_CHARS_MAX).collect();
    if typed.is_empty() {
        return None;
    }
    let edits = |name: &str| edits(&typed, &squash(name).chars().collect::<Vec<_>>());
    names.min_by_key(|(name, _)| edits(name)).map(|(_, meaning)| meaning)
}

/// Levenshtein distance, one row at a time.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, right) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        let names = [("course_tool", "course_tool"), ("proctoring", "proctoring")];
        assert_eq!(nearest("proctering", names.into_iter()), Some("proctoring"));
        assert_eq!(nearest("Corse Tol", names.into_iter()), Some("course_tool"));
        assert_eq!(nearest("anything", std::iter::empty()), None);
        assert_eq!(nearest(" - ", names.into_iter()), None);
    }
}
