//! What kubectl reads and the strict parser does not: lines that stand too far left inside quoted scalars and flow
//! collections, and `\'` between double quotes. Texts are put in that change no value, and offsets are led back.

use std::collections::BTreeMap;

use super::place::Text;

/// Times that a document is parsed again, and bytes that may be parsed so.
const MAX_ROUNDS: usize = 64;
const MAX_BYTES: usize = 128 << 20;

/// A text with something put in.
pub(super) struct Mended<'t> {
    original: &'t str,
    /// The text to parse.
    pub text: String,
    /// By offset in the original, what is put in before it.
    added: BTreeMap<usize, Added>,
    /// The same by offset in the mended text.
    places: Vec<Place>,
    rounds: usize,
}

/// Where something was put in.
#[derive(Clone, Copy, Debug)]
struct Place {
    mended: usize,
    original: usize,
    length: usize,
}

/// What is put in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Added {
    /// So many blanks.
    Blanks(usize),
    /// The start of an escape for the quote that follows a backslash; the quote becomes its last digit.
    Escape,
}

impl Added {
    fn len(self) -> usize {
        match self {
            Added::Blanks(count) => count,
            Added::Escape => 2,
        }
    }
}

impl<'t> Mended<'t> {
    /// A text that nothing was put into yet.
    pub(super) fn new(original: &'t str) -> Self {
        Mended {
            original,
            text: original.to_owned(),
            added: BTreeMap::new(),
            places: Vec::new(),
            rounds: 0,
        }
    }

    /// Offset in the original of one in the mended text; within what was put in, that of what follows.
    pub(super) fn original(&self, at: usize) -> usize {
        let behind = self.places.partition_point(|place| place.mended <= at);
        let Some(place) = behind.checked_sub(1).and_then(|last| self.places.get(last)) else {
            return at;
        };
        let inside = at - place.mended;
        place.original + inside.saturating_sub(place.length)
    }

    /// Mends what a parser's error at an offset of the mended text is about. False when that cannot be mended.
    pub(super) fn mend(&mut self, problem: &str, at: usize) -> bool {
        self.rounds += 1;
        if self.rounds > MAX_ROUNDS || self.rounds.saturating_mul(self.original.len()) > MAX_BYTES {
            return false;
        }
        let at = self.original(at);
        let found = match problem {
            "invalid indentation in quoted scalar" => self.quoted(at),
            "invalid indentation" | "invalid indentation in flow construct" | "tab cannot be used as indentation" => {
                self.flow(at)
            }
            "while parsing a quoted scalar, found unknown escape character" => self.escapes(at),
            _ => false,
        };
        if found {
            self.text.clear();
            self.places.clear();
            let mut from = 0;
            for (&offset, &added) in &self.added {
                self.text.push_str(self.original.get(from..offset).unwrap_or(""));
                from = offset;
                self.places.push(Place {
                    mended: self.text.len(),
                    original: offset,
                    length: added.len(),
                });
                match added {
                    Added::Blanks(count) => self.text.extend(std::iter::repeat_n(' ', count)),
                    Added::Escape => {
                        self.text.push_str("x27");
                        from += 1;
                    }
                }
            }
            self.text.push_str(self.original.get(from..).unwrap_or(""));
        }
        found
    }

    /// Indents what continues a quoted scalar as far as its start.
    fn quoted(&mut self, start: usize) -> bool {
        let text = Text(self.original);
        if !matches!(text.byte(start), b'"' | b'\'') {
            return false;
        }
        let columns = start - self.line_start(start);
        let scalar = self.original.get(start..text.closing_quote(start)).unwrap_or("");
        let mut found = false;
        for (at, _) in scalar.match_indices('\n') {
            let line = start + at + 1;
            let indent = self.indent(line);
            let blank = matches!(text.byte(line + indent), b'\n' | b'\r');
            if indent < columns && !blank {
                found |= self.add(line, Added::Blanks(columns - indent));
            }
        }
        found
    }

