//! One document as it stands in its file, and what its edits must come to.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_tree::{Flags, Kind, Tree};
use serde_json::Value;

use super::{Replacement, TextEdit, lines};
use crate::finding::Location;
use crate::policy::Edit;
use crate::read::{Limits, Manifest, Span, manifest_of_text};

/// A change of one node of a document.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Change {
    Set(u32, Value),
    Insert(u32, String, Value),
    Rename(u32, String),
    Remove(u32),
}

impl Change {
    /// An edit of this node. None where its value is no JSON.
    pub(super) fn of(node: u32, edit: &Edit) -> Option<Change> {
        let read = |text: &str| serde_json::from_str(text).ok();
        Some(match edit {
            Edit::Set { value, .. } => Change::Set(node, read(value)?),
            Edit::Insert { key, value, .. } => Change::Insert(node, key.clone(), read(value)?),
            Edit::Rename { key, .. } => Change::Rename(node, key.clone()),
            Edit::Remove(_) => Change::Remove(node),
        })
    }
}

/// A document's text, read by itself.
pub(super) struct Source {
    /// Where it starts in its file.
    pub start: usize,
    /// Places count from the document's start.
    pub manifest: Manifest,
    words: Vec<u32>,
    /// By node; the root's is itself.
    parents: Vec<u32>,
}

impl Source {
    /// Reads the document at a place of a file. None where it cannot be read by itself.
    pub(super) fn read(text: &str, span: Span) -> Option<Source> {
        let (mut start, end) = (span.start as usize, span.end as usize);
        if lines::is_first(text, start) {
            start = lines::start(text, start);
        }
        Source::of(text.get(start..end)?, start)
    }

    pub(super) fn of(text: &str, start: usize) -> Option<Source> {
        let manifest = manifest_of_text("", Arc::from(text), &Limits::default());
        let [document] = manifest.documents.as_slice() else {
            return None;
        };
        if document.coarse || !manifest.failures.is_empty() {
            return None;
        }
        let words = manifest.part.to_tree().ok()?;
        let tree = Tree::read(&words).ok()?;
        let root = document.root;
        let mut parents = vec![root; tree.nodes() as usize];
        for node in root..document.end {
            if matches!(tree.node(node)?.kind, Kind::Map | Kind::Sequence) {
                for child in tree.children(node) {
                    *parents.get_mut(child as usize)? = node;
                }
            }
        }
        Some(Source {
            start,
            manifest,
            words,
            parents,
        })
    }

    pub(super) fn text(&self) -> &str {
        &self.manifest.text
    }

