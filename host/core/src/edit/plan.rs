//! From a change of a node to replacements of text.

use plimsoll_tree::Kind;
use serde_json::Value;

use super::source::{Change, Source};
use super::write::{self, Layout, Quote, Style};
use super::{Replacement, block, flow, lines};

/// What a change comes to. None where the style leaves no way.
pub(super) fn replacements(source: &Source, change: &Change) -> Option<Vec<Replacement>> {
    match change {
        Change::Set(node, value) => set(source, *node, value).map(|one| vec![one]),
        Change::Rename(node, key) => {
            let range = source.key_span(*node)?;
            let written = source.text().get(range.clone())?;
            let text = write::key(key, Quote::of(written));
            Some(vec![put(range, text)])
        }
        Change::Insert(into, key, value) => {
            let map = source.kind(*into)? == Kind::Map;
            let taken = |child: &u32| map && source.key(*child) == Some(key.as_str());
            let children = source.children(*into);
            if children.iter().any(taken) {
                return None;
            }
            let position = if map || key == "-" {
                children.len()
            } else {
                key.parse().ok().filter(|&position| position <= children.len())?
            };
            let member = map.then_some(key.as_str());
            if source.is_flow(*into)? {
                flow::insert(source, *into, member, position, value)
            } else {
                block::insert(source, *into, member, position, value).map(|one| vec![one])
            }
        }
        Change::Remove(node) => {
            let holder = source.parent(*node)?;
            if source.children(holder).len() == 1 {
                let empty = if source.kind(holder)? == Kind::Map { "{}" } else { "[]" };
                let one = inline(source, holder, empty.to_owned())?;
                return Some(vec![Replacement { removal: true, ..one }]);
            }
            let one = if source.is_flow(holder)? {
                flow::remove(source, holder, *node)
            } else {
                block::remove(source, holder, *node)
            };
            one.map(|one| vec![one])
        }
    }
}

/// Text in the place of other text that holds no comment.
pub(super) fn put(range: std::ops::Range<usize>, text: String) -> Replacement {
    Replacement {
        range,
        text,
        removal: false,
    }
}

fn set(source: &Source, node: u32, value: &Value) -> Option<Replacement> {
    if matches!(source.kind(node)?, Kind::Map | Kind::Sequence) {
        return set_collection(source, node, value);
    }
    let text = source.text();
    let wide = matches!(value, Value::Array(_) | Value::Object(_)) && !source.in_flow(node);
    let style = style(source, node);
    let Some(range) = source.value(node) else {
        let colon = source.colon(node)?;
        return Some(put(colon..colon, format!(" {}", write::flow(value, style))));
    };
    let written = text.get(range.clone())?;
    let (start, quote) = match block::header(text, range.start) {
        Some(header) => (header, style.quote),
        None if style.keys == Quote::Double => (range.start, Quote::Double),
        None => (range.start, Quote::of(written)),
    };
    if wide && let Some(found) = in_blocks(source, node, value) {
        let behind = source.colon(node).unwrap_or(start);
        return Some(put(behind..range.end, found));
    }
    Some(put(start..range.end, write::flow(value, Style { quote, ..style })))
}

/// What follows the colon of a member that becomes a map or sequence, in lines of its own. None where that is not the
/// document's style, and for items.
fn in_blocks(source: &Source, node: u32, value: &Value) -> Option<String> {
    let key = source.key_span(node)?.start;
    let column = lines::indent(source.text(), key)?.len();
    let member = write::block_member("k", value, column, layout(source));
    member.strip_prefix("k:").map(str::to_owned)
}

fn set_collection(source: &Source, node: u32, value: &Value) -> Option<Replacement> {
    let text = source.text();
    let range = source.value(node)?;
    let children = source.children(node);
    let quote = children.iter().find_map(|&child| quote(source, child));
    let in_brackets = source.is_flow(node)?;
    match (source.kind(node)?, value) {
        (Kind::Sequence, Value::Array(items)) if in_brackets && !items.is_empty() && !children.is_empty() => {
            let first = source.first(*children.first()?)?;
            let last = source.last(*children.last()?)?;
            let style = style(source, node);
            let style = Style {
                quote: quote.unwrap_or(style.quote),
                ..style
            };
            let between = if lines::is_first(text, first) {
                format!(",{}{}", lines::break_of(text), lines::before(text, first))
            } else {
                write::comma(style).to_owned()
            };
            let items: Vec<String> = items.iter().map(|item| write::flow(item, style)).collect();
            Some(put(first..last, items.join(&between)))
        }
        (Kind::Sequence, Value::Array(items)) if !in_brackets && !items.is_empty() => {
            let mut layout = layout(source);
            layout.style.quote = quote.unwrap_or(Quote::Plain);
            let column = lines::indent(text, range.start)?.len();
            Some(put(range, write::block_items(items, column, layout)))
        }
        (Kind::Map, Value::Object(members)) if !in_brackets && !members.is_empty() => {
            let column = lines::indent(text, range.start)?.len();
            Some(put(range, write::block_members(members, column, layout(source))))
        }
        _ if in_brackets => Some(put(range, write::flow(value, style(source, node)))),
        _ => inline(source, node, write::flow(value, style(source, node))),
    }
}

