//! A cursor over the nodes of one file, before they are joined.

use plimsoll_tree::write::Part;
use plimsoll_tree::{Flags, Kind};

/// A node of a part together with the part. Copying it is free.
#[derive(Clone, Copy)]
pub(super) struct Peek<'a> {
    part: &'a Part,
    node: u32,
}

impl<'a> Peek<'a> {
    pub(super) fn new(part: &'a Part, node: u32) -> Self {
        Peek { part, node }
    }

    /// Its index in the part.
    pub(super) fn node(self) -> u32 {
        self.node
    }

    /// What it is; nothing when there is no such node.
    pub(super) fn kind(self) -> Option<Kind> {
        self.part.kind(self.node)
    }

    pub(super) fn is_map(self) -> bool {
        self.kind() == Some(Kind::Map)
    }

    pub(super) fn is_sequence(self) -> bool {
        self.kind() == Some(Kind::Sequence)
    }

    /// Whether its value is decided here and not later.
    pub(super) fn is_final(self) -> bool {
        !self.part.flags(self.node).has(Flags::NOT_FINAL)
    }

    /// The node after its last descendant.
    pub(super) fn end(self) -> u32 {
        self.part.end(self.node)
    }

    /// The text of its key, empty without one.
    pub(super) fn key(self) -> &'a str {
        self.part.key(self.node).map_or("", |key| self.part.text(key))
    }

    /// The text of a string that is final.
    pub(super) fn text(self) -> Option<&'a str> {
        self.raw_text().filter(|_| self.is_final())
    }

    /// The text of a string, final or not.
    pub(super) fn raw_text(self) -> Option<&'a str> {
        self.part.string(self.node)
    }

    /// Whether it is `true`.
    pub(super) fn is_true(self) -> bool {
        self.kind() == Some(Kind::True) && self.is_final()
    }

    /// The children of a map or sequence, in order; none of a scalar.
    pub(super) fn children(self) -> impl Iterator<Item = Peek<'a>> {
        let part = self.part;
        let holds = self.is_map() || self.is_sequence();
        let end = if holds { self.end().min(part.len()) } else { 0 };
        let mut at = self.node.saturating_add(1);
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = Peek { part, node: at };
                at = part.end(at);
                child
            })
        })
    }

    /// The items of a sequence; none of anything else.
    pub(super) fn items(self) -> impl Iterator<Item = Peek<'a>> {
        let holds = self.is_sequence();
        self.children().filter(move |_| holds)
    }

    /// The member of a map with this key.
    pub(super) fn get(self, key: &str) -> Option<Peek<'a>> {
        if !self.is_map() {
            return None;
        }
        self.children().find(|child| child.key() == key)
    }

    /// The node at a path of keys.
    pub(super) fn at(self, path: &[&str]) -> Option<Peek<'a>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The final texts in the sequence that is the member with this key.
    pub(super) fn texts_of(self, key: &str) -> impl Iterator<Item = &'a str> {
        self.get(key).into_iter().flat_map(Peek::items).filter_map(Peek::text)
    }

    /// Whether a path ends in nothing, for sure: no node on the way is decided later. A null is nothing.
    pub(super) fn lacks(self, path: &[&str]) -> bool {
        let mut at = self;
        for key in path {
            if !at.is_final() {
                return false;
            }
            match at.get(key) {
                Some(next) => at = next,
                None => return true,
            }
        }
        at.is_final() && at.kind() == Some(Kind::Null)
    }
}