    /// The tree, which was read before.
    fn tree(&self) -> Option<Tree<'_>> {
        Tree::read(&self.words).ok()
    }

    pub(super) fn kind(&self, node: u32) -> Option<Kind> {
        self.manifest.part.kind(node)
    }

    pub(super) fn root(&self) -> u32 {
        self.manifest.documents.first().map_or(0, |document| document.root)
    }

    /// The map or sequence that a node lies in; none of the root.
    pub(super) fn parent(&self, node: u32) -> Option<u32> {
        (node != self.root()).then(|| self.parents.get(node as usize).copied())?
    }

    pub(super) fn children(&self, node: u32) -> Vec<u32> {
        match self.kind(node) {
            Some(Kind::Map | Kind::Sequence) => self.manifest.part.children(node),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_alias(&self, node: u32) -> bool {
        self.manifest.part.flags(node).has(Flags::ALIAS)
    }

    /// The text of a node's key.
    pub(super) fn key(&self, node: u32) -> Option<&str> {
        let part = &self.manifest.part;
        part.key(node).map(|key| part.text(key))
    }

    /// Where a node's value stands; none where nothing is written. What has no brackets ends with its last value.
    pub(super) fn value(&self, node: u32) -> Option<std::ops::Range<usize>> {
        let range = written(self.manifest.spans.get(node as usize)?)?;
        if self.is_flow(node) == Some(true) {
            return Some(range);
        }
        let Some(&last) = self.children(node).last() else {
            return Some(range);
        };
        let whole = || self.text().get(..range.end).map(|text| text.trim_end().len());
        let end = self.last(last).or_else(whole)?;
        Some(range.start..end.max(range.start))
    }

    /// Where a node's key stands, quotes included.
    pub(super) fn key_span(&self, node: u32) -> Option<std::ops::Range<usize>> {
        written(self.manifest.keys.get(node as usize)?)
    }

    /// Where a member or item starts: its key or, without one, its value.
    pub(super) fn first(&self, node: u32) -> Option<usize> {
        match self.key_span(node) {
            Some(key) => Some(key.start),
            None => self.value(node).map(|value| value.start),
        }
    }

    /// Where a member or item ends; none where that is not known, as of an alias.
    pub(super) fn last(&self, node: u32) -> Option<usize> {
        if self.is_alias(node) {
            return None;
        }
        match self.value(node) {
            Some(value) => Some(value.end),
            None => self.colon(node),
        }
    }

    /// Behind the colon of a member's key.
    pub(super) fn colon(&self, node: u32) -> Option<usize> {
        let key = self.key_span(node)?.end;
        let rest = self.text().get(key..)?;
        let blank = rest.len() - rest.trim_start().len();
        rest.get(blank..)?.starts_with(':').then_some(key + blank + 1)
    }

    /// Whether a map or sequence is written with brackets.
    pub(super) fn is_flow(&self, node: u32) -> Option<bool> {
        let start = written(self.manifest.spans.get(node as usize)?)?.start;
        Some(matches!(self.text().as_bytes().get(start)?, b'{' | b'['))
    }

    /// Whether a node lies in brackets.
    pub(super) fn in_flow(&self, mut node: u32) -> bool {
        while let Some(parent) = self.parent(node) {
            if self.is_flow(parent) == Some(true) {
                return true;
            }
            node = parent;
        }
        false
    }

    /// Whether a range holds a comment.
    pub(super) fn has_comment(&self, range: &std::ops::Range<usize>) -> bool {
        let inside = |at: u32| range.contains(&(at as usize));
        self.manifest.comments.iter().any(|comment| inside(comment.span.start))
    }

    pub(super) fn json(&self, node: u32) -> Value {
        self.tree()
            .and_then(|tree| super::json(tree, node))
            .unwrap_or(Value::Null)
    }

    /// The node at these places of the file. None where there is none, or more than one.
    pub(super) fn find(&self, value: Span, key: Span) -> Option<u32> {
        let local = |span: Span| -> Option<Span> {
            if span == Span::EMPTY {
                return Some(span);
            }
            let start = u32::try_from(self.start).ok()?;
            Some(Span {
                start: span.start.checked_sub(start)?,
                end: span.end.checked_sub(start)?,
            })
        };
        let (value, key) = (local(value)?, local(key)?);
        let spans = self.manifest.spans.iter().zip(&self.manifest.keys);
        let mut found = (0_u32..).zip(spans).filter(|&(node, (&found, &name))| {
            let same = found == value || (found.start == found.end && value.start == value.end);
            same && name == key && !self.is_alias(node)
        });
        match (found.next(), found.next()) {
            (Some((node, _)), None) => Some(node),
            _ => None,
        }
    }

    /// A replacement as the file has it.
    pub(super) fn located(&self, manifest: usize, replacement: Replacement) -> TextEdit {
        let at = |offset: usize| u32::try_from(self.start + offset).unwrap_or(u32::MAX);
        let span = Span {
            start: at(replacement.range.start),
            end: at(replacement.range.end),
        };
        TextEdit {
            place: Location { manifest, span },
            text: replacement.text,
        }
    }

    /// Whether the text with these replacements is read as the document with these changes and nothing else, and every
    /// comment is kept but those of what is removed.
    pub(super) fn holds(&self, changes: &[Change], replacements: &[Replacement]) -> bool {
        self.is_as_wanted(changes, replacements).unwrap_or(false)
    }

    fn is_as_wanted(&self, changes: &[Change], replacements: &[Replacement]) -> Option<bool> {
        let wanted = expected(self.tree()?, self.root(), changes)?;
        let text = lines::replaced(self.text(), replacements)?;
        let after = Source::of(&text, 0)?;
        let mut kept = Vec::new();
        for comment in &self.manifest.comments {
            let at = comment.span.start as usize;
            match replacements.iter().find(|replacement| replacement.range.contains(&at)) {
                Some(replacement) if !replacement.removal => return None,
                Some(_) => {}
                None => kept.push(self.text().get(at..comment.span.end as usize)?.trim_end()),
            }
        }
        let found = after.manifest.comments.iter().filter_map(|comment| {
            let span = comment.span.start as usize..comment.span.end as usize;
            text.get(span).map(str::trim_end)
        });
        let skipped = after.manifest.skipped == self.manifest.skipped;
        Some(skipped && found.eq(kept) && whole(after.tree()?, after.root())? == wanted)
    }
}

fn written(span: &Span) -> Option<std::ops::Range<usize>> {
    (span.start < span.end).then_some(span.start as usize..span.end as usize)
}

/// A document as JSON, whatever its length.
fn whole(tree: Tree<'_>, root: u32) -> Option<Value> {
    Wanted::default().of(tree, root)
}

/// A document as JSON with the changes made in it. None where they contradict each other.
fn expected(tree: Tree<'_>, root: u32, changes: &[Change]) -> Option<Value> {
    let mut wanted = Wanted::default();
    for change in changes {
        let (Change::Set(node, _) | Change::Insert(node, ..) | Change::Rename(node, _) | Change::Remove(node)) = change;
        wanted.changes.entry(*node).or_default().push(change);
    }
    wanted.of(tree, root)
}

/// Changes by node.
#[derive(Default)]
struct Wanted<'a> {
    changes: BTreeMap<u32, Vec<&'a Change>>,
}

