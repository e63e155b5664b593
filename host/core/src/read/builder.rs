//! Builds the nodes of a manifest, whichever parser reads it: keys, duplicates, merges, aliases, limits.

use std::collections::BTreeSet;

use plimsoll_tree::write::{Part, Scalar};
use plimsoll_tree::{Flags, Kind, Symbol};

use super::pending;
use super::scalar::Value;
use super::{Limits, ReadError, Remark, RemarkKind, Span, number};

/// What the next node of a map is named.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// Nothing yet: a key comes next.
    Awaited,
    /// This.
    Named(Symbol, Span),
    /// Nothing: its members become members of the map (`<<`).
    Merge(Span),
}

/// A map or sequence that is not closed yet.
#[derive(Debug)]
struct Frame {
    node: u32,
    map: bool,
    key: Key,
    /// First of its members in the list of members.
    members: usize,
    /// Levels below it.
    height: u32,
    /// Whether it is what a merge key stands for.
    merges: bool,
}

/// A member of an open map.
#[derive(Clone, Copy, Debug)]
struct Member {
    key: Symbol,
    node: u32,
    merged: bool,
}

/// A map or sequence that was just closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    /// Its node.
    pub node: u32,
    /// Levels below it.
    pub height: u32,
}

/// The nodes of one file while they are read.
pub(super) struct Builder<'a> {
    /// The nodes.
    pub part: Part,
    /// Spans of their values.
    pub spans: Vec<Span>,
    /// Spans of their keys.
    pub keys: Vec<Span>,
    /// What was noticed.
    pub remarks: Vec<Remark>,
    /// Whether the next texts may hold something to be filled in.
    pub pending: bool,
    limits: &'a Limits,
    stack: Vec<Frame>,
    members: Vec<Member>,
    /// For each symbol the map that last had it as a key, by number, and the place among its members.
    seen: Vec<(u32, usize)>,
    maps: u32,
    /// Members that others replace, and what merge keys stood for; taken out when the document is complete.
    dead: BTreeSet<u32>,
    aliased: u32,
    root: u32,
    remarked: usize,
    /// Texts before the document.
    texts: usize,
}

impl<'a> Builder<'a> {
    /// No nodes; room for those of a text of so many bytes.
    pub(super) fn new(limits: &'a Limits, bytes: usize) -> Self {
        // A node for every 32 bytes is what manifests have.
        let nodes = bytes / 32;
        Builder {
            part: Part::with_capacity(nodes),
            spans: Vec::with_capacity(nodes),
            keys: Vec::with_capacity(nodes),
            remarks: Vec::new(),
            pending: false,
            limits,
            stack: Vec::with_capacity(16),
            members: Vec::with_capacity(64),
            seen: Vec::new(),
            maps: 0,
            dead: BTreeSet::new(),
            aliased: 0,
            root: 0,
            remarked: 0,
            texts: 0,
        }
    }

    /// Starts a document.
    pub(super) fn start(&mut self) {
        self.stack.clear();
        self.members.clear();
        self.dead.clear();
        self.root = self.part.len();
        self.remarked = self.remarks.len();
        self.texts = self.part.texts();
    }

    /// Forgets the document.
    pub(super) fn abandon(&mut self) {
        self.part.truncate(self.root);
        self.part.truncate_texts(self.texts);
        self.spans.truncate(self.root as usize);
        self.keys.truncate(self.root as usize);
        self.remarks.truncate(self.remarked);
        self.start();
    }

    /// Ends the document. Returns its root; none when it is empty or null, and then nothing of it is left.
    pub(super) fn finish(&mut self) -> Option<u32> {
        if !self.dead.is_empty() {
            let dead: Vec<u32> = std::mem::take(&mut self.dead).into_iter().collect();
            let removed = self.part.remove_all(&dead);
            removed.compact(&mut self.spans);
            removed.compact(&mut self.keys);
            for remark in self.remarks.iter_mut().skip(self.remarked) {
                remark.node = remark.node.and_then(|node| removed.moved(node));
            }
        }
        let empty = matches!(self.part.kind(self.root), None | Some(Kind::Null));
        if empty {
            self.abandon();
        }
        (!empty).then_some(self.root)
    }

    /// What was noticed in the document so far.
    pub(super) fn document_remarks(&mut self) -> &mut [Remark] {
        self.remarks.get_mut(self.remarked..).unwrap_or_default()
    }

    /// Whether a key comes next.
    pub(super) fn awaits_key(&self) -> bool {
        matches!(
            self.stack.last(),
            Some(Frame {
                map: true,
                key: Key::Awaited,
                ..
            })
        )
    }

    /// Whether what comes next is a member of a map.
    pub(super) fn in_map(&self) -> bool {
        self.stack.last().is_some_and(|frame| frame.map)
    }

