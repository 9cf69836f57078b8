//! Groups of fields as delivery reports hold them (RFC 3464, section 2.1): like header fields, with a blank line
//! between groups.

/// Fields read of a group; the rest is left out.
const FIELDS_MAX: usize = 64;
/// Bytes kept of a field's value, folded lines included.
const VALUE_BYTES_MAX: usize = 4_096;

/// The fields of one group, in order.
#[derive(Default)]
pub(super) struct Group {
    fields: Vec<(String, String)>,
}

impl Group {
    /// Value of the first field with this name, in any letter case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    fn add(&mut self, line: &str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.fields.last_mut() {
                push(value, line);
            }
        } else if let Some((name, text)) = line.split_once(':')
            && self.fields.len() < FIELDS_MAX
            && is_name(name.trim_end())
        {
            let mut value = String::new();
            push(&mut value, text);
            self.fields.push((name.trim_end().to_owned(), value));
        }
    }
}

/// The groups of a text, at most `groups_max` and one more that tells of too many.
pub(super) fn groups(text: &str, groups_max: usize) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut group = Group::default();
    for line in text.lines() {
        if !line.trim().is_empty() {
            group.add(line);
        } else if !group.fields.is_empty() {
            groups.push(std::mem::take(&mut group));
            if groups.len() > groups_max {
                return groups;
            }
        }
    }
    if !group.fields.is_empty() {
        groups.push(group);
    }
    groups
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn push(value: &mut String, text: &str) {
    let room = VALUE_BYTES_MAX.saturating_sub(value.len());
    value.push_str(&text[..text.floor_char_boundary(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_part_at_blank_lines_and_folded_lines_belong_together() {
        let groups = groups("A: 1\r\nB : two\r\n  three\r\n \r\n\r\n\nno field\nC: 3", 9);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].get("a"), Some("1"));
        assert_eq!(groups[0].get("b"), Some("two  three"));
        assert_eq!(groups[1].get("C"), Some("3"));
    }

    #[test]
    fn fields_values_and_groups_are_bounded() {
        let long = format!("A: {}\n {}\n", "é".repeat(VALUE_BYTES_MAX), "x".repeat(VALUE_BYTES_MAX));
        let length = groups(&long, 9)[0].get("A").map_or(0, str::len);
        assert!((VALUE_BYTES_MAX - 4..=VALUE_BYTES_MAX).contains(&length), "{length}");
        assert_eq!(groups(&"A: 1\n".repeat(1_000), 9)[0].fields.len(), FIELDS_MAX);
        assert_eq!(groups(&"A: 1\n\n".repeat(1_000), 9).len(), 10);
    }
}
