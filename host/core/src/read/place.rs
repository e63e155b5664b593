//! Finding one's place in a document's text: where tokens really start and end, and comments.

/// A document's text. Offsets past its end are taken as the end.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(pub &'t str);

impl<'t> Text<'t> {
    /// A byte; 0 at the end.
    #[inline]
    pub(super) fn byte(self, at: usize) -> u8 {
        self.0.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn rest(self, at: usize) -> &'t [u8] {
        self.0.as_bytes().get(at..).unwrap_or(&[])
    }

    /// The character at an offset, to point at; nothing at the end of a line.
    pub(super) fn visible(self, at: usize) -> (usize, usize) {
        let at = self.0.floor_char_boundary(at);
        let next = self.0.get(at..).and_then(|rest| rest.chars().next());
        (
            at,
            at + next.filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8),
        )
    }

    /// The next such byte from an offset on; past the end when there is none.
    pub(super) fn find(self, byte: u8, from: usize) -> usize {
        memchr::memchr(byte, self.rest(from)).map_or(usize::MAX, |at| from + at)
    }

    /// The start of the line.
    pub(super) fn line_start(self, at: usize) -> usize {
        let before = self.0.as_bytes().get(..at).unwrap_or(self.0.as_bytes());
        memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)
    }

    /// Columns of blanks and indicators of entries at the start of a place's line.
    pub(super) fn indicators(self, at: usize) -> usize {
        let line = self.rest(self.line_start(at));
        line.iter()
            .take_while(|byte| matches!(byte, b' ' | b'-' | b'?'))
            .count()
    }

    /// The end of the comment that the `#` at an offset starts, and whether it stands alone on its line; none when it
    /// starts none, as it follows other text.
    pub(super) fn comment(self, hash: usize) -> Option<(usize, bool)> {
        let before = self.0.as_bytes().get(..hash)?;
        if !matches!(before.last(), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
            return None;
        }
        let alone = before
            .iter()
            .rev()
            .find(|byte| !matches!(byte, b' ' | b'\t'))
            .is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
        Some((self.line_end(hash), alone))
    }

    /// The end of the line, without its break.
    pub(super) fn line_end(self, from: usize) -> usize {
        let rest = self.rest(from);
        from + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())
    }

    /// The first byte from an offset on that is no blank or line break.
    pub(super) fn after_space(self, at: usize) -> usize {
        let rest = self.rest(at);
        at + (rest.len() - rest.trim_ascii_start().len())
    }

    /// The first byte from an offset on that is no blank, line break or comment.
    fn after_blanks(self, mut at: usize) -> usize {
        loop {
            match self.byte(at) {
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                b'#' if self.comment(at).is_some() => at = self.line_end(at),
                _ => return at,
            }
        }
    }

    /// Where a node's content starts behind its anchor and tag.
    pub(super) fn after_properties(self, mut at: usize) -> usize {
        while matches!(self.byte(at), b'&' | b'!') {
            at = self.after_property(at);
        }
        at
    }

    /// What follows an anchor or tag.
    pub(super) fn after_property(self, at: usize) -> usize {
        let word = self.rest(at);
        let blank = word
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.after_blanks(at + blank.unwrap_or(word.len()))
    }

    /// The first byte of an anchor's name that kubectl's parser does not take for a part of it.
    pub(super) fn odd_name(self, start: usize) -> Option<usize> {
        let name = self.rest(start);
        let length = name
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .count();
        let ends = matches!(
            name.get(length),
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}')
        );
        (!ends).then_some(start + length)
    }

    /// The first `\/` between these offsets of a double-quoted scalar.
    pub(super) fn escaped_slash(self, start: usize, end: usize) -> Option<usize> {
        let scalar = self.0.as_bytes().get(start..end).unwrap_or(&[]);
        let mut at = 0;
        while let Some(found) = memchr::memchr(b'\\', scalar.get(at..).unwrap_or(&[])) {
            at += found;
            if scalar.get(at + 1) == Some(&b'/') {
                return Some(start + at);
            }
            at += 2;
        }
        None
    }

    /// Where the header of a block scalar stands behind a key, a dash or the last token.
    pub(super) fn block_header(self, last: usize) -> usize {
        self.after_indicators(last, b"-:?")
    }

    /// Whether an entry of a block sequence starts here.
    pub(super) fn is_entry(self, at: usize) -> bool {
        self.byte(at) == b'-' && matches!(self.byte(at + 1), b' ' | b'\t' | b'\n' | b'\r' | 0)
    }

    /// Where the first dash of a sequence stands behind a key or the last token.
    pub(super) fn dash(self, last: usize) -> usize {
        self.after_indicators(last, b":?")
    }

    fn after_indicators(self, last: usize, indicators: &[u8]) -> usize {
        let mut at = self.after_blanks(last);
        loop {
            let byte = self.byte(at);
            if indicators.contains(&byte) {
                at = self.after_blanks(at + 1);
            } else if matches!(byte, b'&' | b'!') {
                at = self.after_properties(at);
            } else {
                return at.min(self.0.len());
            }
        }
    }

    /// Where the content of a block scalar starts whose header stands here.
    pub(super) fn block_content(self, header: usize) -> usize {
        let mut at = self.line_end(header);
        while matches!(self.byte(at), b' ' | b'\t' | b'\n' | b'\r') {
            at += 1;
        }
        at
    }

    /// The end of a range without blanks and line breaks at its end.
    pub(super) fn trimmed(self, start: usize, end: usize) -> usize {
        let content = self.0.as_bytes().get(start..end.min(self.0.len())).unwrap_or(&[]);
        let last = content
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        start + last.map_or(0, |last| last + 1)
    }

    /// The end of the quoted scalar that starts here, behind its closing quote.
    pub(super) fn closing_quote(self, start: usize) -> usize {
        let quote = self.byte(start);
        let rest = self.rest(start + 1);
        let mut at = 0;
        while let Some(found) = memchr::memchr2(quote, b'\\', rest.get(at..).unwrap_or(&[])) {
            at += found;
            at += match rest.get(at) {
                Some(b'\\') if quote == b'"' => 2,
                Some(b'\\') => 1,
                _ if quote == b'\'' && rest.get(at + 1) == Some(&b'\'') => 2,
                _ => return start + at + 2,
            };
        }
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_close() {
        for (text, end) in [
            ("'a''b' c", 6),
            (r#""a\"b" c"#, 6),
            ("'", 1),
            ("''", 2),
            (r#""\\" "x""#, 4),
        ] {
            assert_eq!(Text(text).closing_quote(0), end, "{text}");
        }
    }

    #[test]
    fn properties_are_passed() {
        let text = "&a !!str # not '\n  \"x\"";
        assert_eq!(Text(text).after_properties(0), text.find('"').expect("there"));
        assert_eq!(Text("x").after_properties(0), 0);
    }

    #[test]
    fn comments_follow_blanks() {
        let text = "a: b#c # d\n  # e\r\n#f";
        let found: Vec<_> = text
            .match_indices('#')
            .filter_map(|(at, _)| Text(text).comment(at).map(|(end, alone)| (&text[at..end], alone)))
            .collect();
        assert_eq!(found, [("# d", false), ("# e", true), ("#f", true)]);
    }

    #[test]
    fn errors_point_at_a_character() {
        assert_eq!(Text("aé").visible(2), (1, 3));
        assert_eq!(Text("a\n").visible(1), (1, 1));
        assert_eq!(Text("a").visible(9), (1, 1));
    }
}
