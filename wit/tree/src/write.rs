//! Writing trees: a [`Part`] for each file, in parallel; a [`Writer`] that joins them.
//!
//! Both number their texts on their own; joining renames the symbols of a part to those of the whole.

use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::{
    Flags, HEADER_WORDS, Kind, MAGIC, MAX_SYMBOLS, NONE, OBJECT_WORDS, Object, SCOPE_WORDS, Symbol, VERSION, vocabulary,
};

/// The tree would not fit its 32-bit words: 4 GiB, or 2²⁴ - 2 different texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "more than one tree can hold: 4 GiB, or {MAX_SYMBOLS} different texts"
        )
    }
}

impl std::error::Error for TooLarge {}

/// Texts by number, each stored once. The hash is seeded: whoever writes the input cannot choose collisions.
#[derive(Clone)]
struct Interner {
    text: String,
    places: Vec<(u32, u32)>,
    table: HashTable<u32>,
    hasher: RandomState,
}

static VOCABULARY: LazyLock<Interner> = LazyLock::new(|| {
    let mut interner = Interner {
        text: String::new(),
        places: Vec::new(),
        table: HashTable::new(),
        hasher: RandomState::default(),
    };
    interner.intern("");
    for word in vocabulary::words() {
        interner.intern(word);
    }
    interner
});

impl Interner {
    fn text(&self, symbol: u32) -> &str {
        let Some(&(offset, length)) = self.places.get(symbol as usize) else {
            return "";
        };
        &self.text[offset as usize..(offset + length) as usize]
    }

    fn intern(&mut self, text: &str) -> Symbol {
        let hash = self.hasher.hash_one(text);
        if let Some(&found) = self.table.find(hash, |&symbol| self.text(symbol) == text) {
            return Symbol(found);
        }
        let symbol = u32::try_from(self.places.len()).unwrap_or(NONE);
        // Past 4 GiB the numbers are wrong, and `finish` refuses the whole.
        let place = (
            u32::try_from(self.text.len()).unwrap_or(0),
            u32::try_from(text.len()).unwrap_or(0),
        );
        self.text.push_str(text);
        self.places.push(place);
        let Self {
            text: all,
            places,
            table,
            hasher,
        } = self;
        table.insert_unique(hash, symbol, |&symbol| {
            let (offset, length) = places[symbol as usize];
            hasher.hash_one(&all[offset as usize..(offset + length) as usize])
        });
        Symbol(symbol)
    }
}

/// A scalar's value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scalar<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
}

/// The nodes of one file, with symbols of its own. Indices are positions in this part.
#[derive(Clone)]
pub struct Part {
    nodes: Vec<[u32; 2]>,
    interner: Interner,
    numbers: Vec<u64>,
    originals: Vec<(u32, Symbol)>,
    open: Vec<u32>,
}

impl Default for Part {
    fn default() -> Self {
        Self::new()
    }
}

impl Part {
    /// No nodes, and the vocabulary.
    #[must_use]
    pub fn new() -> Self {
        Part {
            nodes: Vec::new(),
            interner: VOCABULARY.clone(),
            numbers: Vec::new(),
            originals: Vec::new(),
            open: Vec::new(),
        }
    }

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> Symbol {
        self.interner.intern(text)
    }

