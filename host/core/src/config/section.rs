//! Walking a config's tree: typed reading where every complaint has its place.

use std::cell::RefCell;

use plimsoll_tree::{Kind, Tree};
use serde_json::{Map, Value};

use super::ConfigError;
use crate::read::{Manifest, Span};

/// A config's text, and what was wrong so far.
pub(super) struct Source<'a> {
    pub manifest: &'a Manifest,
    pub tree: Tree<'a>,
    pub errors: RefCell<Vec<ConfigError>>,
}

impl Source<'_> {
    /// Notes an error at a span of the text.
    pub(super) fn complain(&self, span: Span, message: impl Into<String>) {
        let position = self.manifest.position(span.start);
        self.errors.borrow_mut().push(ConfigError {
            line: position.line,
            column: position.column,
            message: message.into(),
        });
    }
}

/// One value of the config.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    source: &'a Source<'a>,
    node: u32,
}

impl<'a> Entry<'a> {
    pub(super) fn new(source: &'a Source<'a>, node: u32) -> Self {
        Entry { source, node }
    }

    fn kind(self) -> Kind {
        self.source.tree.node(self.node).map_or(Kind::Null, |node| node.kind)
    }

    /// Where it stands.
    pub(super) fn span(self) -> Span {
        self.source
            .manifest
            .spans
            .get(self.node as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Where its key stands.
    pub(super) fn key_span(self) -> Span {
        self.source
            .manifest
            .keys
            .get(self.node as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Line where it starts, from 1.
    pub(super) fn line(self) -> u32 {
        self.source.manifest.position(self.span().start).line
    }

    /// Notes what is wrong with the value.
    pub(super) fn complain(self, message: impl Into<String>) {
        self.source.complain(self.span(), message);
    }

    /// Notes what is wrong with the key.
    pub(super) fn complain_of_key(self, message: impl Into<String>) {
        self.source.complain(self.key_span(), message);
    }

    /// Notes that nobody knows this key here.
    pub(super) fn unknown(self, key: &str, known: &[&str]) {
        let near = known
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(key, candidate), *candidate))
            .min()
            .filter(|&(distance, candidate)| distance <= 1 + candidate.len() / 4);
        self.complain_of_key(match near {
            Some((_, candidate)) => format!("unknown key; did you mean `{candidate}`?"),
            None => format!("unknown key; known here: {}", known.join(", ")),
        });
    }

    /// Whether it is a mapping.
    pub(super) fn is_map(self) -> bool {
        self.kind() == Kind::Map
    }

    /// Members of a mapping, in the order written; none where nothing is written.
    pub(super) fn members(self) -> Vec<(&'a str, Entry<'a>)> {
        match self.kind() {
            Kind::Map => self
                .children()
                .map(|child| {
                    let key = self.source.tree.node(child.node).and_then(|node| node.key);
                    (key.map_or("", |key| self.source.tree.text(key)), child)
                })
                .collect(),
            Kind::Null => Vec::new(),
            _ => {
                self.complain("must be a mapping");
                Vec::new()
            }
        }
    }

    /// Items of a list; none where nothing is written.
    pub(super) fn items(self) -> Vec<Entry<'a>> {
        match self.kind() {
            Kind::Sequence => self.children().collect(),
            Kind::Null => Vec::new(),
            _ => {
                self.complain("must be a list");
                Vec::new()
            }
        }
    }

    fn children(self) -> impl Iterator<Item = Entry<'a>> {
        let source = self.source;
        source.tree.children(self.node).map(move |node| Entry { source, node })
    }

    /// A text that is not empty.
    pub(super) fn text(self) -> Option<&'a str> {
        match self.kind() {
            Kind::String => {
                let text = self.source.tree.text(self.source.tree.symbol(self.node)?);
                if text.is_empty() {
                    self.complain("must not be empty");
                    return None;
                }
                Some(text)
            }
            _ => {
                self.complain("must be a text");
                None
            }
        }
    }

    /// A text, or a number as it is written: `1.30` without quotes means what it looks like.
    pub(super) fn text_or_number(self) -> Option<&'a str> {
        match self.kind() {
            Kind::Integer | Kind::Float => {
                let span = self.span();
                self.source.manifest.text.get(span.start as usize..span.end as usize)
            }
            _ => self.text(),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(self) -> Option<bool> {
        let flag = self.try_flag();
        if flag.is_none() {
            self.complain("must be true or false");
        }
        flag
    }

    pub(super) fn try_flag(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// A list of texts.
    pub(super) fn texts(self) -> Vec<String> {
        let texts = self.items().into_iter().filter_map(Entry::text);
        texts.map(str::to_owned).collect()
    }

    /// One of these words.
    pub(super) fn one_of<T: Copy>(self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.complain(format!("must be one of {}", known.join(", ")));
        }
        found
    }

    /// The value as JSON text.
    pub(super) fn json(self) -> String {
        let mut out = String::new();
        self.source.tree.write_json(self.node, &mut out);
        out
    }

    /// The value as JSON.
    pub(super) fn value(self) -> Value {
        serde_json::from_str(&self.json()).unwrap_or(Value::Null)
    }

    /// A mapping as JSON; empty where nothing is written.
    pub(super) fn map(self) -> Map<String, Value> {
        match self.value() {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            _ => {
                self.complain("must be a mapping");
                Map::new()
            }
        }
    }
}
