//! What the parser reads from: bytes, so that its positions are bytes too.
//!
//! The parser counts positions in characters. This input hands it every byte as a character of its own, those past ASCII
//! as private-use characters that stand for them; [`restore`] turns scalars back. So no offset needs converting, and
//! nothing is decoded on the way. The grammar looks at ASCII characters only.
//!
//! It also watches the nesting of flow collections, which the parser buffers whole, and pretends that the text ends where
//! it gets too deep or too long.

use std::borrow::Cow;
use std::cell::Cell;

use saphyr_parser::Input;
use saphyr_parser::input::SkipTabs;

/// The character that stands for a byte of 0x80 or more is this far up, in a private-use plane.
const WIDE: u32 = 0x10_FF00;

/// Why the input pretended to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// Flow collections nested too deep.
    Depth,
    /// A flow collection with too many members.
    Length,
}

/// Bytes as characters. With `ASCII` they must all be below 0x80, and the compiler knows.
pub(super) struct Bytes<'a, const ASCII: bool> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    entries: u32,
    max_depth: u32,
    max_entries: u32,
    stop: &'a Cell<Option<Stop>>,
}

impl<'a, const ASCII: bool> Bytes<'a, ASCII> {
    /// Reads these bytes, which hold no NUL, and notes in `stop` when it breaks off.
    pub(super) fn new(text: &'a str, max_depth: u32, max_entries: u32, stop: &'a Cell<Option<Stop>>) -> Self {
        Bytes {
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
            entries: 0,
            max_depth,
            max_entries,
            stop,
        }
    }

    #[inline]
    fn byte(&self, n: usize) -> u8 {
        self.bytes.get(self.at + n).copied().unwrap_or(0)
    }

    fn end(&mut self, reason: Stop) {
        self.stop.set(Some(reason));
        self.bytes = &[];
    }

