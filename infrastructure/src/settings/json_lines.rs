//! On which line of a JSON list of objects a field stands, so that a mistake can be told with its line.

use std::ops::Range;

/// A JSON list that was read before, with the places of its elements.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// The bytes of each element.
    elements: Vec<Range<usize>>,
}

impl<'a> Lines<'a> {
    /// Of a text that is known to be a JSON list of objects.
    pub(super) fn of(text: &'a str) -> Self {
        let mut elements = Vec::new();
        let (mut depth, mut begin) = (0_u32, 0);
        for (at, byte) in outside_strings(text) {
            match byte {
                b'{' | b'[' => {
                    depth += 1;
                    if depth == 2 {
                        begin = at;
                    }
                }
                b'}' | b']' => {
                    if depth == 2 {
                        elements.push(begin..at + 1);
                    }
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
        Self { text, elements }
    }

    /// The line, from 1, of that field of the element of that index, from 0; the element's own line when the field
    /// is not written there.
    pub(super) fn of_field(&self, index: usize, field: &str) -> usize {
        let Some(element) = self.elements.get(index) else {
            return 1;
        };
        let at = self.key(element.clone(), field).unwrap_or(element.start);
        1 + self.text.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    }

    fn key(&self, element: Range<usize>, field: &str) -> Option<usize> {
        let quoted = format!("\"{field}\"");
        let inside = self.text.get(element.clone())?;
        let found = inside.match_indices(&quoted).find(|(at, _)| {
            let rest = &inside[at + quoted.len()..];
            rest.trim_start().starts_with(':')
        });
        found.map(|(at, _)| element.start + at)
    }
}

/// The bytes that stand outside of every string.
fn outside_strings(text: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let (mut inside, mut escaped) = (false, false);
    text.bytes().enumerate().filter(move |(_, byte)| {
        let was_inside = inside;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ => {}
        }
        !was_inside && *byte != b'"'
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_found_on_its_line_whatever_texts_say() {
        let text = "[\n {\"id\": \"a }] \\\" {\",\n  \"name\": \"id\"},\n\n {\n  \"name\"\n : \"b\",\"id\": 1}]";
        let lines = Lines::of(text);
        assert_eq!(lines.elements.len(), 2);
        assert_eq!(lines.of_field(0, "id"), 2);
        assert_eq!(lines.of_field(0, "name"), 3);
        assert_eq!(lines.of_field(1, "name"), 6);
        assert_eq!(lines.of_field(1, "id"), 7);
        assert_eq!(lines.of_field(1, "absent"), 5);
    }
}
