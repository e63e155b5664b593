//! Members and items in lines of their own.

use plimsoll_tree::Kind;
use serde_json::Value;

use super::plan::{layout, put, quote, style};
use super::source::Source;
use super::write::{self, Quote};
use super::{Replacement, lines};

/// Puts a member or item in, before the child at this position or behind the last.
pub(super) fn insert(
    source: &Source,
    into: u32,
    member: Option<&str>,
    position: usize,
    value: &Value,
) -> Option<Replacement> {
    let text = source.text();
    let range = source.value(into)?;
    let indent = lines::indent(text, range.start)?;
    let children = source.children(into);
    let mut layout = layout(source);
    let new = if let Some(name) = member {
        write::block_member(name, value, indent.len(), layout)
    } else {
        let alike = children.iter().rev().find_map(|&child| quote(source, child));
        layout.style.quote = alike.unwrap_or(Quote::Plain);
        let beside = children
            .last()
            .copied()
            .filter(|&child| source.is_flow(child) == Some(true));
        match beside.filter(|&child| matches!(source.kind(child), Some(Kind::Map | Kind::Sequence))) {
            Some(child) => format!("- {}", write::flow(value, style(source, child))),
            None => write::block_item(value, indent.len(), layout),
        }
    };
    if let Some(&before) = children.get(position) {
        let at = dash(source, before)?;
        return Some(put(at..at, format!("{new}{}{indent}", layout.line)));
    }
    let last = children
        .iter()
        .filter_map(|&child| source.key_span(child))
        .map(|key| key.end);
    let at = lines::end(text, last.fold(range.end, usize::max));
    Some(put(at..at, format!("{}{indent}{new}", layout.line)))
}

/// Takes one of several members or items away with its lines.
pub(super) fn remove(source: &Source, holder: u32, node: u32) -> Option<Replacement> {
    let text = source.text();
    let start = |node: u32| match source.kind(holder)? {
        Kind::Map => source.key_span(node).map(|key| key.start),
        _ => dash(source, node),
    };
    let (from, end) = (start(node)?, source.last(node)?);
    let range = if lines::is_first(text, from) {
        let next = lines::next(text, end);
        let from = lines::start(text, from);
        if next == text.len() && !text.ends_with('\n') {
            let before = text.get(..from)?;
            let before = before.strip_suffix('\n').unwrap_or(before);
            before.strip_suffix('\r').unwrap_or(before).len()..next
        } else {
            from..next
        }
    } else {
        // The first of an item: what follows moves up to the dash, unless a comment of its own stands between.
        let children = source.children(holder);
        let own = |child: &&u32| **child > node && !source.is_alias(**child);
        let range = from..start(*children.iter().find(own)?)?;
        let alone = source.manifest.comments.iter().filter(|comment| comment.alone);
        if alone
            .into_iter()
            .any(|comment| range.contains(&(comment.span.start as usize)))
        {
            return None;
        }
        range
    };
    Some(Replacement {
        range,
        text: String::new(),
        removal: true,
    })
}

/// The dash of an item.
pub(super) fn dash(source: &Source, item: u32) -> Option<usize> {
    let text = source.text();
    let holder = source.value(source.parent(item)?)?.start;
    let column = lines::before(text, holder).len();
    let first = source.value(item)?.start;
    let mut line = lines::start(text, first);
    loop {
        let at = line + column;
        if at < first && at >= holder && text.as_bytes().get(at) == Some(&b'-') && lines::indent(text, at).is_some() {
            return Some(at);
        }
        if line <= holder {
            return None;
        }
        line = lines::start(text, line - 1);
    }
}

/// Where the `|` or `>` of a block scalar stands whose content starts here; none of other scalars.
pub(super) fn header(text: &str, start: usize) -> Option<usize> {
    if !lines::is_first(text, start) {
        return None;
    }
    let above = text.get(..lines::start(text, start))?.trim_end();
    let token = above.split([' ', '\n', '\t']).next_back()?;
    let rest = token.strip_prefix(['|', '>'])?;
    let signs = rest
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'+');
    signs.then(|| above.len() - token.len())
}
