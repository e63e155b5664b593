//! Places in a text by its lines.

use super::Replacement;

/// Where the line of an offset starts.
pub(super) fn start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |found| found + 1)
}

/// Where the line of an offset ends, before its line end.
pub(super) fn end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    let line = rest.split('\n').next().unwrap_or("");
    let bare = line.strip_suffix('\r').unwrap_or(line);
    at + bare.len()
}

/// Where the next line starts; the end of the text after the last.
pub(super) fn next(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    rest.find('\n').map_or(text.len(), |found| at + found + 1)
}

/// The line end that a text uses.
pub(super) fn break_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// What stands before an offset on its line.
pub(super) fn before(text: &str, at: usize) -> &str {
    text.get(start(text, at)..at).unwrap_or("")
}

/// Whether an offset is the first on its line but for blanks and tabs.
pub(super) fn is_first(text: &str, at: usize) -> bool {
    before(text, at).bytes().all(|byte| byte == b' ' || byte == b'\t')
}

/// Blanks as far as an offset's column, where nothing but blanks and dashes stands before it.
pub(super) fn indent(text: &str, at: usize) -> Option<String> {
    let before = before(text, at);
    let plain = before.bytes().all(|byte| byte == b' ' || byte == b'-');
    plain.then(|| " ".repeat(before.len()))
}

/// A text with replacements made; none where they overlap or lie outside.
pub(super) fn replaced(text: &str, replacements: &[Replacement]) -> Option<String> {
    let mut sorted: Vec<&Replacement> = replacements.iter().collect();
    sorted.sort_by_key(|replacement| (replacement.range.start, replacement.range.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for replacement in sorted {
        out.push_str(text.get(at..replacement.range.start)?);
        out.push_str(&replacement.text);
        at = replacement.range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}
