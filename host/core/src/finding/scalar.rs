//! From a place within a scalar's value to the place in its source.

use std::ops::Range;

use crate::read::Span;

/// Where bytes of a scalar's value stand in the source. `source` is the text that the scalar's span covers, which starts
/// at `start` in the file. `None` where folding makes it ambiguous: then the whole scalar is meant.
pub fn source_span(source: &str, start: u32, value: &str, range: Range<usize>) -> Option<Span> {
    if range.start > range.end || value.get(range.clone()).is_none() {
        return None;
    }
    let map = match source.as_bytes().first()? {
        b'"' => double_quoted(source)?,
        b'\'' => single_quoted(source)?,
        b'|' | b'>' => literal(source, value)?,
        _ if source == value => return shifted(start, range.start, range.end),
        _ => literal(source, value)?,
    };
    // The map has the source offset of each byte of the value, and of its end.
    if map.len() != value.len() + 1 {
        return None;
    }
    shifted(start, *map.get(range.start)?, *map.get(range.end)?)
}

fn shifted(start: u32, from: usize, to: usize) -> Option<Span> {
    let at = |offset: usize| start.checked_add(u32::try_from(offset).ok()?);
    Some(Span {
        start: at(from)?,
        end: at(to)?,
    })
}

/// One line in single quotes: `''` stands for one quote.
fn single_quoted(source: &str) -> Option<Vec<usize>> {
    let inner = source.strip_prefix('\'')?.strip_suffix('\'')?;
    if inner.contains('\n') {
        return None;
    }
    let bytes = inner.as_bytes();
    let (mut map, mut at) = (Vec::with_capacity(bytes.len() + 1), 0);
    while at < bytes.len() {
        map.push(at + 1);
        at += if bytes[at] == b'\'' { 2 } else { 1 };
    }
    map.push(bytes.len() + 1);
    Some(map)
}

/// One line in double quotes, with its escapes.
fn double_quoted(source: &str) -> Option<Vec<usize>> {
    let inner = source.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\n') {
        return None;
    }
    let mut map = Vec::with_capacity(inner.len() + 1);
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        let length = if character == '\\' {
            let digits = match characters.next()?.1 {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                'N' | '_' => {
                    map.extend([at + 1; 2]);
                    continue;
                }
                'L' | 'P' => {
                    map.extend([at + 1; 3]);
                    continue;
                }
                _ => 0,
            };
            if digits == 0 {
                1
            } else {
                let mut code = 0_u32;
                for _ in 0..digits {
                    code = code.checked_mul(16)?.checked_add(characters.next()?.1.to_digit(16)?)?;
                }
                // Surrogates come in pairs in JSON: rare enough to take the whole scalar.
                char::from_u32(code)?.len_utf8()
            }
        } else {
            character.len_utf8()
        };
        map.extend((0..length).map(|byte| if character == '\\' { at + 1 } else { at + 1 + byte }));
    }
    map.push(inner.len() + 1);
    Some(map)
}

/// A literal block: every line of the value stands on a line of its own, indented.
fn literal(source: &str, value: &str) -> Option<Vec<usize>> {
    let mut map = Vec::with_capacity(value.len() + 1);
    let mut from = 0;
    // The header, where the span begins with it.
    if source.starts_with(['|', '>']) {
        from = source.find('\n')? + 1;
    }
    for line in value.split_inclusive('\n') {
        let text = line.trim_end_matches('\n');
        let rest = source.get(from..)?;
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let stored = rest[..end].trim_end_matches(['\n', '\r']);
        let indent = stored.strip_suffix(text)?;
        if indent.bytes().any(|byte| byte != b' ') {
            return None;
        }
        map.extend((0..text.len()).map(|byte| from + indent.len() + byte));
        if line.ends_with('\n') {
            map.push(from + indent.len() + text.len());
        }
        from += end;
    }
    map.push(map.last().map_or(0, |last| last + 1));
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(source: &str, value: &str, part: &str) -> Option<String> {
        let start = value.find(part)?;
        let span = source_span(source, 10, value, start..start + part.len())?;
        Some(source[span.start as usize - 10..span.end as usize - 10].to_owned())
    }

    #[test]
    fn plain_and_quoted() {
        assert_eq!(at("abc:def", "abc:def", "def").as_deref(), Some("def"));
        assert_eq!(at("'it''s here'", "it's here", "here").as_deref(), Some("here"));
        assert_eq!(at(r#""a\tbü\u00e4 c""#, "a\tbüä c", "ä").as_deref(), Some(r"\u00e4"));
        assert_eq!(at(r#""a\nb:pw""#, "a\nb:pw", "pw").as_deref(), Some("pw"));
    }

    #[test]
    fn literal_blocks() {
        let value = "first: 1\n\n  second: pw\n";
        assert_eq!(
            at("|\n    first: 1\n\n      second: pw\n", value, "pw").as_deref(),
            Some("pw")
        );
        assert_eq!(
            at("    first: 1\n\n      second: pw\n", value, "second").as_deref(),
            Some("second")
        );
        assert_eq!(
            at("first: 1\r\n\r\n      second: pw\r\n", value, "second").as_deref(),
            Some("second")
        );
    }

    #[test]
    fn folding_is_the_whole_scalar() {
        assert_eq!(at("one\n  two three", "one two three", "three"), None);
        assert_eq!(at(">\n  one\n  two\n", "one two\n", "two"), None);
        assert_eq!(at("\"a\n  b\"", "a b", "b"), None);
    }

    #[test]
    fn ranges_that_do_not_fit() {
        assert_eq!(source_span("ä", 0, "ä", 1..2), None);
        assert_eq!(source_span("abc", 0, "abc", 2..9), None);
    }
}