impl<'a> Wanted<'a> {
    fn at(&self, node: u32) -> impl Iterator<Item = &'a Change> {
        self.changes.get(&node).into_iter().flatten().copied()
    }

    fn removed(&self, node: u32) -> bool {
        self.at(node).any(|change| matches!(change, Change::Remove(_)))
    }

    fn of(&self, tree: Tree<'_>, node: u32) -> Option<Value> {
        let set = self.at(node).find_map(|change| match change {
            Change::Set(_, value) => Some(value),
            _ => None,
        });
        if let Some(value) = set {
            return Some(value.clone());
        }
        let added = self.at(node).filter_map(|change| match change {
            Change::Insert(_, key, value) => Some((key, value)),
            _ => None,
        });
        match tree.node(node)?.kind {
            Kind::Map => {
                let mut map = serde_json::Map::new();
                for child in tree.children(node).filter(|&child| !self.removed(child)) {
                    let renamed = self.at(child).find_map(|change| match change {
                        Change::Rename(_, key) => Some(key.clone()),
                        _ => None,
                    });
                    let key = renamed.or_else(|| Some(tree.text(tree.node(child)?.key?).to_owned()))?;
                    if map.insert(key, self.of(tree, child)?).is_some() {
                        return None;
                    }
                }
                for (key, value) in added {
                    if map.insert(key.clone(), value.clone()).is_some() {
                        return None;
                    }
                }
                Some(Value::Object(map))
            }
            Kind::Sequence => {
                let mut items = Vec::new();
                let added: Vec<(&String, &Value)> = added.collect();
                for (position, child) in tree.children(node).enumerate() {
                    let here = added.iter().filter(|(key, _)| key.parse() == Ok(position));
                    items.extend(here.map(|(_, value)| (*value).clone()));
                    if !self.removed(child) {
                        items.push(self.of(tree, child)?);
                    }
                }
                let end = tree.children(node).count();
                let last = added.iter().filter(|(key, _)| *key == "-" || key.parse() == Ok(end));
                items.extend(last.map(|(_, value)| (*value).clone()));
                Some(Value::Array(items))
            }
            _ => serde_json::from_str(&tree.json(node)).ok(),
        }
    }
}
