//! Values as text.

use serde_json::Value;

use crate::read::is_plain_text;

/// How a text is quoted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quote {
    /// Not, where that is safe.
    Plain,
    Single,
    Double,
}

impl Quote {
    /// That of a scalar as it is written.
    pub(super) fn of(written: &str) -> Quote {
        match written.as_bytes().first() {
            Some(b'"') => Quote::Double,
            Some(b'\'') => Quote::Single,
            _ => Quote::Plain,
        }
    }
}

/// The style of what is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Style {
    /// Of texts.
    pub quote: Quote,
    /// Of keys.
    pub keys: Quote,
    /// Blanks inside braces: `{ a: b }`.
    pub padded: bool,
    /// No blanks behind commas and colons, as in JSON for machines.
    pub tight: bool,
}

/// A scalar.
pub(super) fn scalar(value: &Value, quote: Quote) -> String {
    match value {
        Value::String(text) => quoted(text, quote),
        other => other.to_string(),
    }
}

/// A key.
pub(super) fn key(key: &str, quote: Quote) -> String {
    let colon = key.contains([':', ' ']);
    quoted(
        key,
        if colon && quote == Quote::Plain {
            Quote::Double
        } else {
            quote
        },
    )
}

fn quoted(text: &str, quote: Quote) -> String {
    match quote {
        Quote::Plain if is_safe(text) => text.to_owned(),
        Quote::Single if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', "''")),
        // A JSON text is a YAML text.
        _ => Value::from(text).to_string(),
    }
}

/// Whether a text may stand without quotes, in brackets too, for readers of YAML 1.1 and 1.2.
fn is_safe(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+=~^$()% ".contains(&byte);
    let starts = match text.as_bytes() {
        [b'-', next, ..] => next.is_ascii_alphabetic() || (*next == b'-' && text.len() > 3),
        // Numbers, dates and times of day in some reader's eyes.
        [b'0'..=b'9', ..] => text.contains('/') || text.matches('.').count() > 1,
        [first, ..] => first.is_ascii_alphabetic() || b"/_$".contains(first),
        [] => false,
    };
    // Before a comma or a bracket, a dash behind a blank is an item's to some readers: `[{a: A -, b: c}]`.
    let ends = !text.ends_with([' ', ':']) && !text.ends_with(" -") && !text.contains(": ");
    starts && ends && text.bytes().all(plain) && is_plain_text(text)
}

/// A value on one line, collections in brackets.
pub(super) fn flow(value: &Value, style: Style) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, style)).collect();
            format!("[{}]", items.join(comma(style)))
        }
        Value::Object(members) if !members.is_empty() => {
            let members: Vec<String> = members.iter().map(|(key, value)| member(key, value, style)).collect();
            let pad = if style.padded { " " } else { "" };
            format!("{{{pad}{}{pad}}}", members.join(comma(style)))
        }
        Value::Object(_) => "{}".to_owned(),
        scalar => self::scalar(scalar, style.quote),
    }
}

/// A member of a map in brackets.
pub(super) fn member(name: &str, value: &Value, style: Style) -> String {
    let colon = if style.tight { ":" } else { ": " };
    format!("{}{colon}{}", key(name, style.keys), flow(value, style))
}

/// What stands between members.
pub(super) fn comma(style: Style) -> &'static str {
    if style.tight { "," } else { ", " }
}

/// How a document indents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    /// Columns from a map's key to its map's keys.
    pub step: usize,
    /// Columns from a key to the dashes of its sequence; none where the document writes sequences in brackets.
    pub dash: Option<usize>,
    /// The line end.
    pub line: &'static str,
    /// Of texts and keys.
    pub style: Style,
}

/// A member of a map without brackets whose keys stand in this column: without the first line's blanks.
pub(super) fn block_member(name: &str, value: &Value, column: usize, layout: Layout) -> String {
    let name = key(name, layout.style.keys);
    match (value, layout.dash) {
        (Value::Object(members), _) if !members.is_empty() => {
            let inner = column + layout.step;
            let start = format!("{name}:{}{}", layout.line, " ".repeat(inner));
            start + &block_members(members, inner, layout)
        }
        (Value::Array(items), Some(dash)) if !items.is_empty() => {
            let inner = column + dash;
            let start = format!("{name}:{}{}", layout.line, " ".repeat(inner));
            start + &block_items(items, inner, layout)
        }
        _ => format!("{name}: {}", flow(value, layout.style)),
    }
}

/// The members of a map whose keys stand in this column.
pub(super) fn block_members(members: &serde_json::Map<String, Value>, column: usize, layout: Layout) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| block_member(name, value, column, layout))
        .collect();
    members.join(&format!("{}{}", layout.line, " ".repeat(column)))
}

/// The items of a sequence whose dashes stand in this column.
pub(super) fn block_items(items: &[Value], column: usize, layout: Layout) -> String {
    let items: Vec<String> = items.iter().map(|item| block_item(item, column, layout)).collect();
    items.join(&format!("{}{}", layout.line, " ".repeat(column)))
}

/// An item of a sequence whose dashes stand in this column.
pub(super) fn block_item(item: &Value, column: usize, layout: Layout) -> String {
    match item {
        Value::Object(members) if !members.is_empty() => {
            format!("- {}", block_members(members, column + 2, layout))
        }
        other => format!("- {}", flow(other, layout.style)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_some_reader_takes_for_something_else_are_quoted() {
        for text in ["A -", "a:", "- a", "1.5", "12:30", "a: b", ""] {
            assert_eq!(quoted(text, Quote::Plain), format!("\"{text}\""));
        }
        for text in ["web", "a-b", "a - b", "/ready", "registry.example.com/web:1"] {
            assert_eq!(quoted(text, Quote::Plain), text);
        }
    }
}
