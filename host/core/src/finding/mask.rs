//! A secret never leaves: what is masked, in excerpts and in texts.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use plimsoll_tree::{Kind, Node, Tree, word};

use super::Location;
use crate::bundle::Bundle;
use crate::read::Span;

/// Shown instead of a secret: says nothing of its length.
pub const MASK: &str = "********";

/// Secret values shorter than this are masked at their places only: inside other texts they would be found by chance.
const SHORTEST_IN_TEXT: usize = 6;

/// What no output may show.
#[derive(Default)]
pub struct Masks {
    /// For each manifest, spans in order, joined where they meet.
    spans: Vec<Vec<Span>>,
    finder: Option<AhoCorasick>,
    /// A policy that marks secrets failed: nothing of any source is shown.
    pub nothing_is_shown: bool,
}

impl Masks {
    /// Masks these nodes (a scalar, or all scalars in a map or sequence) and all values of Secrets.
    #[must_use]
    pub fn new(bundle: &Bundle, sensitive: &[u32]) -> Self {
        let tree = bundle.tree();
        let mut values = BTreeSet::new();
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); bundle.manifests.len()];
        let mut cover = |node: u32, encoded: bool| {
            let mut at = node;
            while at < tree.end(node) {
                let Some(found) = tree.node(at) else { break };
                if !matches!(found.kind, Kind::Map | Kind::Sequence) {
                    if let Some(found) = bundle.locate(at) {
                        spans[found.manifest].push(found.value);
                    }
                    add_value(tree, at, found, encoded, &mut values);
                }
                at += 1;
            }
        };
        for &node in sensitive {
            cover(node, false);
        }
        for index in 0..tree.objects() {
            let Some(object) = tree
                .object(index)
                .filter(|object| object.kind == word!("Secret") && object.group.0 == 0)
            else {
                continue;
            };
            for (key, encoded) in [(word!("data"), true), (word!("stringData"), false)] {
                if let Some(map) = tree.get(object.root, key) {
                    cover(map, encoded);
                }
            }
        }
        for list in &mut spans {
            join(list);
        }
        let names: BTreeSet<&str> = (0..tree.objects())
            .filter_map(|index| tree.object(index))
            .flat_map(|object| {
                [
                    tree.text(object.name),
                    object.namespace().map_or("", |name| tree.text(name)),
                ]
            })
            .collect();
        values.retain(|value: &String| !names.contains(value.as_str()));
        let patterns: BTreeSet<String> = values.iter().flat_map(|value| forms(value)).collect();
        let finder = (!patterns.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(&patterns)
                    .ok()
            })
            .flatten();
        // Without a finder texts cannot be searched, and then none is safe to quote from.
        let nothing_is_shown = !patterns.is_empty() && finder.is_none();
        Masks {
            spans,
            finder,
            nothing_is_shown,
        }
    }

    /// A text of ours or a guest's with every secret value in it masked.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let Some(finder) = &self.finder else {
            return text.to_owned();
        };
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for found in finder.find_iter(text) {
            out.push_str(&text[from..found.start()]);
            out.push_str(MASK);
            from = found.end();
        }
        out.push_str(&text[from..]);
        out
    }

    /// The masked spans of a manifest that meet this one, in order.
    #[must_use]
    pub fn spans(&self, manifest: usize, within: Span) -> Vec<Span> {
        let Some(spans) = self.spans.get(manifest) else {
            return Vec::new();
        };
        let first = spans.partition_point(|span| span.end <= within.start);
        spans[first..]
            .iter()
            .take_while(|span| span.start < within.end)
            .copied()
            .collect()
    }

    /// Whether any of a place is masked.
    #[must_use]
    pub fn covers(&self, place: Location) -> bool {
        !self.spans(place.manifest, place.span).is_empty()
    }
}

fn add_value(tree: Tree<'_>, at: u32, node: Node, encoded: bool, values: &mut BTreeSet<String>) {
    let text = match node.kind {
        Kind::String => tree.text(plimsoll_tree::Symbol(node.value)).to_owned(),
        Kind::Integer | Kind::Float => tree.original(at).map_or_else(|| tree.json(at), str::to_owned),
        _ => return,
    };
    if encoded {
        let packed: String = text.split_ascii_whitespace().collect();
        if let Some(decoded) = STANDARD
            .decode(packed)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
        {
            put(&decoded, values);
        }
    }
    put(&text, values);
}

fn put(value: &str, values: &mut BTreeSet<String>) {
    let value = value.trim();
    if value.len() >= SHORTEST_IN_TEXT {
        values.insert(value.to_owned());
    }
}

/// A value as it may stand in a text: raw, in JSON, in a URL, in base64 (without padding, so that it is found before any).
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let mut url = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    vec![
        value.to_owned(),
        json.trim_matches('"').to_owned(),
        url,
        STANDARD_NO_PAD.encode(value),
    ]
}

fn join(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    *spans = joined;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form() {
        assert_eq!(forms("a\"b c?"), ["a\"b c?", "a\\\"b c?", "a%22b%20c%3F", "YSJiIGM/"]);
    }

    #[test]
    fn spans_that_meet_are_one() {
        let mut spans = vec![
            Span { start: 5, end: 9 },
            Span { start: 1, end: 3 },
            Span { start: 2, end: 5 },
        ];
        join(&mut spans);
        assert_eq!(spans, [Span { start: 1, end: 9 }]);
    }
}
