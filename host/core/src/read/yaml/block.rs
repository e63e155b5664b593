//! The YAML that manifests are written in, read straight into nodes.
//!
//! Block mappings and sequences, plain, quoted and block scalars, flow collections on one line, comments: what is written
//! so takes a fraction of the time that a parser of all YAML takes. It reads as that parser reads, or gives up: whatever is
//! rarer (anchors, tags, tabs, complex keys, carriage returns), and whatever might be wrong, is left to it, with all that
//! there is to say about it.

mod scalars;
#[cfg(test)]
mod tests;

use saphyr_parser::ScalarStyle;

use super::Loader;
use crate::read::marks::Token;

/// Bytes of a key; the parser refuses longer ones.
const KEY: usize = 1000;
/// Levels of brackets.
const BRACKETS: u32 = 16;
/// Members of a flow collection, those of inner ones included.
const MEMBERS: u32 = 1000;

/// The text needs the whole parser. What was read of it until here has to be forgotten.
pub(super) struct GaveUp;

type Step<T = ()> = Result<T, GaveUp>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    Sequence,
    /// A sequence whose dashes stand in the column of the keys of the map that it is a value in.
    Indentless,
}

/// A block collection that is open.
struct Level {
    kind: Kind,
    column: usize,
    /// The place of a value that has not come yet: as the parser has it the `:`, or the end of the line with the `-`.
    awaits: Option<usize>,
}

/// Reads a document that ends with a line break.
///
/// # Errors
/// When it is not written so.
pub(super) fn read(loader: &mut Loader<'_, '_, '_>) -> Step {
    let text = loader.text.0;
    if memchr::memchr(b'\r', text.as_bytes()).is_some() || !text.ends_with('\n') {
        return Err(GaveUp);
    }
    let mut block = Block {
        text,
        bytes: text.as_bytes(),
        line: 0,
        open: Vec::with_capacity(16),
        rooted: false,
        buffer: String::new(),
        members: 0,
        loader,
    };
    block.document()
}

struct Block<'l, 't, 'b, 'x> {
    text: &'t str,
    bytes: &'t [u8],
    /// Start of the line that is read.
    line: usize,
    open: Vec<Level>,
    rooted: bool,
    /// What scalars of several lines are put together in.
    buffer: String,
    members: u32,
    loader: &'l mut Loader<'t, 'b, 'x>,
}

