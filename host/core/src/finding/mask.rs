//! A secret never leaves: what is masked, in excerpts and in texts.

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use plimsoll_tree::write::{Alone, Workers};
use plimsoll_tree::{Kind, Node, Symbol, Tree, word};

use super::Location;
use super::finder::Finder;
use crate::bundle::Bundle;
use crate::read::Span;

/// Shown instead of a secret: says nothing of its length.
pub const MASK: &str = "********";

/// Words that messages are made of: a mask in the place of one would say what the secret is.
const OWN_WORDS: [&str; 12] = [
    "access",
    "account",
    "default",
    "password",
    "postgres",
    "private",
    "production",
    "public",
    "secret",
    "service",
    "string",
    "username",
];

/// Letters up to which a value of nothing but small letters counts as a word.
const LONGEST_WORD: usize = 15;

/// Values that are brought into their forms at a time.
const BATCH: usize = 64;

/// Nodes that are looked through at a time.
const NODES: usize = 1 << 14;

/// Secret values shorter than this are masked at their places only: inside other texts they would be found by chance.
const SHORTEST_IN_TEXT: usize = 6;

/// What no output may show.
#[derive(Default)]
pub struct Masks {
    /// For each manifest, spans in order, joined where they meet.
    spans: Vec<Vec<Span>>,
    /// Values that nothing else is likely to contain: masked wherever they stand in a text.
    telling: Option<Finder>,
    /// Values that are words: masked where they stand alone.
    plain: Option<Finder>,
    /// A policy that marks secrets failed: nothing of any source is shown.
    pub nothing_is_shown: bool,
}

impl Masks {
    /// Masks these nodes (a scalar, or all scalars in a map or sequence) and all values of Secrets.
    #[must_use]
    pub fn new(bundle: &Bundle, sensitive: &[u32]) -> Self {
        Self::new_with(bundle, sensitive, &Alone)
    }

    /// The same by several threads.
    #[must_use]
    pub fn new_with(bundle: &Bundle, sensitive: &[u32], workers: &dyn Workers) -> Self {
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
        // What a later key of the same name replaced is in no node, so that nobody can say whether it is secret.
        for (list, manifest) in spans.iter_mut().zip(&bundle.manifests) {
            let lost = manifest.remarks.iter().map(|remark| remark.lost);
            list.extend(lost.filter(|span| *span != Span::EMPTY));
        }
        for list in &mut spans {
            join(list);
        }
        let words = ordinary_words(tree, bundle, &spans, &values, workers);
        values.retain(|value| !words.contains(value.as_str()));
        let (plain, telling): (Vec<String>, Vec<String>) =
            values.into_iter().partition(|value| is_plain_word(value.as_bytes()));
        let batches: Vec<&[String]> = telling.chunks(BATCH).collect();
        let telling = workers.map(batches.len(), |batch| {
            let values = batches.get(batch).copied().unwrap_or_default();
            values.iter().flat_map(|value| forms(value)).collect::<Vec<String>>()
        });
        Masks {
            spans,
            telling: Finder::new(telling.into_iter().flatten().collect()),
            plain: Finder::new(plain),
            nothing_is_shown: false,
        }
    }

    /// A text of ours or a guest's with every secret value in it masked.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let text = replaced(text, self.telling.as_ref(), |_| true);
        let bounded = |found: std::ops::Range<usize>| {
            let letter = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
            !letter(text[..found.start].chars().next_back()) && !letter(text[found.end..].chars().next())
        };
        replaced(&text, self.plain.as_ref(), bounded)
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

/// Whether a value may be a word of some language.
fn is_plain_word(value: &[u8]) -> bool {
    (SHORTEST_IN_TEXT..=LONGEST_WORD).contains(&value.len()) && value.iter().all(u8::is_ascii_lowercase)
}

/// Those of the values that are no secret by their text: words of messages, names of objects, which every output is full of
/// (a Secret that holds the name of its database), and words that stand unmasked in the input (a password that is also the
/// name of an image).
fn ordinary_words<'t>(
    tree: Tree<'t>,
    bundle: &Bundle,
    spans: &[Vec<Span>],
    values: &BTreeSet<String>,
    workers: &dyn Workers,
) -> HashSet<&'t str> {
    let mut found: HashSet<&str> = OWN_WORDS.into_iter().collect();
    let objects = (0..tree.objects()).filter_map(|object| tree.object(object));
    found.extend(
        objects
            .map(|object| tree.text(object.name))
            .filter(|name| values.contains(*name)),
    );
    let words: HashSet<&str> = values
        .iter()
        .map(String::as_str)
        .filter(|value| is_plain_word(value.as_bytes()))
        .collect();
    if words.is_empty() {
        return found;
    }
    // By symbol, for there are many nodes and few words.
    let wanted: Vec<bool> = (0..tree.symbols())
        .map(|symbol| {
            let symbol = Symbol(symbol);
            is_plain_word(tree.bytes(symbol)) && words.contains(tree.text(symbol))
        })
        .collect();
    if !wanted.contains(&true) {
        return found;
    }
    let is_wanted = |symbol: Symbol| wanted.get(symbol.0 as usize) == Some(&true);
    let batches = (tree.nodes() as usize).div_ceil(NODES);
    let of_batches = workers.map(batches, |batch| {
        let mut shown: Vec<Symbol> = Vec::new();
        for index in (batch * NODES..(batch + 1) * NODES).filter_map(|index| u32::try_from(index).ok()) {
            let Some(node) = tree.node(index) else { continue };
            shown.extend(node.key.filter(|key| is_wanted(*key)));
            let value = Symbol(node.value);
            if node.kind == Kind::String && is_wanted(value) {
                let masked = bundle.locate(index).is_none_or(|place| {
                    let list = spans.get(place.manifest).map_or(&[] as &[Span], Vec::as_slice);
                    let at = list.partition_point(|span| span.end <= place.value.start);
                    list.get(at).is_some_and(|span| span.start < place.value.end)
                });
                if !masked {
                    shown.push(value);
                }
            }
        }
        shown
    });
    found.extend(of_batches.into_iter().flatten().map(|symbol| tree.text(symbol)));
    found
}

fn replaced(text: &str, finder: Option<&Finder>, wanted: impl Fn(std::ops::Range<usize>) -> bool) -> String {
    let Some(finder) = finder else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in finder.find_all(text).filter(|found| wanted(found.clone())) {
        out.push_str(&text[from..found.start]);
        out.push_str(MASK);
        from = found.end;
    }
    out.push_str(&text[from..]);
    out
}

fn add_value(tree: Tree<'_>, at: u32, node: Node, encoded: bool, values: &mut BTreeSet<String>) {
    let text = match node.kind {
        Kind::String => tree.text(Symbol(node.value)).to_owned(),
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
    fn words_are_masked_where_they_stand_alone() {
        let masks = Masks {
            telling: Finder::new(vec!["h4rbour".to_owned()]),
            plain: Finder::new(vec!["harbour".to_owned()]),
            ..Masks::default()
        };
        assert_eq!(masks.text("harbour harbours xh4rbourx"), "******** harbours x********x");
        assert!(is_plain_word(b"postgres") && !is_plain_word(b"Postgres") && !is_plain_word(b"p0stgres"));
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