/// Puts a text in a collection's place, on the line of what names it.
fn inline(source: &Source, node: u32, text: String) -> Option<Replacement> {
    let range = source.value(node)?;
    if source.is_flow(node)? {
        return Some(put(range, text));
    }
    let before = match source.parent(node) {
        Some(holder) if source.kind(holder)? == Kind::Map => source.colon(node),
        Some(_) => block::dash(source, node).map(|dash| dash + 1),
        None => None,
    };
    let near = before.filter(|&before| {
        let gap = source.text().get(before..range.start).unwrap_or("#");
        gap.trim().is_empty()
    });
    Some(match near {
        Some(before) => put(before..range.end, format!(" {text}")),
        None => put(range, text),
    })
}

/// How a text is quoted; none of what is no text.
pub(super) fn quote(source: &Source, node: u32) -> Option<Quote> {
    let written = source.text().get(source.value(node)?)?;
    let text = source.kind(node)? == Kind::String && !written.contains('\n');
    text.then(|| Quote::of(written))
}

/// Whether a document is written as JSON.
fn is_json(source: &Source) -> bool {
    let root = source.root();
    let quoted = |node: u32| {
        let key = source.key_span(node)?;
        Some(source.text().as_bytes().get(key.start) == Some(&b'"'))
    };
    let end = source.manifest.documents.first().map_or(0, |document| document.end);
    source.is_flow(root) == Some(true) && (root..end).find_map(quoted).unwrap_or(true)
}

/// The style of what is written in brackets at a node.
pub(super) fn style(source: &Source, node: u32) -> Style {
    let text = source.text();
    let json = is_json(source);
    let holds = matches!(source.kind(node), Some(Kind::Map | Kind::Sequence));
    let holder = if holds { Some(node) } else { source.parent(node) };
    let children = holder.map(|holder| source.children(holder)).unwrap_or_default();
    let braces = holder.into_iter().chain(children.iter().copied()).find_map(|node| {
        let start = source.value(node)?.start;
        let map = source.kind(node)? == Kind::Map && text.as_bytes().get(start) == Some(&b'{');
        map.then(|| matches!(text.as_bytes().get(start + 1), Some(b' ')))
    });
    let tight = json
        && (source.root()..)
            .take(64)
            .any(|node| match (source.colon(node), source.value(node)) {
                (Some(colon), Some(value)) => colon == value.start,
                _ => false,
            });
    let quote = if json { Quote::Double } else { Quote::Plain };
    Style {
        quote,
        keys: quote,
        padded: braces.unwrap_or(false),
        tight,
    }
}

/// How a document indents.
pub(super) fn layout(source: &Source) -> Layout {
    let text = source.text();
    let column = |at: usize| lines::before(text, at).len();
    let (mut step, mut dash, mut brackets) = (None, None, false);
    let end = source.manifest.documents.first().map_or(0, |document| document.end);
    for node in source.root()..end {
        if source.is_alias(node) || (step.is_some() && dash.is_some()) {
            continue;
        }
        let (Some(value), Some(key)) = (source.value(node), source.key_span(node)) else {
            continue;
        };
        let found = column(value.start).saturating_sub(column(key.start));
        match (source.kind(node), source.is_flow(node)) {
            (Some(Kind::Map), Some(false)) => step = step.or(Some(found)),
            (Some(Kind::Sequence), Some(false)) => dash = dash.or(Some(found)),
            (Some(Kind::Sequence), Some(true)) => brackets |= value.len() > 2,
            _ => {}
        }
    }
    Layout {
        step: step.unwrap_or(2).clamp(1, 16),
        dash: dash.or((!brackets).then_some(2)),
        line: lines::break_of(text),
        style: Style {
            quote: Quote::Plain,
            keys: Quote::Plain,
            padded: false,
            tight: false,
        },
    }
}
