//! The nodes of one file.

use std::ops::Range;

use super::interner::Interner;
use super::{Scalar, TooLarge, Writer};
use crate::{Flags, Kind, NONE, Symbol};

/// The nodes of one file, with symbols of its own. Indices are positions in this part.
///
/// No function panics: an index that does not exist gives `None` or nothing, and changes nothing.
#[derive(Clone, Default)]
pub struct Part {
    pub(super) nodes: Vec<[u32; 2]>,
    pub(super) interner: Interner,
    pub(super) numbers: Vec<u64>,
    /// Sorted by node.
    pub(super) originals: Vec<(u32, Symbol)>,
    pub(super) open: Vec<u32>,
}

/// What [`Part::remove_all`] took out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Removed {
    ranges: Vec<Range<u32>>,
    /// For each range, how many nodes went before it.
    before: Vec<u32>,
}

impl Removed {
    /// The removed nodes by the indices they had, ascending; no two ranges touch.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.ranges
    }

    /// Where a node is now, by the index it had; none when it was removed.
    #[must_use]
    pub fn moved(&self, node: u32) -> Option<u32> {
        let at = self.ranges.partition_point(|range| range.start <= node);
        if at.checked_sub(1).is_some_and(|last| node < self.ranges[last].end) {
            return None;
        }
        Some(node - self.removed_before(node))
    }

    /// How many nodes went whose index was below this one, which lies in no range or starts or ends one.
    fn removed_before(&self, index: u32) -> u32 {
        let at = self.ranges.partition_point(|range| range.start < index);
        at.checked_sub(1).map_or(0, |last| {
            let range = &self.ranges[last];
            self.before[last] + (index.min(range.end) - range.start)
        })
    }

    /// How many nodes went.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.removed_before(NONE)
    }

    /// Takes the same out of what is kept beside the nodes (spans), one item for each.
    pub fn compact<T>(&self, items: &mut Vec<T>) {
        let mut ranges = self.ranges.iter().peekable();
        let mut at = 0_u32;
        items.retain(|_| {
            while ranges.next_if(|range| range.end <= at).is_some() {}
            let gone = ranges.peek().is_some_and(|range| range.contains(&at));
            at = at.saturating_add(1);
            !gone
        });
    }
}

impl Part {
    /// No nodes, and the vocabulary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A part with room for so many nodes, and for the texts that so many have.
    #[must_use]
    pub fn with_capacity(nodes: usize) -> Self {
        Part {
            nodes: Vec::with_capacity(nodes),
            // Keys and short values are mostly words of the vocabulary.
            interner: Interner::with_capacity(nodes / 3),
            ..Part::default()
        }
    }

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> Symbol {
        self.interner.intern(text)
    }