    /// The text of one of this part's symbols.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        self.interner.text(symbol.0)
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
        let key = key.map_or(0, |symbol| symbol.0.wrapping_add(1));
        self.nodes.push([kind as u32 | flags.0 << 4 | key << 8, value]);
        index
    }

    /// Adds a scalar, as a member with this key or, without, as an item or root.
    pub fn scalar(&mut self, key: Option<Symbol>, flags: Flags, value: Scalar<'_>) -> u32 {
        let (kind, value) = match value {
            Scalar::Null => (Kind::Null, 0),
            Scalar::Bool(value) => (if value { Kind::True } else { Kind::False }, 0),
            Scalar::Integer(value) => (Kind::Integer, self.number(u64::from_le_bytes(value.to_le_bytes()))),
            Scalar::Float(value) => (Kind::Float, self.number(value.to_bits())),
            Scalar::Text(text) => (Kind::String, self.intern(text).0),
        };
        self.push(kind, key, flags, value)
    }

    fn number(&mut self, bits: u64) -> u32 {
        self.numbers.push(bits);
        u32::try_from(self.numbers.len() - 1).unwrap_or(NONE)
    }

    /// Opens a map ([`Kind::Map`]) or a sequence; everything up to the matching [`Part::close`] lies in it.
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
        self.nodes[index as usize][1] = end;
        Some(index)
    }

    /// Notes how a scalar was written, where its JSON differs.
    pub fn set_original(&mut self, node: u32, written: &str) {
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
            words[0] |= flags.0 << 4;
        }
    }

    /// Gives a node another key.
    pub fn set_key(&mut self, node: u32, key: Symbol) {
        if let Some(words) = self.nodes.get_mut(node as usize) {
            words[0] = (words[0] & 0xFF) | key.0.wrapping_add(1) << 8;
        }
    }

    /// What a node is.
    #[must_use]
    pub fn kind(&self, node: u32) -> Option<Kind> {
        self.nodes.get(node as usize).map(|words| match words[0] & 0xF {
            0 => Kind::Null,
            1 => Kind::False,
            2 => Kind::True,
            3 => Kind::Integer,
            4 => Kind::Float,
            5 => Kind::String,
            6 => Kind::Sequence,
            _ => Kind::Map,
        })
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
        (self.kind(node)? == Kind::String).then(|| Symbol(self.nodes[node as usize][1]))
    }

    /// The text of a string node.
    #[must_use]
    pub fn string(&self, node: u32) -> Option<&str> {
        self.symbol(node).map(|symbol| self.text(symbol))
    }

    /// The node after the last descendant of a closed node.
    #[must_use]
    pub fn end(&self, node: u32) -> u32 {
        match self.kind(node) {
            Some(Kind::Map | Kind::Sequence) => self.nodes[node as usize][1].max(node + 1),
            _ => node.saturating_add(1),
        }
    }

    /// The children of a closed map or sequence, in order; none of a scalar.
    #[must_use]
    pub fn children(&self, node: u32) -> Vec<u32> {
        let mut found = Vec::new();
        if matches!(self.kind(node), Some(Kind::Map | Kind::Sequence)) {
            let (mut at, end) = (node + 1, self.end(node));
            while at < end {
                found.push(at);
                at = self.end(at);
            }
        }
        found
    }

    /// The member of a closed map with this key.
    #[must_use]
    pub fn get(&self, map: u32, key: Symbol) -> Option<u32> {
        if self.kind(map)? != Kind::Map {
            return None;
        }
        let (mut at, end) = (map + 1, self.end(map));
        while at < end {
            if self.key(at) == Some(key) {
                return Some(at);
            }
            at = self.end(at);
        }
        None
    }

    /// Adds a copy of a closed node and all in it, under this key, with these flags added throughout: what an alias or a
    /// merge key stands for. Returns the copy's first node.
    pub fn copy(&mut self, node: u32, key: Option<Symbol>, flags: Flags) -> u32 {
        let (first, end) = (self.len(), self.end(node).min(self.len()));
        let shift = first.wrapping_sub(node);
        for at in node..end {
            let [mut head, mut value] = self.nodes[at as usize];
            if matches!(self.kind(at), Some(Kind::Map | Kind::Sequence)) {
                value = value.wrapping_add(shift);
            }
            if at == node {
                head = (head & 0xFF) | key.map_or(0, |symbol| symbol.0.wrapping_add(1)) << 8;
            }
            self.nodes.push([head | flags.0 << 4, value]);
        }
        let from = self.originals.partition_point(|entry| entry.0 < node);
        let to = self.originals.partition_point(|entry| entry.0 < end);
        for index in from..to {
            let (at, symbol) = self.originals[index];
            self.originals.push((at.wrapping_add(shift), symbol));
        }
        first
    }

    /// Takes a closed node and all in it out again; later nodes move up. Returns how many went. What is kept beside the
    /// nodes (spans) must be shortened in the same way.
    pub fn remove(&mut self, node: u32) -> u32 {
        let end = self.end(node).min(self.len());
        let gone = end.saturating_sub(node);
        if gone == 0 {
            return 0;
        }
        self.nodes.drain(node as usize..end as usize);
        for at in 0..self.nodes.len() {
            let holds = matches!(self.nodes[at][0] & 0xF, 6 | 7);
            if holds && self.nodes[at][1] >= end {
                self.nodes[at][1] -= gone;
            }
        }
        self.originals.retain(|entry| entry.0 < node || entry.0 >= end);
        for entry in &mut self.originals {
            if entry.0 >= end {
                entry.0 -= gone;
            }
        }
        for entry in &mut self.open {
            if *entry >= end {
                *entry -= gone;
            }
        }
        gone
    }

    /// Forgets all nodes from this one on, and what was opened since: after a document that could not be read.
    pub fn truncate(&mut self, len: u32) {
        self.nodes.truncate(len as usize);
        self.originals.retain(|entry| entry.0 < len);
        self.open.retain(|&node| node < len);
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

/// A scope to be written; see [`crate::Scope`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewScope {
    /// The scope above, which must have been added before; none for the root.
    pub parent: Option<u32>,
    /// Path from the root of the input, empty for the root.
    pub path: String,
    /// Whether a kustomization decides what it sees.
    pub closed: bool,
    /// Marks, or the scopes it sees when it is closed. Sorted by the writer.
    pub list: Vec<u32>,
}

