//! Cuts a stream into pieces as kubectl does: before it parses, at every line that starts with `---`.

use std::ops::Range;

/// A part of the text that is parsed by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// Its bytes.
    pub range: Range<usize>,
    /// Whether its first line is a separator with more than a comment behind it, which kubectl refuses.
    pub refused: bool,
}

/// The pieces of a text from an offset on, at most so many. A separator that nothing precedes belongs to the piece that it
/// opens.
pub(super) fn pieces(text: &str, from: usize, limit: usize) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut start = from;
    let mut refused = false;
    let tail = text.get(from..).unwrap_or("");
    let first = tail.starts_with("---").then_some(from);
    let later = memchr::memmem::find_iter(tail.as_bytes(), "\n---").map(|at| from + at + 1);
    for separator in first.into_iter().chain(later) {
        let rest = text.get(separator + 3..).unwrap_or("");
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        let trailing = line.trim();
        let empty = separator == start;
        if !empty {
            found.push(Piece {
                range: start..separator,
                refused,
            });
            if found.len() >= limit {
                return found;
            }
        }
        refused = !trailing.is_empty() && !trailing.starts_with('#');
        start = if empty || refused {
            separator
        } else {
            (separator + 3 + line.len() + 1).min(text.len())
        };
    }
    if start < text.len() {
        found.push(Piece {
            range: start..text.len(),
            refused,
        });
    }
    found
}

/// Whether kubectl tries to read a text as JSON first: an opening brace is its first character.
pub(super) fn may_be_json(text: &str) -> bool {
    let mut window = 4096.min(text.len());
    while !text.is_char_boundary(window) {
        window -= 1;
    }
    text.get(..window)
        .is_some_and(|text| text.trim_start().starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        pieces(text, 0, 100)
            .into_iter()
            .map(|piece| &text[piece.range])
            .collect()
    }

    #[test]
    fn separators_cut_and_vanish() {
        assert_eq!(cut("a: 1\n---\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(cut("a: 1\n--- # next\r\nb: 2"), ["a: 1\n", "b: 2"]);
        assert_eq!(cut("a: |\n  x\n ---\n---\t\n"), ["a: |\n  x\n ---\n"]);
    }

    #[test]
    fn a_separator_at_the_start_stays() {
        assert_eq!(cut("---\na: 1\n---\n"), ["---\na: 1\n"]);
        assert_eq!(cut("---\n---\na: 1\n"), ["---\n", "a: 1\n"]);
        assert_eq!(cut("---"), ["---"]);
        assert_eq!(cut(""), [""; 0]);
    }

    #[test]
    fn what_follows_a_separator_is_refused() {
        let text = "a: 1\n--- b\nc: 2\n---\nd: 3\n";
        let refused: Vec<_> = pieces(text, 0, 100).into_iter().map(|piece| piece.refused).collect();
        assert_eq!(refused, [false, true, false]);
        assert_eq!(cut(text), ["a: 1\n", "--- b\nc: 2\n", "d: 3\n"]);
        assert!(pieces("-----BEGIN\n", 0, 100)[0].refused);
    }

    #[test]
    fn there_is_an_end() {
        assert_eq!(pieces(&"---\n".repeat(100), 0, 10).len(), 10);
    }

    #[test]
    fn json_starts_with_a_brace() {
        assert!(may_be_json(" \n{"));
        assert!(!may_be_json("[{}]"));
        assert!(!may_be_json(&format!("{}{{", " ".repeat(5000))));
        assert!(!may_be_json(&format!("{}{{", "é".repeat(5000))));
    }
}
