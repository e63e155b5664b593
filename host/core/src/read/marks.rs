//! Characters that mean something only where they stand: `#`, which may start a comment, and tabs and line separators,
//! which kubectl's parser refuses in places where newer ones do not mind.

use super::place::Text;

/// What stands at a place that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// A scalar between quotes.
    Quoted,
    /// A scalar without, in a collection.
    Plain,
    /// A scalar without that is the whole document.
    Text,
    /// The content of a block scalar.
    Block,
    /// A bracket or an alias.
    Other,
}

/// Where kubectl's parser gives up, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Refusal {
    /// Offset in the text.
    pub at: usize,
    /// Why.
    pub reason: &'static str,
}

const TAB: &str = "a tab where only blanks may indent";
const SEPARATOR: &str =
    "a line or paragraph separator (U+0085, U+2028 or U+2029) outside of quotes, which kubectl takes for a line break";

/// The next marks of a text, as its tokens go by.
pub(super) struct Marks<'t> {
    text: Text<'t>,
    ascii: bool,
    hash: usize,
    tab: usize,
    separator: usize,
    /// The least of them.
    next: usize,
    /// The token before.
    last: (usize, usize, Token),
}

impl<'t> Marks<'t> {
    /// All marks of a text. In an ASCII text there are no separators.
    pub(super) fn new(text: Text<'t>, ascii: bool) -> Self {
        let mut marks = Marks {
            text,
            ascii,
            hash: 0,
            tab: 0,
            separator: usize::MAX,
            next: 0,
            last: (0, 0, Token::Other),
        };
        marks.hash = text.find(b'#', 0);
        marks.tab = text.find(b'\t', 0);
        marks.separator = marks.find_separator(0);
        marks.update();
        marks
    }

    fn update(&mut self) {
        self.next = self.hash.min(self.tab).min(self.separator);
    }

    fn find_separator(&self, mut from: usize) -> usize {
        if self.ascii {
            return usize::MAX;
        }
        let bytes = self.text.0.as_bytes();
        while let Some(found) = memchr::memchr2(0xC2, 0xE2, bytes.get(from..).unwrap_or(&[])) {
            let at = from + found;
            match bytes.get(at..) {
                Some([0xC2, 0x85, ..] | [0xE2, 0x80, 0xA8 | 0xA9, ..]) => return at,
                _ => from = at + 1,
            }
        }
        usize::MAX
    }

    /// A token stands here, behind the last one. `flow` says whether it lies within brackets. Calls `comment` with the
    /// place of every comment before it, and whether that stands alone on its line.
    ///
    /// # Errors
    /// What kubectl refuses before or in the token.
    #[inline]
    pub(super) fn pass(
        &mut self,
        start: usize,
        end: usize,
        token: Token,
        flow: bool,
        comment: impl FnMut((usize, usize), bool),
    ) -> Result<(), Refusal> {
        if self.next < end {
            self.meet(start, end, token, flow, comment)?;
        }
        self.last = (start, end, token);
        Ok(())
    }

    #[cold]
    fn meet(
        &mut self,
        start: usize,
        end: usize,
        token: Token,
        flow: bool,
        mut comment: impl FnMut((usize, usize), bool),
    ) -> Result<(), Refusal> {
        let swallowed = self.text.after_space(self.last.1);
        while self.next < start {
            let at = self.next;
            if at == self.hash {
                match self.text.comment(at) {
                    Some((line_end, alone)) => {
                        comment((at, line_end), alone);
                        self.hash = self.text.find(b'#', line_end);
                        if self.tab < line_end {
                            self.tab = self.text.find(b'\t', line_end);
                        }
                    }
                    None => self.hash = self.text.find(b'#', at + 1),
                }
            } else if at == self.tab {
                if !flow && self.refuses_between(at, swallowed) {
                    return Err(Refusal { at, reason: TAB });
                }
                // The first of a line decides.
                self.tab = self.text.find(b'\t', self.text.line_end(at).min(start));
            } else {
                return Err(Refusal { at, reason: SEPARATOR });
            }
            // A separator within a comment ends it for kubectl; it is met here, as it lies behind the `#`.
            self.update();
        }
        if self.hash < end {
            self.hash = self.text.find(b'#', end);
        }
        while self.tab < end {
            let at = self.tab;
            let refused = match token {
                Token::Plain => !flow && self.indents(at) && self.column(at) <= self.indent(start),
                Token::Block => self.indents(at) && self.column(at) < self.column(start),
                Token::Quoted | Token::Text | Token::Other => false,
            };
            if refused {
                return Err(Refusal { at, reason: TAB });
            }
            self.tab = match token {
                Token::Quoted | Token::Text | Token::Other => self.text.find(b'\t', end),
                Token::Plain | Token::Block => self.text.find(b'\t', self.text.line_end(at)),
            };
        }
        if self.separator < end {
            if token != Token::Quoted {
                return Err(Refusal {
                    at: self.separator,
                    reason: SEPARATOR,
                });
            }
            self.separator = self.find_separator(end);
        }
        self.update();
        Ok(())
    }

