//! JSON texts, as kubectl reads them: one value after the other, before it thinks of YAML.

use std::borrow::Cow;

use plimsoll_tree::Flags;

use super::builder::Builder;
use super::scalar::Value;
use super::yaml::Fault;
use super::{ReadError, Span};

/// A reader at its place in a text.
pub(super) struct Json<'t> {
    text: &'t str,
    /// The next byte.
    pub at: usize,
}

impl<'t> Json<'t> {
    /// At the start of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Json { text, at: 0 }
    }

    /// Reads the next value into the builder. The result is its first node and place; `Ok(None)` at the end of the text,
    /// and an empty node for `null`.
    ///
    /// # Errors
    /// When it is no JSON or past a limit; the builder holds a part of it then, to be abandoned.
    pub(super) fn next(&mut self, builder: &mut Builder<'_>) -> Result<Option<(Option<u32>, Span)>, Fault> {
        self.blanks();
        if self.at >= self.text.len() {
            return Ok(None);
        }
        let start = self.at;
        builder.start();
        self.value(builder)?;
        Ok(Some((builder.finish(), span(start, self.at))))
    }

    /// Where a YAML reader goes on behind what was read: past blanks, up to the next line.
    pub(super) fn rest(text: &str, mut at: usize) -> usize {
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            if !c.is_whitespace() {
                break;
            }
            at += c.len_utf8();
            if c == '\n' {
                break;
            }
        }
        at
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn fault(&self, error: ReadError) -> Fault {
        Fault::new(span(self.at, self.at), error)
    }

    fn syntax(&self, wanted: &str) -> Fault {
        self.fault(ReadError::Syntax(format!("while parsing JSON, did not find {wanted}")))
    }

    fn value(&mut self, builder: &mut Builder<'_>) -> Result<(), Fault> {
        // The closing brackets that are awaited.
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.blanks();
            let start = self.at;
            match self.byte() {
                bracket @ (b'{' | b'[') => {
                    let map = bracket == b'{';
                    builder
                        .open(map, span(start, start))
                        .map_err(|error| self.fault(error))?;
                    open.push(if map { b'}' } else { b']' });
                    self.at += 1;
                    self.blanks();
                    if open.last() != Some(&self.byte()) {
                        if map {
                            self.key(builder)?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    let text = self.string()?;
                    self.scalar(builder, start, &Value::Text(text))?;
                }
                b'-' | b'0'..=b'9' => {
                    let number = self.number()?;
                    self.scalar(builder, start, &number)?;
                }
                _ => {
                    let words = [
                        ("true", Value::Bool(true)),
                        ("false", Value::Bool(false)),
                        ("null", Value::Null),
                    ];
                    let rest = self.text.get(start..).unwrap_or("");
                    let Some((word, value)) = words.iter().find(|(word, _)| rest.starts_with(word)) else {
                        return Err(self.syntax("a value"));
                    };
                    self.at += word.len();
                    self.scalar(builder, start, value)?;
                }
            }
            // Behind a value: what is open ends or goes on.
            loop {
                let Some(&close) = open.last() else {
                    return Ok(());
                };
                self.blanks();
                let byte = self.byte();
                if byte == close {
                    self.at += 1;
                    let end = span(self.at, self.at).end;
                    builder.close(end).map_err(|error| self.fault(error))?;
                    open.pop();
                } else if byte == b',' {
                    self.at += 1;
                    if close == b'}' {
                        self.blanks();
                        self.key(builder)?;
                    }
                    break;
                } else {
                    return Err(self.syntax(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" }));
                }
            }
        }
    }

    fn scalar(&self, builder: &mut Builder<'_>, start: usize, value: &Value<'_>) -> Result<(), Fault> {
        let written = match value {
            Value::Text(_) => None,
            _ => self.text.get(start..self.at),
        };
        builder
            .scalar(value, written, span(start, self.at), Flags::default())
            .map(drop)
            .map_err(|error| self.fault(error))
    }

    fn key(&mut self, builder: &mut Builder<'_>) -> Result<(), Fault> {
        let start = self.at;
        if self.byte() != b'"' {
            return Err(self.syntax("a quoted key"));
        }
        let key = self.string()?;
        builder.key(&key, span(start, self.at));
        self.blanks();
        if self.byte() != b':' {
            return Err(self.syntax("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    /// The string that starts here.
    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let mut decoded: Option<String> = None;
        let mut from = start;
        loop {
            self.at += plain_bytes(self.text.as_bytes().get(self.at..).unwrap_or(&[]));
            let piece = self.text.get(from..self.at).unwrap_or("");
            match self.byte() {
                b'"' => {
                    self.at += 1;
                    return Ok(match decoded {
                        None => Cow::Borrowed(piece),
                        Some(text) => Cow::Owned(text + piece),
                    });
                }
                b'\\' => {
                    let text = decoded.get_or_insert_default();
                    text.push_str(piece);
                    let escaped = self.escape()?;
                    text.push(escaped);
                    from = self.at;
                }
                _ => return Err(self.syntax("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let escaped = match self.byte() {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            quoted @ (b'"' | b'\\' | b'/') => quoted as char,
            b'u' => {
                let first = self.unit(self.at + 1)?;
                self.at += 5;
                if !(0xD800..0xE000).contains(&first) {
                    return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                // A pair of surrogates; one alone is replaced.
                let paired = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"));
                if first < 0xDC00 && paired {
                    let second = self.unit(self.at + 2)?;
                    if (0xDC00..0xE000).contains(&second) {
                        self.at += 6;
                        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                }
                return Ok(char::REPLACEMENT_CHARACTER);
            }
            _ => return Err(self.syntax("a known escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unit(&self, at: usize) -> Result<u32, Fault> {
        self.text
            .get(at..at + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.syntax("four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Value<'static>, Fault> {
        let start = self.at;
        let digits = |json: &mut Self| {
            let first = json.at;
            while json.byte().is_ascii_digit() {
                json.at += 1;
            }
            json.at > first
        };
        if self.byte() == b'-' {
            self.at += 1;
        }
        let leading_zero = self.byte() == b'0';
        let first = self.at;
        let mut valid = digits(self) && !(leading_zero && self.at > first + 1);
        let mut whole = true;
        if valid && self.byte() == b'.' {
            self.at += 1;
            whole = false;
            valid = digits(self);
        }
        if valid && matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            whole = false;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            valid = digits(self);
        }
        let written = self.text.get(start..self.at).unwrap_or("");
        if !valid {
            return Err(self.syntax("a digit"));
        }
        if whole && let Ok(value) = written.parse() {
            return Ok(Value::Integer(value));
        }
        written.parse().map(Value::Float).map_err(|_| self.syntax("a number"))
    }
}

/// How many of these bytes a string holds as they are: those before a quote, a backslash or a control character. Eight at a
/// time.
#[inline]
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let eight = u64::from_le_bytes(*eight);
        // The top bit of each byte that is zero, and perhaps of some above it, which come later.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let quote = zero(eight ^ (ONES * b'"' as u64));
        let backslash = zero(eight ^ (ONES * b'\\' as u64));
        let control = eight.wrapping_sub(ONES * b' ' as u64) & !eight;
        let found = (quote | backslash | control) & TOPS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    let ends = |&byte: &u8| matches!(byte, b'"' | b'\\') || byte < b' ';
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

fn span(start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::*;

    /// The values of a text as compact JSON, and the reason why the rest was not read.
    fn read(text: &str) -> (Vec<String>, Option<String>) {
        let limits = Limits::default();
        let mut builder = Builder::new(&limits, text.len());
        let mut json = Json::new(text);
        let mut roots = Vec::new();
        let failure = loop {
            match json.next(&mut builder) {
                Ok(Some((root, _))) => roots.extend(root),
                Ok(None) => break None,
                Err(fault) => {
                    builder.abandon();
                    break Some(fault.error.to_string());
                }
            }
        };
        let words = builder.part.to_tree().expect("small");
        let tree = plimsoll_tree::Tree::read(&words).expect("valid");
        (roots.into_iter().map(|root| tree.json(root)).collect(), failure)
    }

    #[test]
    fn values_are_read() {
        let text = r#"{"a": [1, -2.5, true, null, "x\n\u00e9\ud834\udd1e\ud800"], "b": {}, "a2": []}"#;
        let (values, failure) = read(text);
        assert_eq!(failure, None);
        assert_eq!(values, [r#"{"a":[1,-2.5,true,null,"x\né𝄞�"],"b":{},"a2":[]}"#]);
    }

    #[test]
    fn strings_end_where_they_end() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut bytes = [b'x'; 20];
                bytes[at] = byte;
                let ends = matches!(byte, b'"' | b'\\') || byte < b' ';
                assert_eq!(plain_bytes(&bytes), if ends { at } else { 20 }, "{byte} at {at}");
                // What comes later does not count.
                bytes[19] = b'"';
                assert_eq!(plain_bytes(&bytes), if ends { at } else { 19 }, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn values_follow_each_other() {
        assert_eq!(read("{\"a\":1}{}\n[]null").0, [r#"{"a":1}"#, "{}", "[]"]);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1,]",
            "{\"a\":1,}",
            "[01]",
            "[1.]",
            "[-]",
            "[\"\t\"]",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "[tru]",
            "[1 2]",
            "// no",
            "{} x",
            "[\"",
            "[1e]",
            "[}",
        ] {
            assert!(read(text).1.is_some(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_of_its_own() {
        let failure = read(&"[".repeat(1_000_000)).1.expect("too deep");
        assert!(failure.contains("nesting depth"), "{failure}");
    }
}