/// Joins parts to one tree.
pub struct Writer {
    nodes: Vec<[u32; 2]>,
    interner: Interner,
    numbers: Vec<u64>,
    originals: Vec<(u32, u32)>,
    objects: Vec<Object>,
    scopes: Vec<[u32; SCOPE_WORDS as usize]>,
    marks: Vec<u32>,
    facts: u32,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// Nothing but the vocabulary.
    #[must_use]
    pub fn new() -> Self {
        Writer {
            nodes: Vec::new(),
            interner: VOCABULARY.clone(),
            numbers: Vec::new(),
            originals: Vec::new(),
            objects: Vec::new(),
            scopes: Vec::new(),
            marks: Vec::new(),
            facts: NONE,
        }
    }

    /// The number of a text in the whole.
    pub fn intern(&mut self, text: &str) -> Symbol {
        self.interner.intern(text)
    }

    /// Number of nodes so far: the index that the next one gets.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(NONE)
    }

    /// Whether there is no node yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Appends a part's nodes. Returns the offset of its nodes in the whole.
    pub fn append(&mut self, part: &Part) -> u32 {
        let offset = self.len();
        let numbers = u32::try_from(self.numbers.len()).unwrap_or(NONE);
        let known = vocabulary::SIZE;
        let renamed: Vec<u32> = (0..u32::try_from(part.interner.places.len()).unwrap_or(NONE))
            .map(|symbol| {
                if symbol < known {
                    symbol
                } else {
                    self.interner.intern(part.interner.text(symbol)).0
                }
            })
            .collect();
        let rename = |symbol: u32| renamed.get(symbol as usize).copied().unwrap_or(0);
        self.nodes.reserve(part.nodes.len());
        for &[head, value] in &part.nodes {
            let key = (head >> 8).checked_sub(1).map_or(0, |symbol| rename(symbol) + 1);
            let value = match head & 0xF {
                3 | 4 => value.wrapping_add(numbers),
                5 => rename(value),
                6 | 7 => value.wrapping_add(offset),
                _ => value,
            };
            self.nodes.push([head & 0xFF | key << 8, value]);
        }
        self.numbers.extend_from_slice(&part.numbers);
        self.originals.extend(
            part.originals
                .iter()
                .map(|&(node, symbol)| (node.wrapping_add(offset), rename(symbol.0))),
        );
        offset
    }

    /// Adds an object; its symbols are those of the whole ([`Writer::intern`]), its nodes already appended. Returns its
    /// index.
    pub fn object(&mut self, object: Object) -> u32 {
        self.objects.push(object);
        u32::try_from(self.objects.len() - 1).unwrap_or(NONE)
    }

    /// Adds a scope. Returns its index; the first is the root of the input.
    pub fn scope(&mut self, mut scope: NewScope) -> u32 {
        scope.list.sort_unstable();
        scope.list.dedup();
        let depth = scope
            .parent
            .and_then(|parent| self.scopes.get(parent as usize))
            .map_or(0, |parent| parent[1] + 1);
        let path = self.intern(&scope.path);
        let first = u32::try_from(self.marks.len()).unwrap_or(NONE);
        let count = u32::try_from(scope.list.len()).unwrap_or(NONE);
        self.marks.extend_from_slice(&scope.list);
        self.scopes.push([
            scope.parent.unwrap_or(NONE),
            depth,
            u32::from(scope.closed),
            path.0,
            first,
            count,
        ]);
        u32::try_from(self.scopes.len() - 1).unwrap_or(NONE)
    }

    /// Says which node (a map) holds the facts.
    pub fn facts(&mut self, node: u32) {
        self.facts = node;
    }

    /// The tree.
    ///
    /// # Errors
    /// When it is larger than a tree can be.
    pub fn finish(self) -> Result<Vec<u32>, TooLarge> {
        let symbols = self.interner.places.len();
        if symbols > MAX_SYMBOLS as usize || u32::try_from(self.interner.text.len()).is_err() {
            return Err(TooLarge);
        }
        let text_words = self.interner.text.len().div_ceil(4);
        let lengths = [
            (self.objects.len(), OBJECT_WORDS as usize),
            (self.nodes.len(), 2),
            (symbols, 2),
            (self.numbers.len(), 2),
            (self.originals.len(), 2),
            (self.scopes.len(), SCOPE_WORDS as usize),
            (self.marks.len(), 1),
            (text_words, 1),
        ];
        let total = lengths.iter().fold(HEADER_WORDS as usize, |sum, &(count, size)| {
            sum.saturating_add(count * size)
        });
        let total = u32::try_from(total)
            .ok()
            .filter(|&words| words < NONE / 4)
            .ok_or(TooLarge)?;
        let mut words = Vec::with_capacity(total as usize);
        words.extend_from_slice(&[MAGIC, VERSION, HEADER_WORDS, total, vocabulary::SIZE, self.facts]);
        let mut offset = HEADER_WORDS;
        for (count, size) in lengths {
            // All fit: the total does.
            let count = count as u32;
            words.extend_from_slice(&[offset, count]);
            offset += count * size as u32;
        }
        for object in &self.objects {
            words.extend_from_slice(&[
                object.root,
                object.end,
                object.flags.0,
                object.file.0,
                object.scope,
                object.document,
                object.group.0,
                object.version.0,
                object.kind.0,
                object.namespace,
                object.name.0,
                object.owner,
            ]);
        }
        words.extend_from_slice(self.nodes.as_flattened());
        words.extend(
            self.interner
                .places
                .iter()
                .flat_map(|&(offset, length)| [offset, length]),
        );
        words.extend(
            self.numbers
                .iter()
                .flat_map(|&number| [number as u32, (number >> 32) as u32]),
        );
        words.extend(self.originals.iter().flat_map(|&(node, symbol)| [node, symbol]));
        words.extend_from_slice(self.scopes.as_flattened());
        words.extend_from_slice(&self.marks);
        let mut padded = self.interner.text.into_bytes();
        padded.resize(text_words * 4, 0);
        words.extend(padded.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)));
        Ok(words)
    }
}