    /// Called where the scanner has just taken a token that ends before the blanks here.
    #[inline]
    fn watch(&mut self) {
        match self.at.checked_sub(1).and_then(|at| self.bytes.get(at)) {
            Some(b'[' | b'{') => {
                self.depth += 1;
                if self.depth > self.max_depth {
                    self.end(Stop::Depth);
                }
            }
            Some(b']' | b'}') => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.entries = 0;
                }
            }
            Some(b',') if self.depth > 0 => {
                self.entries += 1;
                if self.entries > self.max_entries {
                    self.end(Stop::Length);
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn skip_line(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let length = rest
            .iter()
            .position(|&byte| byte == b'\n' || byte == b'\r')
            .unwrap_or(rest.len());
        self.at += length;
        length
    }
}

#[inline]
fn character<const ASCII: bool>(byte: u8) -> char {
    if ASCII {
        (byte & 0x7F) as char
    } else if byte < 0x80 {
        byte as char
    } else {
        char::from_u32(WIDE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

#[inline]
fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

#[inline]
fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

impl<const ASCII: bool> Input for Bytes<'_, ASCII> {
    #[inline]
    fn lookahead(&mut self, _count: usize) {}

    #[inline]
    fn buflen(&self) -> usize {
        self.bufmaxlen()
    }

    // Also what the scanner reserves for each plain scalar: no more than it has already.
    #[inline]
    fn bufmaxlen(&self) -> usize {
        16
    }

    #[inline]
    fn buf_is_empty(&self) -> bool {
        false
    }

    #[inline]
    fn raw_read_ch(&mut self) -> char {
        let read = self.peek();
        self.skip();
        read
    }

    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        let byte = self.byte(0);
        (byte != 0 && !is_break(byte)).then(|| {
            self.at += 1;
            character::<ASCII>(byte)
        })
    }

    #[inline]
    fn skip(&mut self) {
        self.at = (self.at + 1).min(self.bytes.len());
    }

    #[inline]
    fn skip_n(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    #[inline]
    fn peek(&self) -> char {
        character::<ASCII>(self.byte(0))
    }

    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        character::<ASCII>(self.byte(n))
    }

    #[inline]
    fn peek_opt(&self) -> Option<char> {
        self.bytes.get(self.at).map(|&byte| character::<ASCII>(byte))
    }

    #[inline]
    fn next_2_are(&self, c1: char, c2: char) -> bool {
        self.peek() == c1 && self.peek_nth(1) == c2
    }

    #[inline]
    fn next_3_are(&self, c1: char, c2: char, c3: char) -> bool {
        self.peek() == c1 && self.peek_nth(1) == c2 && self.peek_nth(2) == c3
    }

    #[inline]
    fn next_is_document_indicator(&self) -> bool {
        self.next_is_document_start() || self.next_is_document_end()
    }

    #[inline]
    fn next_is_document_start(&self) -> bool {
        self.byte(0) == b'-' && self.byte(1) == b'-' && self.byte(2) == b'-' && ends_word(self.byte(3))
    }

    #[inline]
    fn next_is_document_end(&self) -> bool {
        self.byte(0) == b'.' && self.byte(1) == b'.' && self.byte(2) == b'.' && ends_word(self.byte(3))
    }

    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        let tabs = skip_tabs == SkipTabs::Yes;
        if tabs {
            self.watch();
        }
        let start = self.at;
        let (mut blank, mut tab) = (false, false);
        loop {
            match self.byte(0) {
                b' ' => blank = true,
                b'\t' if tabs => tab = true,
                _ => break,
            }
            self.at += 1;
        }
        // As kubectl's parser has it, a comment may follow a token at once, and a tab is as good as a blank behind `:`.
        if self.byte(0) == b'#' {
            self.skip_line();
        }
        blank |= tab;
        (self.at - start, Ok(SkipTabs::Result(tab, blank)))
    }

    #[inline]
    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        let next = self.byte(0);
        if next == b':' {
            // As kubectl's parser has it: `{a:, b}` has the keys `a:` and `b`.
            return !ends_word(self.byte(1));
        }
        !(in_flow && is_flow(next))
    }

    #[inline]
    fn next_is_blank_or_break(&self) -> bool {
        is_blank(self.byte(0)) || is_break(self.byte(0))
    }

    #[inline]
    fn next_is_blank_or_breakz(&self) -> bool {
        ends_word(self.byte(0))
    }

    #[inline]
    fn next_is_blank(&self) -> bool {
        is_blank(self.byte(0))
    }

    #[inline]
    fn next_is_break(&self) -> bool {
        is_break(self.byte(0))
    }

    #[inline]
    fn next_is_breakz(&self) -> bool {
        is_break(self.byte(0)) || self.byte(0) == 0
    }

    #[inline]
    fn next_is_z(&self) -> bool {
        self.byte(0) == 0
    }

    #[inline]
    fn next_is_flow(&self) -> bool {
        is_flow(self.byte(0))
    }

    #[inline]
    fn skip_while_non_breakz(&mut self) -> usize {
        self.skip_line()
    }
}

/// Blank, line break or the end.
#[inline]
fn ends_word(byte: u8) -> bool {
    is_blank(byte) || is_break(byte) || byte == 0
}

#[inline]
fn is_flow(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// A scalar as it would have been read from characters.
pub(super) fn restore(value: Cow<'_, str>) -> Cow<'_, str> {
    if value.is_ascii() {
        return value;
    }
    let mut bytes = Vec::with_capacity(value.len());
    for c in value.chars() {
        match u8::try_from(u32::from(c).wrapping_sub(WIDE)) {
            Ok(byte @ 0x80..) => bytes.push(byte),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(match String::from_utf8(bytes) {
        Ok(text) => text,
        // Only escapes for the very characters that stand for bytes can come to this.
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use saphyr_parser::{Event, Parser};

    use super::*;

    fn scalars(text: &str) -> Vec<(String, usize, usize)> {
        let stop = Cell::new(None);
        Parser::new(Bytes::<false>::new(text, 128, 1000, &stop))
            .filter_map(|event| match event.expect("valid") {
                (Event::Scalar(value, ..), span) => {
                    Some((restore(value).into_owned(), span.start.index(), span.end.index()))
                }
                _ => None,
            })
            .collect()
    }

    #[test]
    fn positions_are_bytes() {
        let text = "ключ: 'é' \nb: \"\\xe9é𝄞\"\n";
        for (value, start, end) in scalars(text) {
            let written = text[start..end].trim();
            match value.as_str() {
                "ключ" | "b" => assert_eq!(written, value),
                "é" => assert_eq!(written, "'é'"),
                "éé𝄞" => assert_eq!(written, "\"\\xe9é𝄞\""),
                other => panic!("unexpected {other}"),
            }
        }
        assert_eq!(scalars(text).len(), 4);
    }

    #[test]
    fn deep_and_long_flow_stops() {
        for (text, wanted) in [
            ("[".repeat(100_000), Stop::Depth),
            (format!("[{}", "1,".repeat(5000)), Stop::Length),
        ] {
            let stop = Cell::new(None);
            let failed = Parser::new(Bytes::<false>::new(&text, 128, 1000, &stop)).find_map(Result::err);
            assert!(failed.is_some());
            assert_eq!(stop.get(), Some(wanted));
        }
    }

    #[test]
    fn brackets_in_scalars_do_not_count() {
        let text = format!("a: ['{0}', \"{0}\"] # {0}\nb: {0}\n", "[ [ { ".repeat(100)).replace("b: [", "b: x[");
        let stop = Cell::new(None);
        assert!(Parser::new(Bytes::<false>::new(&text, 8, 1000, &stop)).all(|event| event.is_ok()));
        assert_eq!(stop.get(), None);
    }
}