    /// The text of one of this part's symbols.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.interner.text(symbol)
    }

    /// Number of nodes: the index that the next one gets.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(NONE)
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn push(&mut self, kind: Kind, key: Option<Symbol>, flags: Flags, value: u32) -> u32 {
        let index = self.len();
        self.nodes.push([head(kind, key, flags), value]);
        index
    }

    /// Adds a scalar, as a member with this key or, without, as an item or root. Returns its index.
    pub fn scalar(&mut self, key: Option<Symbol>, flags: Flags, value: Scalar<'_>) -> u32 {
        let (kind, value) = self.value(value);
        self.push(kind, key, flags, value)
    }

    /// Kind and second word of a scalar.
    pub(super) fn value(&mut self, value: Scalar<'_>) -> (Kind, u32) {
        match value {
            Scalar::Null => (Kind::Null, 0),
            Scalar::Bool(false) => (Kind::False, 0),
            Scalar::Bool(true) => (Kind::True, 0),
            Scalar::Integer(value) => (Kind::Integer, self.number(value.cast_unsigned())),
            Scalar::Float(value) => (Kind::Float, self.number(value.to_bits())),
            Scalar::Text(text) => (Kind::String, self.intern(text).0),
        }
    }

    fn number(&mut self, bits: u64) -> u32 {
        let index = u32::try_from(self.numbers.len()).unwrap_or(NONE);
        self.numbers.push(bits);
        index
    }

    /// Opens a map ([`Kind::Map`]) or a sequence; everything up to the matching [`Part::close`] lies in it. Returns its
    /// index.
    pub fn open(&mut self, kind: Kind, key: Option<Symbol>, flags: Flags) -> u32 {
        debug_assert!(
            matches!(kind, Kind::Map | Kind::Sequence),
            "only maps and sequences hold others"
        );
        let index = self.push(kind, key, flags, 0);
        self.open.push(index);
        index
    }

    /// Closes the map or sequence that was opened last; returns it.
    pub fn close(&mut self) -> Option<u32> {
        let index = self.open.pop()?;
        let end = self.len();
        if let Some(words) = self.nodes.get_mut(index as usize) {
            words[1] = end;
        }
        Some(index)
    }

    /// Notes how a scalar was written, where its JSON differs.
    pub fn set_original(&mut self, node: u32, written: &str) {
        if node >= self.len() {
            return;
        }
        let symbol = self.intern(written);
        self.add_flags(node, Flags::ORIGINAL);
        match self.originals.binary_search_by_key(&node, |entry| entry.0) {
            Ok(at) => self.originals[at].1 = symbol,
            Err(at) => self.originals.insert(at, (node, symbol)),
        }
    }

    /// Adds flags to a node.
    pub fn add_flags(&mut self, node: u32, flags: Flags) {
        if let Some(words) = self.nodes.get_mut(node as usize) {
            words[0] |= (flags.0 & 0xF) << 4;
        }
    }

    /// Gives a node another key.
    pub fn set_key(&mut self, node: u32, key: Symbol) {
        if let Some(words) = self.nodes.get_mut(node as usize) {
            words[0] = with_key(words[0], Some(key));
        }
    }

    /// What a node is.
    #[must_use]
    pub fn kind(&self, node: u32) -> Option<Kind> {
        self.nodes.get(node as usize).and_then(|words| Kind::of(words[0]))
    }

    /// The flags of a node.
    #[must_use]
    pub fn flags(&self, node: u32) -> Flags {
        Flags(self.nodes.get(node as usize).map_or(0, |words| (words[0] >> 4) & 0xF))
    }

    /// The key of a node.
    #[must_use]
    pub fn key(&self, node: u32) -> Option<Symbol> {
        (self.nodes.get(node as usize)?[0] >> 8).checked_sub(1).map(Symbol)
    }

    /// The symbol of a string node.
    #[must_use]
    pub fn symbol(&self, node: u32) -> Option<Symbol> {
        let words = self.nodes.get(node as usize)?;
        (Kind::of(words[0])? == Kind::String).then_some(Symbol(words[1]))
    }

    /// The text of a string node.
    #[must_use]
    pub fn string(&self, node: u32) -> Option<&str> {
        self.symbol(node).map(|symbol| self.text(symbol))
    }

    /// The node after the last descendant of a closed node.
    #[must_use]
    pub fn end(&self, node: u32) -> u32 {
        let next = node.saturating_add(1);
        match self.nodes.get(node as usize) {
            Some(&[head, value]) if holds(head) => value.min(self.len()).max(next),
            _ => next,
        }
    }

    /// The children of a closed map or sequence, in order; none of a scalar.
    #[must_use]
    pub fn children(&self, node: u32) -> Vec<u32> {
        self.child_nodes(node).collect()
    }

    pub(super) fn child_nodes(&self, node: u32) -> impl Iterator<Item = u32> {
        let end = self.end(node);
        let first = node.saturating_add(1);
        std::iter::successors(Some(first), |&at| Some(self.end(at))).take_while(move |&at| at < end)
    }

    /// The member of a closed map with this key.
    #[must_use]
    pub fn get(&self, map: u32, key: Symbol) -> Option<u32> {
        if self.kind(map)? != Kind::Map {
            return None;
        }
        self.child_nodes(map).find(|&member| self.key(member) == Some(key))
    }

    /// Adds a copy of a closed node and all in it, under this key, with these flags added throughout: what an alias or a
    /// merge key stands for. Returns the copy's first node.
    pub fn copy(&mut self, node: u32, key: Option<Symbol>, flags: Flags) -> u32 {
        let first = self.len();
        let range = node..self.end(node).min(first);
        let shift = first.wrapping_sub(node);
        self.nodes.reserve(range.len());
        for at in range.clone() {
            let Some(&[mut head, mut value]) = self.nodes.get(at as usize) else {
                break;
            };
            if holds(head) {
                value = self.end(at).wrapping_add(shift);
            }
            if at == node {
                head = with_key(head, key);
            }
            self.nodes.push([head | (flags.0 & 0xF) << 4, value]);
        }
        let from = self.originals.partition_point(|entry| entry.0 < range.start);
        let to = self.originals.partition_point(|entry| entry.0 < range.end);
        for index in from..to {
            let (at, symbol) = self.originals[index];
            self.originals.push((at.wrapping_add(shift), symbol));
        }
        first
    }

    /// Takes a closed node and all in it out again; later nodes move up. Returns how many went. A pass over the whole
    /// part: for more than one, [`Part::remove_all`].
    pub fn remove(&mut self, node: u32) -> u32 {
        self.remove_all(&[node]).count()
    }

    /// Takes these closed nodes (in any order) and all in them out again, in one pass; later nodes move up. What is kept
    /// beside the nodes must be shortened in the same way, by [`Removed::compact`]; indices that were noted are renewed by
    /// [`Removed::moved`].
    pub fn remove_all(&mut self, nodes: &[u32]) -> Removed {
        let removed = self.extents(nodes);
        let Some(first) = removed.ranges.first().map(|range| range.start) else {
            return removed;
        };
        for words in &mut self.nodes {
            if holds(words[0]) && words[1] > first {
                words[1] -= removed.removed_before(words[1]);
            }
        }
        removed.compact(&mut self.nodes);
        self.originals.retain_mut(|entry| match removed.moved(entry.0) {
            Some(node) => {
                entry.0 = node;
                true
            }
            None => false,
        });
        self.open.retain_mut(|node| match removed.moved(*node) {
            Some(moved) => {
                *node = moved;
                true
            }
            None => false,
        });
        removed
    }

    /// What these nodes span: nested ones within their outer ones, neighbours as one.
    fn extents(&self, nodes: &[u32]) -> Removed {
        let mut sorted: Vec<u32> = nodes.iter().copied().filter(|&node| node < self.len()).collect();
        sorted.sort_unstable();
        let mut removed = Removed::default();
        let mut count = 0;
        for node in sorted {
            let end = self.end(node);
            match removed.ranges.last_mut() {
                Some(last) if node <= last.end => {
                    count += end.saturating_sub(last.end);
                    last.end = last.end.max(end);
                }
                _ => {
                    removed.before.push(count);
                    removed.ranges.push(node..end);
                    count += end - node;
                }
            }
        }
        removed
    }

    /// Forgets all nodes from this one on, and what was opened since: after a document that could not be read.
    pub fn truncate(&mut self, len: u32) {
        self.nodes.truncate(len as usize);
        self.originals
            .truncate(self.originals.partition_point(|entry| entry.0 < len));
        self.open.retain(|&node| node < len);
    }

    /// Number of texts that it holds, the vocabulary left out.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.interner.len()
    }

    /// Forgets all texts but the first so many. No node that is left may have one of them.
    pub fn truncate_texts(&mut self, texts: usize) {
        self.interner.truncate(texts);
    }

    /// This part alone as a tree, with no objects: for looking into it.
    ///
    /// # Errors
    /// When it is larger than a tree can be.
    pub fn to_tree(&self) -> Result<Vec<u32>, TooLarge> {
        let mut writer = Writer::new();
        writer.append(self);
        writer.finish()
    }
}

/// The first word of a node.
pub(super) fn head(kind: Kind, key: Option<Symbol>, flags: Flags) -> u32 {
    with_key(kind as u32 | (flags.0 & 0xF) << 4, key)
}

/// The first word of a node with another key.
pub(super) fn with_key(head: u32, key: Option<Symbol>) -> u32 {
    (head & 0xFF) | key.map_or(0, |symbol| symbol.0.wrapping_add(1)) << 8
}

/// Whether a node with this first word holds others.
pub(super) fn holds(head: u32) -> bool {
    matches!(Kind::of(head), Some(Kind::Map | Kind::Sequence))
}