impl<'t> Block<'_, 't, '_, '_> {
    /// A byte; 0 at the end.
    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    #[inline]
    fn slice(&self, from: usize, to: usize) -> Step<&'t str> {
        self.text.get(from..to).ok_or(GaveUp)
    }

    /// Where blanks end.
    #[inline]
    fn blanks(&self, mut at: usize) -> usize {
        while self.byte(at) == b' ' {
            at += 1;
        }
        at
    }

    /// Start of the next line.
    fn next_line(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or(&[]);
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |found| at + found + 1)
    }

    /// Whether a dash here starts an entry.
    #[inline]
    fn is_entry(&self, at: usize) -> bool {
        self.byte(at) == b'-' && matches!(self.byte(at + 1), b' ' | b'\n')
    }

    fn document(&mut self) -> Step {
        if self.bytes.starts_with(b"---") {
            self.line = self.end_line(3)?;
        }
        while let Some(at) = self.content()? {
            let column = at - self.line;
            self.settle(at, column)?;
            self.node(at)?;
        }
        if !self.rooted {
            return Err(GaveUp);
        }
        while !self.open.is_empty() {
            self.close()?;
        }
        let end = self.bytes.len();
        self.loader.pass(end, end, Token::Other).map_err(|_| GaveUp)
    }

    /// The first byte of the next line that is not blank and no comment; none at the end.
    fn content(&mut self) -> Step<Option<usize>> {
        loop {
            let at = self.blanks(self.line);
            match self.byte(at) {
                b'\n' => self.line = at + 1,
                b'#' => self.line = self.next_line(at),
                0 => return Ok(None),
                b'\t' => return Err(GaveUp),
                b'-' | b'.' if at == self.line && self.is_separator(at) => return Err(GaveUp),
                _ => return Ok(Some(at)),
            }
        }
    }

    fn is_separator(&self, at: usize) -> bool {
        let start = self.bytes.get(at..at + 3);
        start == Some(b"---") || start == Some(b"...")
    }

    /// Closes what a line in this column ends, and finds what its content belongs to.
    fn settle(&mut self, at: usize, column: usize) -> Step {
        let entry = self.is_entry(at);
        loop {
            let Some(level) = self.open.last() else {
                let first = !std::mem::replace(&mut self.rooted, true);
                return if first { Ok(()) } else { Err(GaveUp) };
            };
            if level.column < column {
                return level.awaits.map(|_| ()).ok_or(GaveUp);
            }
            if level.column > column {
                self.close()?;
                continue;
            }
            match (level.kind, entry) {
                (Kind::Map, true) => {
                    level.awaits.ok_or(GaveUp)?;
                    return self.open(Kind::Indentless, at, column);
                }
                (Kind::Sequence | Kind::Indentless, true) | (Kind::Map, false) => return self.nothing(),
                (Kind::Sequence, false) => return Err(GaveUp),
                (Kind::Indentless, false) => self.close()?,
            }
        }
    }

    /// Opens a collection whose first key or dash stands here.
    fn open(&mut self, kind: Kind, at: usize, column: usize) -> Step {
        self.come();
        self.loader.start(kind == Kind::Map, 0, false, at).map_err(|_| GaveUp)?;
        self.open.push(Level {
            kind,
            column,
            awaits: None,
        });
        Ok(())
    }

    fn close(&mut self) -> Step {
        self.nothing()?;
        self.open.pop();
        self.loader.end(0).map_err(|_| GaveUp)
    }

    /// A value comes; where it does not, this is its place.
    #[inline]
    fn await_value(&mut self, place: usize) {
        if let Some(level) = self.open.last_mut() {
            level.awaits = Some(place);
        }
    }

    /// What was awaited has come.
    #[inline]
    fn come(&mut self) {
        if let Some(level) = self.open.last_mut() {
            level.awaits = None;
        }
    }

    /// What was awaited does not come.
    #[inline]
    fn nothing(&mut self) -> Step {
        match self.open.last_mut().and_then(|level| level.awaits.take()) {
            Some(at) => self.scalar("", ScalarStyle::Plain, at, at),
            None => Ok(()),
        }
    }

    #[inline]
    fn scalar(&mut self, value: &str, style: ScalarStyle, start: usize, end: usize) -> Step {
        self.loader.bare(value, style, start, end).map_err(|_| GaveUp)
    }

    /// Reads the rest of a line from its content on, and the lines that a scalar in it goes on.
    fn node(&mut self, mut at: usize) -> Step {
        while self.is_entry(at) {
            let column = at - self.line;
            let goes_on = self
                .open
                .last()
                .is_some_and(|level| level.kind != Kind::Map && level.column == column);
            if !goes_on {
                self.open(Kind::Sequence, at, column)?;
            }
            at = self.blanks(at + 1);
            if matches!(self.byte(at), b'\n' | b'#') {
                self.line = self.next_line(at);
                self.await_value(self.line - 1);
                return Ok(());
            }
            self.await_value(at);
        }
        let column = at - self.line;
        let in_map = self
            .open
            .last()
            .is_some_and(|level| level.kind == Kind::Map && level.column == column && level.awaits.is_none());
        if let Some((end, colon)) = self.key_end(at)? {
            if !in_map {
                self.open(Kind::Map, at, column)?;
            }
            self.key(at, end)?;
            self.await_value(colon);
            let value = self.blanks(colon + 1);
            if matches!(self.byte(value), b'\n' | b'#') {
                self.line = self.next_line(value);
                return Ok(());
            }
            if self.is_entry(value) {
                return Err(GaveUp);
            }
            return self.value(value);
        }
        if in_map || self.open.is_empty() {
            return Err(GaveUp);
        }
        self.value(at)
    }

    /// If a key starts here: where it ends, and its colon.
    fn key_end(&self, at: usize) -> Step<Option<(usize, usize)>> {
        let (end, mut after) = match self.byte(at) {
            quote @ (b'"' | b'\'') => match self.quote_end(at, quote) {
                Some(end) => (end, end),
                None => return Ok(None),
            },
            b'[' | b'{' | b'|' | b'>' => return Ok(None),
            _ => self.plain_end(at)?,
        };
        after = self.blanks(after);
        let is_key = self.byte(after) == b':' && matches!(self.byte(after + 1), b' ' | b'\n');
        if is_key && after - at > KEY {
            return Err(GaveUp);
        }
        Ok(is_key.then_some((end, after)))
    }

    fn key(&mut self, at: usize, end: usize) -> Step {
        match self.byte(at) {
            quote @ (b'"' | b'\'') => {
                let after = self.quoted(at, quote, None)?;
                if after == end { Ok(()) } else { Err(GaveUp) }
            }
            _ => {
                let text = self.slice(at, end)?;
                self.scalar(text, ScalarStyle::Plain, at, end)
            }
        }
    }

    /// Reads what is awaited, from here to the end of its last line.
    fn value(&mut self, at: usize) -> Step {
        let within = self.open.last().map(|level| level.column).ok_or(GaveUp)?;
        self.come();
        let end = match self.byte(at) {
            quote @ (b'"' | b'\'') => self.quoted(at, quote, Some(within))?,
            b'[' | b'{' => {
                self.members = 0;
                self.flow(at, 0)?
            }
            b'|' | b'>' => return self.block_scalar(at, within),
            _ => return self.plain(at, within),
        };
        self.line = self.end_line(end)?;
        Ok(())
    }

    /// The next line, if nothing but a comment follows here.
    fn end_line(&self, at: usize) -> Step<usize> {
        let rest = self.blanks(at);
        match self.byte(rest) {
            b'\n' => Ok(rest + 1),
            b'#' if rest > at => Ok(self.next_line(rest)),
            _ => Err(GaveUp),
        }
    }

    /// Reads a flow collection that ends on its line. Returns where it ends.
    fn flow(&mut self, at: usize, depth: u32) -> Step<usize> {
        let map = self.byte(at) == b'{';
        let closing = if map { b'}' } else { b']' };
        if depth >= BRACKETS {
            return Err(GaveUp);
        }
        self.loader.start(map, 0, false, at).map_err(|_| GaveUp)?;
        let mut at = self.blanks(at + 1);
        if self.byte(at) == closing {
            self.loader.end(at).map_err(|_| GaveUp)?;
            return Ok(at + 1);
        }
        loop {
            self.members += 1;
            if self.members > MEMBERS {
                return Err(GaveUp);
            }
            if map {
                at = self.flow_scalar(at)?;
                if !(self.byte(at) == b':' && self.byte(at + 1) == b' ') {
                    return Err(GaveUp);
                }
                at = self.blanks(at + 1);
            }
            at = match self.byte(at) {
                b'[' | b'{' => self.flow(at, depth + 1)?,
                _ => self.flow_scalar(at)?,
            };
            at = self.blanks(at);
            match self.byte(at) {
                b',' => at = self.blanks(at + 1),
                byte if byte == closing => {
                    self.loader.end(at).map_err(|_| GaveUp)?;
                    return Ok(at + 1);
                }
                _ => return Err(GaveUp),
            }
        }
    }

    /// Reads a scalar within brackets. Returns where it ends.
    fn flow_scalar(&mut self, at: usize) -> Step<usize> {
        if let quote @ (b'"' | b'\'') = self.byte(at) {
            return self.quoted(at, quote, None);
        }
        match self.byte(at) {
            b'-' if self.byte(at + 1).is_ascii_alphanumeric() => {}
            b'-' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?' | b':' => return Err(GaveUp),
            _ => {}
        }
        let mut stop = at;
        loop {
            match self.byte(stop) {
                b',' | b']' | b'}' => break,
                b':' if self.byte(stop + 1) == b' ' => break,
                b':' if matches!(self.byte(stop + 1), b',' | b'[' | b']' | b'{' | b'}' | b'\t' | b'\n') => {
                    return Err(GaveUp);
                }
                b'\n' | b'\t' | b'#' | b'[' | b'{' | 0 => return Err(GaveUp),
                _ => stop += 1,
            }
        }
        let mut end = stop;
        while end > at && self.byte(end - 1) == b' ' {
            end -= 1;
        }
        if end == at || (self.byte(stop) == b':' && end != stop) {
            return Err(GaveUp);
        }
        let text = self.slice(at, end)?;
        self.scalar(text, ScalarStyle::Plain, at, end)?;
        Ok(stop)
    }
}
