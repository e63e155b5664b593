//! Members and items in brackets.

use plimsoll_tree::Kind;
use serde_json::Value;

use super::plan::{put, quote, style};
use super::source::Source;
use super::write::{self, Style};
use super::{Replacement, lines};

/// Puts a member or item in, before the child at this position or behind the last.
pub(super) fn insert(
    source: &Source,
    into: u32,
    member: Option<&str>,
    position: usize,
    value: &Value,
) -> Option<Vec<Replacement>> {
    let text = source.text();
    let range = source.value(into)?;
    let children = source.children(into);
    let style = style(source, into);
    let alike = children.iter().rev().filter(|_| member.is_none());
    let style = Style {
        quote: alike
            .into_iter()
            .find_map(|&child| quote(source, child))
            .unwrap_or(style.quote),
        ..style
    };
    let new = match member {
        Some(name) => write::member(name, value, style),
        None => write::flow(value, style),
    };
    let (open, close) = (range.start + 1, range.end.checked_sub(1)?);
    let Some(&last) = children.last() else {
        let pad = if open == close { "" } else { " " };
        return Some(vec![put(open..close, format!("{pad}{new}{pad}"))]);
    };
    let first = source.first(*children.get(position).unwrap_or(&last))?;
    let own_line = lines::is_first(text, first);
    let line = format!("{}{}", lines::break_of(text), lines::before(text, first));
    let between = if style.tight { "" } else { " " };
    if position < children.len() {
        let behind = if own_line { line } else { between.to_owned() };
        return Some(vec![put(first..first, format!("{new},{behind}"))]);
    }
    let rest = source.last(last).filter(|&end| source.has_comment(&(end..close)));
    let end = rest.unwrap_or(text.get(..close)?.trim_end().len());
    let comma = if text.get(..end)?.ends_with(',') { "" } else { "," };
    if !own_line {
        return Some(vec![put(end..end, format!("{comma}{between}{new}"))]);
    }
    let line_end = lines::end(text, end);
    if line_end == end || line_end >= close || rest.is_none() {
        return Some(vec![put(end..end, format!("{comma}{line}{new}"))]);
    }
    // A comment stands behind the last one.
    let has_comma = text.get(end..line_end)?.trim_start().starts_with(',');
    let comma = if has_comma { "" } else { "," };
    let mut both = vec![put(line_end..line_end, format!("{line}{new}"))];
    if !comma.is_empty() {
        both.push(put(end..end, comma.to_owned()));
    }
    Some(both)
}

/// Takes one of several members or items away with a comma.
pub(super) fn remove(source: &Source, holder: u32, node: u32) -> Option<Replacement> {
    let children = source.children(holder);
    let at = children.iter().position(|&child| child == node)?;
    let own = |child: u32| source.kind(holder) == Some(Kind::Map) && source.is_alias(child);
    let range = match children.get(at + 1) {
        Some(&next) if !own(next) => source.first(node)?..source.first(next)?,
        Some(_) => return None,
        None => source.last(*children.get(at.checked_sub(1)?)?)?..source.last(node)?,
    };
    if source.has_comment(&range) {
        return None;
    }
    Some(Replacement {
        range,
        text: String::new(),
        removal: true,
    })
}
