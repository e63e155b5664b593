//! Scalars, read as the parser reads them.

use saphyr_parser::ScalarStyle;

use super::{Block, GaveUp, Step};

impl Block<'_, '_, '_, '_> {
    /// Where a plain scalar ends on its line, and the line break, comment or `: ` that ends it.
    #[inline]
    pub(super) fn plain_end(&self, at: usize) -> Step<(usize, usize)> {
        match self.byte(at) {
            b'-' if !matches!(self.byte(at + 1), b' ' | b'\n') => {}
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
            | b'`' | b'-' | b'?' | b':' => return Err(GaveUp),
            _ => {}
        }
        self.rest_of_plain(at)
    }

    /// The same within a plain scalar, where any character may stand.
    #[inline]
    fn rest_of_plain(&self, at: usize) -> Step<(usize, usize)> {
        let mut stop = at;
        loop {
            match self.byte(stop) {
                b'\n' => break,
                b':' if matches!(self.byte(stop + 1), b' ' | b'\n') => break,
                b'#' if stop == at || self.byte(stop - 1) == b' ' => break,
                b'\t' | 0 => return Err(GaveUp),
                b':' if self.byte(stop + 1) == b'\t' => return Err(GaveUp),
                _ => stop += 1,
            }
        }
        let mut end = stop;
        while end > at && self.byte(end - 1) == b' ' {
            end -= 1;
        }
        Ok((end, stop))
    }

    /// A plain scalar that is a value.
    pub(super) fn plain(&mut self, at: usize, within: usize) -> Step {
        let (mut end, mut stop) = self.plain_end(at)?;
        let mut folded = false;
        loop {
            match self.byte(stop) {
                b'\n' => {}
                b'#' => {
                    self.line = self.next_line(stop);
                    break;
                }
                _ => return Err(GaveUp),
            }
            self.line = stop + 1;
            let mut line = stop + 1;
            let mut next = self.blanks(line);
            let mut breaks = 0;
            while self.byte(next) == b'\n' {
                breaks += 1;
                line = next + 1;
                next = self.blanks(line);
            }
            match self.byte(next) {
                0 | b'#' => break,
                b'\t' => return Err(GaveUp),
                _ if next - line <= within => break,
                _ => {}
            }
            if !folded {
                folded = true;
                let first = self.slice(at, end)?;
                self.buffer.clear();
                self.buffer.push_str(first);
            }
            self.fold(breaks);
            (end, stop) = self.rest_of_plain(next)?;
            let more = self.slice(next, end)?;
            self.buffer.push_str(more);
        }
        if !folded {
            let text = self.slice(at, end)?;
            return self.scalar(text, ScalarStyle::Plain, at, end);
        }
        self.buffered(ScalarStyle::Plain, at, end)
    }

    /// Adds the scalar that was put together.
    fn buffered(&mut self, style: ScalarStyle, start: usize, end: usize) -> Step {
        let value = std::mem::take(&mut self.buffer);
        let done = self.scalar(&value, style, start, end);
        self.buffer = value;
        done
    }

    /// Adds what a line break stands for that so many blank lines follow.
    fn fold(&mut self, breaks: usize) {
        if breaks == 0 {
            self.buffer.push(' ');
        } else {
            self.buffer.extend(std::iter::repeat_n('\n', breaks));
        }
    }

    /// Where a quoted scalar ends that ends on its line, behind its closing quote.
    pub(super) fn quote_end(&self, at: usize, quote: u8) -> Option<usize> {
        let mut end = at + 1;
        loop {
            match self.byte(end) {
                b'\n' | 0 => return None,
                b'\\' if quote == b'"' => end += 2,
                byte if byte == quote => {
                    if quote == b'\'' && self.byte(end + 1) == quote {
                        end += 2;
                    } else {
                        return Some(end + 1);
                    }
                }
                _ => end += 1,
            }
        }
    }