    /// Whether what comes next is what a merge key stands for.
    pub(super) fn merges(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { key: Key::Merge(_), .. }))
    }

    /// The key of the next node.
    pub(super) fn key(&mut self, text: &str, span: Span) {
        let symbol = self.part.intern(text);
        if let Some(frame) = self.stack.last_mut() {
            frame.key = Key::Named(symbol, span);
        }
    }

    /// The next node's members become members of this map.
    pub(super) fn merge_key(&mut self, span: Span) {
        if let Some(frame) = self.stack.last_mut() {
            frame.key = Key::Merge(span);
        }
    }

    /// Takes the key of the node that comes now and notes the member.
    fn take_key(&mut self) -> (Option<Symbol>, Span) {
        let node = self.part.len();
        let Some(frame) = self.stack.last_mut().filter(|frame| frame.map) else {
            return (None, Span::EMPTY);
        };
        match std::mem::replace(&mut frame.key, Key::Awaited) {
            Key::Named(key, span) => {
                self.members.push(Member {
                    key,
                    node,
                    merged: false,
                });
                (Some(key), span)
            }
            Key::Merge(span) => {
                self.dead.insert(node);
                (Some(self.part.intern("<<")), span)
            }
            Key::Awaited => (Some(Symbol::default()), Span::EMPTY),
        }
    }

    /// Adds a scalar. `written` is how it stands in the text, without quotes and escapes, where that may differ from its
    /// value.
    ///
    /// # Errors
    /// For what JSON cannot hold, and past the limit on nodes.
    #[inline]
    pub(super) fn scalar(
        &mut self,
        value: &Value<'_>,
        written: Option<&str>,
        span: Span,
        flags: Flags,
    ) -> Result<u32, ReadError> {
        if self.part.len() >= self.limits.nodes {
            return Err(ReadError::Nodes(self.limits.nodes));
        }
        let (key, key_span) = self.take_key();
        self.spans.push(span);
        self.keys.push(key_span);
        let (scalar, differs) = match value {
            Value::Text(text) => {
                let flags = if self.pending && pending::is_pending(text) {
                    flags.with(Flags::NOT_FINAL)
                } else {
                    flags
                };
                let node = self.part.scalar(key, flags, Scalar::Text(text));
                if let Some(written) = written.filter(|written| written != text) {
                    self.part.set_original(node, written);
                }
                return Ok(node);
            }
            Value::Null => (Scalar::Null, written.is_some_and(|text| !matches!(text, "null" | ""))),
            Value::Bool(true) => (Scalar::Bool(true), written.is_some_and(|text| text != "true")),
            Value::Bool(false) => (Scalar::Bool(false), written.is_some_and(|text| text != "false")),
            Value::Integer(whole) => (
                Scalar::Integer(*whole),
                written.is_some_and(|text| !number::is_canonical(text)),
            ),
            Value::Unsigned(whole) => (Scalar::Float(*whole as f64), true),
            Value::Float(float) if !float.is_finite() => {
                let reason = "a number that JSON cannot hold: infinite or not a number";
                return Err(ReadError::Value(reason.into()));
            }
            Value::Float(float) => (
                Scalar::Float(*float),
                written.is_some_and(|text| text != format!("{float:?}")),
            ),
        };
        let node = self.part.scalar(key, flags, scalar);
        if let Some(written) = written.filter(|_| differs) {
            self.part.set_original(node, written);
        }
        Ok(node)
    }

    /// Opens a map or sequence.
    ///
    /// # Errors
    /// Past the limits on nodes and nesting.
    #[inline]
    pub(super) fn open(&mut self, map: bool, span: Span) -> Result<u32, ReadError> {
        if self.part.len() >= self.limits.nodes {
            return Err(ReadError::Nodes(self.limits.nodes));
        }
        if self.stack.len() >= self.limits.depth as usize {
            return Err(ReadError::Depth(self.limits.depth));
        }
        let merges = self.merges();
        let (key, key_span) = self.take_key();
        let kind = if map { Kind::Map } else { Kind::Sequence };
        let node = self.part.open(kind, key, Flags::default());
        self.spans.push(span);
        self.keys.push(key_span);
        self.stack.push(Frame {
            node,
            map,
            key: Key::Awaited,
            members: self.members.len(),
            height: 0,
            merges,
        });
        Ok(node)
    }

    /// Closes what was opened last; its value ends here.
    ///
    /// # Errors
    /// When a merge key stood for what cannot be merged.
    #[inline]
    pub(super) fn close(&mut self, end: u32) -> Result<Option<Closed>, ReadError> {
        let Some(frame) = self.stack.pop() else {
            return Ok(None);
        };
        self.part.close();
        if let Some(span) = self.spans.get_mut(frame.node as usize) {
            span.end = end.max(span.start);
        }
        if frame.map {
            self.settle(frame.members);
            self.members.truncate(frame.members);
        }
        if let Some(above) = self.stack.last_mut() {
            above.height = above.height.max(frame.height + 1);
        }
        if frame.merges {
            self.merge_closed(frame.node, frame.map)?;
        }
        Ok(Some(Closed {
            node: frame.node,
            height: frame.height,
        }))
    }

    /// Merges what a merge key stood for: a map, or a sequence of maps of which the first has precedence.
    fn merge_closed(&mut self, node: u32, map: bool) -> Result<(), ReadError> {
        if map {
            return self.merge(node);
        }
        for item in self.part.children(node).into_iter().rev() {
            self.merge(item)?;
        }
        Ok(())
    }

    /// Adds copies of a map's members to the map that is open; the last of equal keys counts, so they replace those that
    /// are there already, as kubectl's parser has it.
    ///
    /// # Errors
    /// When it is no map, and past the limits.
    pub(super) fn merge(&mut self, source: u32) -> Result<(), ReadError> {
        if self.part.kind(source) != Some(Kind::Map) {
            let reason = "a merge key (`<<`) needs a mapping or a sequence of mappings";
            return Err(ReadError::Value(reason.into()));
        }
        for child in self.part.children(source) {
            if self.dead.contains(&child) {
                continue;
            }
            let key = self.part.key(child).unwrap_or_default();
            let span = self.keys.get(child as usize).copied().unwrap_or_default();
            let node = self.copy(child, Some(key), span)?;
            self.members.push(Member {
                key,
                node,
                merged: true,
            });
        }
        Ok(())
    }

    /// Adds what an alias stands for: a copy of a closed node, or of its members behind a merge key.
    ///
    /// # Errors
    /// Past the limits, and where it cannot be merged.
    pub(super) fn alias(&mut self, target: Closed) -> Result<(), ReadError> {
        let depth = self.stack.len() as u32;
        if depth.saturating_add(target.height) >= self.limits.depth {
            return Err(ReadError::Depth(self.limits.depth));
        }
        if self.merges() {
            if let Some(frame) = self.stack.last_mut() {
                frame.key = Key::Awaited;
                frame.height = frame.height.max(target.height);
            }
            return self.merge(target.node);
        }
        let (key, span) = self.take_key();
        if let Some(frame) = self.stack.last_mut() {
            frame.height = frame.height.max(target.height + 1);
        }
        self.copy(target.node, key, span).map(drop)
    }

    /// Counts nodes that an alias adds.
    ///
    /// # Errors
    /// Past the limits.
    pub(super) fn count_aliased(&mut self, nodes: u32) -> Result<(), ReadError> {
        self.aliased = self.aliased.saturating_add(nodes);
        if self.aliased > self.limits.aliases {
            return Err(ReadError::Aliases(self.limits.aliases));
        }
        if self.part.len().saturating_add(nodes) > self.limits.nodes {
            return Err(ReadError::Nodes(self.limits.nodes));
        }
        Ok(())
    }

    fn copy(&mut self, source: u32, key: Option<Symbol>, key_span: Span) -> Result<u32, ReadError> {
        let end = self.part.end(source);
        self.count_aliased(end.saturating_sub(source))?;
        let node = self.part.copy(source, key, Flags::ALIAS);
        let range = source as usize..end as usize;
        self.spans.extend_from_within(range.clone());
        self.keys.extend_from_within(range);
        if let Some(span) = self.keys.get_mut(node as usize) {
            *span = key_span;
        }
        if !self.dead.is_empty() {
            let inside: Vec<u32> = self.dead.range(source + 1..end.max(source + 1)).copied().collect();
            self.dead.extend(inside.into_iter().map(|dead| dead - source + node));
        }
        Ok(node)
    }

    /// Finds the members of the map that is closed now which later ones replace.
    fn settle(&mut self, from: usize) {
        let members = self.members.get(from..).unwrap_or(&[]);
        let mut replaced = Vec::new();
        if members.len() <= 12 {
            for (at, member) in members.iter().enumerate() {
                let later = members.iter().skip(at + 1).rev();
                if let Some(winner) = later.clone().find(|other| other.key == member.key) {
                    replaced.push((*member, *winner));
                }
            }
        } else {
            self.maps += 1;
            for (at, member) in members.iter().enumerate().rev() {
                let symbol = member.key.0 as usize;
                if symbol >= self.seen.len() {
                    self.seen.resize(symbol + 64, (0, 0));
                }
                let Some(seen) = self.seen.get_mut(symbol) else {
                    continue;
                };
                match members.get(seen.1) {
                    Some(winner) if seen.0 == self.maps => replaced.push((*member, *winner)),
                    _ => *seen = (self.maps, at),
                }
            }
            replaced.reverse();
        }
        for (member, winner) in replaced {
            self.dead.insert(member.node);
            if member.merged || winner.merged {
                continue;
            }
            self.remarks.push(Remark {
                span: self.keys.get(member.node as usize).copied().unwrap_or_default(),
                node: Some(winner.node),
                kind: RemarkKind::DuplicateKey,
                lost: self.spans.get(member.node as usize).copied().unwrap_or_default(),
            });
        }
    }
}