    /// Whether a tab between tokens is refused: it must not indent, but on blank lines behind a plain scalar, which that
    /// swallows.
    fn refuses_between(&self, tab: usize, swallowed: usize) -> bool {
        let (start, _, token) = self.last;
        let indents = self.indents(tab);
        match token {
            Token::Plain if indents && tab < swallowed => self.column(tab) <= self.indent(start),
            Token::Text if indents && tab < swallowed => false,
            _ => indents || self.follows_indicator(tab),
        }
    }

    /// The column of the collection that a plain scalar lies in.
    fn indent(&self, start: usize) -> usize {
        let line = self.text.line_start(start);
        let columns = self.text.indicators(start);
        if line + columns < start {
            return columns;
        }
        // Right behind a dash, or on a line of its own.
        let indicators = self.text.0.as_bytes().get(line..start).unwrap_or(&[]);
        memchr::memrchr2(b'-', b'?', indicators).unwrap_or(0)
    }

    fn column(&self, at: usize) -> usize {
        at - self.text.line_start(at)
    }

    /// Whether only blanks stand before a place on its line.
    fn indents(&self, at: usize) -> bool {
        let line = self.text.0.as_bytes().get(self.text.line_start(at)..at);
        line.is_some_and(|line| line.iter().all(|byte| matches!(byte, b' ' | b'\t')))
    }

    /// Whether only blanks stand between a dash or question mark that opens an entry and a place.
    fn follows_indicator(&self, at: usize) -> bool {
        let before = self.text.0.as_bytes().get(..at).unwrap_or(&[]);
        let bare = before.trim_ascii_end();
        let open = matches!(bare, [b'-' | b'?'] | [.., b' ' | b'\t' | b'\n' | b'\r', b'-' | b'?']);
        // Not on a line before.
        open && bare.len() > self.text.line_start(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where kubectl refuses a text that is one token from `start` to `end` and else nothing.
    fn refused(text: &str, start: usize, end: usize, token: Token) -> Option<usize> {
        let mut marks = Marks::new(Text(text), text.is_ascii());
        let token = marks.pass(start, end, token, false, |_, _| ());
        let rest = token.and_then(|()| marks.pass(text.len(), text.len(), Token::Other, false, |_, _| ()));
        rest.err().map(|refusal| refusal.at)
    }

    #[test]
    fn tabs_must_not_indent() {
        assert_eq!(refused("\ta", 1, 2, Token::Plain), Some(0));
        assert_eq!(refused("-\ta", 2, 3, Token::Plain), Some(1));
        assert_eq!(refused("a\n\t\n", 0, 1, Token::Plain), Some(2));
        assert_eq!(refused("k: a\n\tb", 3, 7, Token::Plain), Some(5));
        assert_eq!(refused("k: |\n  a\n\t\n", 7, 11, Token::Block), Some(9));
        assert_eq!(refused("\t# c\na", 5, 6, Token::Plain), Some(0));
    }

    #[test]
    fn other_tabs_are_fine() {
        assert_eq!(refused("k:\ta\t# -\tc\n", 3, 4, Token::Plain), None);
        assert_eq!(refused("k: |\n  a\n  \tb\n", 7, 13, Token::Block), None);
        assert_eq!(refused("'a\n\tb'", 0, 6, Token::Quoted), None);
        assert_eq!(refused("---\t\na", 5, 6, Token::Plain), None);
        assert_eq!(refused("k: a\n \t\n", 3, 4, Token::Plain), None);
        assert_eq!(refused(" - a\n  \tb\n", 3, 8, Token::Plain), None);
        assert_eq!(refused("a\n\tb\n", 0, 4, Token::Text), None);
    }

    #[test]
    fn separators_need_quotes() {
        assert_eq!(refused("# a\u{2028}b: c\nd", 12, 13, Token::Plain), Some(3));
        assert_eq!(refused("a\u{85}b", 0, 4, Token::Plain), Some(1));
        assert_eq!(refused("'a\u{2029}b'", 0, 7, Token::Quoted), None);
        assert_eq!(refused("é — a", 0, 9, Token::Plain), None);
    }

    #[test]
    fn comments_are_told() {
        let text = "# a\nb: '#' # c\n# d";
        let mut marks = Marks::new(Text(text), true);
        let mut found = Vec::new();
        let mut note = |place: (usize, usize), alone| found.push((&text[place.0..place.1], alone));
        marks.pass(4, 5, Token::Plain, false, &mut note).expect("fine");
        marks.pass(7, 10, Token::Quoted, false, &mut note).expect("fine");
        marks
            .pass(text.len(), text.len(), Token::Other, false, &mut note)
            .expect("fine");
        assert_eq!(found, [("# a", true), ("# c", false), ("# d", true)]);
    }
}