    /// Reads a quoted scalar; of several lines only where it is a value, all but the first of which start right of this
    /// column. Returns where it ends.
    pub(super) fn quoted(&mut self, start: usize, quote: u8, within: Option<usize>) -> Step<usize> {
        let style = if quote == b'"' {
            ScalarStyle::DoubleQuoted
        } else {
            ScalarStyle::SingleQuoted
        };
        let rest = self.bytes.get(start + 1..).unwrap_or(&[]);
        let plain = rest
            .iter()
            .position(|&byte| byte == quote || byte == b'\n' || byte == b'\\');
        let mut at = start + 1 + plain.ok_or(GaveUp)?;
        if self.byte(at) == quote && !(quote == b'\'' && self.byte(at + 1) == quote) {
            let text = self.slice(start + 1, at)?;
            self.scalar(text, style, start, at + 1)?;
            return Ok(at + 1);
        }
        let first = self.slice(start + 1, at)?;
        self.buffer.clear();
        self.buffer.push_str(first);
        // Blanks from here on go where a line ends.
        let mut solid = first.trim_end_matches([' ', '\t']).len();
        loop {
            let byte = self.byte(at);
            if byte == quote && quote == b'\'' && self.byte(at + 1) == quote {
                self.buffer.push('\'');
                at += 2;
                solid = self.buffer.len();
            } else if byte == quote {
                self.buffered(style, start, at + 1)?;
                return Ok(at + 1);
            } else if byte == b'\\' && quote == b'"' {
                self.buffer.push(match self.byte(at + 1) {
                    b'n' => '\n',
                    b't' => '\t',
                    b'r' => '\r',
                    b'"' => '"',
                    b'\\' => '\\',
                    _ => return Err(GaveUp),
                });
                at += 2;
                solid = self.buffer.len();
            } else if byte == b'\n' {
                let within = within.ok_or(GaveUp)?;
                self.buffer.truncate(solid);
                let mut breaks = 0;
                let mut line = at + 1;
                at = self.blanks(line);
                while self.byte(at) == b'\n' {
                    breaks += 1;
                    line = at + 1;
                    at = self.blanks(line);
                }
                if matches!(self.byte(at), 0 | b'\t') || at - line <= within {
                    return Err(GaveUp);
                }
                self.fold(breaks);
                solid = self.buffer.len();
            } else {
                let rest = self.bytes.get(at..).unwrap_or(&[]);
                // A backslash means nothing between single quotes.
                let length = rest
                    .iter()
                    .skip(1)
                    .position(|&byte| byte == quote || byte == b'\n' || byte == b'\\');
                let end = at + 1 + length.ok_or(GaveUp)?;
                let more = self.slice(at, end)?;
                let kept = more.trim_end_matches([' ', '\t']).len();
                if kept > 0 {
                    solid = self.buffer.len() + kept;
                }
                self.buffer.push_str(more);
                at = end;
            }
        }
    }

    /// Reads a block scalar whose header stands here.
    pub(super) fn block_scalar(&mut self, header: usize, within: usize) -> Step {
        let literal = self.byte(header) == b'|';
        let chomping = self.byte(header + 1);
        let (keeps, strips) = (chomping == b'+', chomping == b'-');
        let after = self.blanks(header + 1 + usize::from(keeps || strips));
        if self.byte(after) != b'\n' || self.byte(after + 1) == b'\t' {
            return Err(GaveUp);
        }
        // Blank lines before the first.
        let mut line = after + 1;
        let (mut breaks, mut widest) = (0, 0);
        let mut at = self.blanks(line);
        loop {
            widest = widest.max(at - line);
            if self.byte(at) != b'\n' {
                break;
            }
            breaks += 1;
            line = at + 1;
            at = self.blanks(line);
        }
        let indent = widest.max(within + 1);
        if self.byte(at) == 0 || (at - line < indent && at - line > within) {
            return Err(GaveUp);
        }
        let start = at;
        self.buffer.clear();
        // Whether a line came before, and whether it started with a blank.
        let (mut broken, mut blank) = (false, false);
        while at - line == indent && !matches!(self.byte(at), b'\n' | 0) {
            let starts_blank = matches!(self.byte(at), b' ' | b'\t');
            if !literal && broken && !blank && !starts_blank {
                self.fold(breaks);
            } else {
                let all = breaks + usize::from(broken);
                self.buffer.extend(std::iter::repeat_n('\n', all));
            }
            blank = starts_blank;
            let end = self.next_line(at).saturating_sub(1);
            let content = self.slice(at, end)?;
            self.buffer.push_str(content);
            broken = true;
            breaks = 0;
            line = end + 1;
            at = self.indentation(line, indent);
            while self.byte(at) == b'\n' {
                breaks += 1;
                line = at + 1;
                at = self.indentation(line, indent);
            }
        }
        if broken && !strips {
            self.buffer.push('\n');
        }
        if keeps {
            self.buffer.extend(std::iter::repeat_n('\n', breaks));
        }
        // The parser takes an unfinished line for one.
        if self.byte(at) == 0 && at > line {
            return Err(GaveUp);
        }
        self.line = line;
        let style = if literal {
            ScalarStyle::Literal
        } else {
            ScalarStyle::Folded
        };
        self.buffered(style, start, at)
    }

    /// Where the blanks of a line end, at most so many.
    fn indentation(&self, line: usize, most: usize) -> usize {
        let mut at = line;
        while at - line < most && self.byte(at) == b' ' {
            at += 1;
        }
        at
    }
}