    /// Indents a line of a flow collection further than what the line before belongs to.
    fn flow(&mut self, at: usize) -> bool {
        let line = self.line_start(at);
        let mut before = line;
        loop {
            let above = self.original.get(..before).unwrap_or("").trim_end().len();
            if above == 0 {
                return false;
            }
            before = self.line_start(above);
            if Text(self.original).byte(before + self.indent(before)) != b'#' {
                break;
            }
        }
        let indicators = Text(self.original).indicators(before);
        let wanted = indicators + self.added.get(&before).map_or(0, |added| added.len()) + 1;
        let has = self.indent(line);
        has < wanted && self.add(line, Added::Blanks(wanted - has))
    }

    /// Writes every `\'` of a double-quoted scalar otherwise.
    fn escapes(&mut self, start: usize) -> bool {
        let text = Text(self.original);
        if text.byte(start) != b'"' {
            return false;
        }
        let (mut at, end) = (start + 1, text.closing_quote(start));
        let mut found = false;
        while at < end {
            if text.byte(at) != b'\\' {
                at += 1;
                continue;
            }
            if text.byte(at + 1) == b'\'' {
                found |= self.add(at + 1, Added::Escape);
            }
            at += 2;
        }
        found
    }

    /// Notes what is put in. False when something is put in there already.
    fn add(&mut self, offset: usize, added: Added) -> bool {
        self.added.insert(offset, added).is_none()
    }

    fn line_start(&self, at: usize) -> usize {
        Text(self.original).line_start(at)
    }

    fn indent(&self, line: usize) -> usize {
        let rest = self.original.as_bytes().get(line..).unwrap_or(&[]);
        rest.iter().take_while(|&&byte| byte == b' ').count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back() {
        let original = "a: \"x\ny\n\nz\"\nb: 1\n";
        let mut mended = Mended::new(original);
        assert!(mended.mend("invalid indentation in quoted scalar", 3));
        assert_eq!(mended.text, "a: \"x\n   y\n\n   z\"\nb: 1\n");
        for (at, c) in mended.text.char_indices().filter(|(_, c)| *c != ' ') {
            assert!(original[mended.original(at)..].starts_with(c));
        }
        assert_eq!(mended.original(mended.text.len()), original.len());
        assert!(
            !mended.mend("invalid indentation in quoted scalar", 3),
            "nothing is left to mend"
        );
    }

    #[test]
    fn flow_lines_are_indented() {
        let mut mended = Mended::new("- a: [b,\n# c\n d]");
        assert!(mended.mend("invalid indentation", 14));
        assert_eq!(mended.text, "- a: [b,\n# c\n   d]");
        let mut mended = Mended::new("a: [\n1,\n2\n]\n");
        assert!(mended.mend("invalid indentation in flow construct", 5));
        assert_eq!(mended.text, "a: [\n 1,\n2\n]\n");
        assert!(mended.mend("invalid indentation in flow construct", 9));
        assert!(mended.mend("invalid indentation", 13));
        assert_eq!(mended.text.lines().count(), 4);
    }

    #[test]
    fn quotes_are_escaped_otherwise() {
        let original = r#"a: "don\'t \\'"#.to_owned() + "\" # \"\nb: 1\n";
        let mut mended = Mended::new(&original);
        assert!(mended.mend("while parsing a quoted scalar, found unknown escape character", 3));
        assert_eq!(mended.text, original.replacen("\\'", "\\x27", 1));
        for at in mended.text.find("t ").into_iter().chain(mended.text.find("b:")) {
            assert_eq!(mended.original(at) + 2, at);
        }
    }

    #[test]
    fn other_problems_are_left() {
        let mut mended = Mended::new("a: \"x\ny\"\n");
        assert!(!mended.mend("did not find expected key", 3));
        assert!(!mended.mend("invalid indentation in quoted scalar", 0));
    }
}
