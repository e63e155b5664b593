//! Reading a tree in place.

use std::fmt;

use crate::{
    Flags, HEADER_WORDS, Kind, MAGIC, NONE, OBJECT_WORDS, ObjectFlags, SCOPE_WORDS, Symbol, UNKNOWN, VERSION,
    vocabulary,
};

/// Why a buffer is not a tree that this reader can read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormatError {
    /// Too short, wrong first word, a section that lies outside of the buffer, or fewer symbols than the vocabulary has.
    Malformed,
    /// Another layout.
    Version(u32),
    /// The tree's fixed vocabulary is shorter than the reader's: who wrote it is older than who reads it.
    HostTooOld,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Malformed => write!(f, "the tree is malformed"),
            FormatError::Version(found) => write!(f, "the tree has layout {found}, this reader knows {VERSION}"),
            FormatError::HostTooOld => write!(f, "the host is too old for this policy: its vocabulary is shorter"),
        }
    }
}

impl std::error::Error for FormatError {}

/// A section: `count` records of fixed size from a word on.
#[derive(Clone, Copy, Debug)]
struct Section<'a> {
    words: &'a [u32],
    count: u32,
}

impl<'a> Section<'a> {
    fn record<const N: usize>(&self, index: u32) -> Option<&'a [u32; N]> {
        let start = usize::try_from(index).ok()?.checked_mul(N)?;
        self.words.get(start..)?.first_chunk()
    }

    /// Of the nodes: the one after a node's last descendant. Past the node itself, never past the last: walks end.
    #[inline]
    fn end_of_node(&self, index: u32) -> u32 {
        let next = index.saturating_add(1);
        match self.record::<2>(index) {
            Some(&[first, value]) if matches!(Kind::of(first), Some(Kind::Map | Kind::Sequence)) => {
                value.min(self.count).max(next)
            }
            _ => next,
        }
    }
}

/// A tree, read in place. Copying it copies a few pointers.
///
/// All functions are total: an index that does not exist gives `None`, `""` or an empty list.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    words: &'a [u32],
    facts: u32,
    objects: Section<'a>,
    nodes: Section<'a>,
    symbols: Section<'a>,
    numbers: Section<'a>,
    originals: Section<'a>,
    scopes: Section<'a>,
    marks: Section<'a>,
    text: &'a [u8],
}

/// A node as it stands in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// What else is to be known of it.
    pub flags: Flags,
    /// The key that names it, when it is a member of a map.
    pub key: Option<Symbol>,
    /// Index of a number, a symbol, or the node after the last descendant; by kind.
    pub value: u32,
}

/// An object as it stands in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Object {
    /// Its first node.
    pub root: u32,
    /// The node after its last.
    pub end: u32,
    /// Role and more.
    pub flags: ObjectFlags,
    /// Path of its file.
    pub file: Symbol,
    /// Its directory: a scope's index.
    pub scope: u32,
    /// Document in the file, from 0.
    pub document: u32,
    /// API group, empty for the core group.
    pub group: Symbol,
    /// API version within the group.
    pub version: Symbol,
    /// Kind.
    pub kind: Symbol,
    /// Effective namespace: a symbol, [`NONE`] when it names none, [`UNKNOWN`] when it cannot be known.
    pub namespace: u32,
    /// `metadata.name`, empty when it has none.
    pub name: Symbol,
    /// The object that this one belongs to (its previous state) or lies in (a List's item), or [`NONE`].
    pub owner: u32,
}

impl Object {
    /// The namespace where it is known and set.
    #[must_use]
    pub fn namespace(&self) -> Option<Symbol> {
        (self.namespace < UNKNOWN).then_some(Symbol(self.namespace))
    }
}

/// A directory as it stands in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope<'a> {
    /// The directory above, or [`NONE`]. Always less than its own index.
    pub parent: u32,
    /// Steps from the root of the input, which has 0.
    pub depth: u32,
    /// Whether a kustomization decides what it sees.
    pub closed: bool,
    /// Path from the root of the input, empty for the root itself.
    pub path: Symbol,
    /// Sorted: the marks of a scope, or, when it is closed, the scopes that it sees.
    pub list: &'a [u32],
}

impl<'a> Tree<'a> {
    /// Reads the header and checks that every section lies in the buffer; records and texts are checked as they are read.
    ///
    /// # Errors
    /// When the buffer is not a tree of this layout.
    pub fn read(words: &'a [u32]) -> Result<Self, FormatError> {
        let header = words.get(..HEADER_WORDS as usize).ok_or(FormatError::Malformed)?;
        if header[0] != MAGIC {
            return Err(FormatError::Malformed);
        }
        if header[1] != VERSION {
            return Err(FormatError::Version(header[1]));
        }
        if header[2] != HEADER_WORDS || usize::try_from(header[3]) != Ok(words.len()) {
            return Err(FormatError::Malformed);
        }
        if header[4] < vocabulary::SIZE {
            return Err(FormatError::HostTooOld);
        }
        let section = |number: usize, size: usize| -> Result<Section<'a>, FormatError> {
            let (offset, count) = (header[6 + 2 * number] as usize, header[7 + 2 * number]);
            let end = (count as usize)
                .checked_mul(size)
                .and_then(|length| offset.checked_add(length));
            let words = end
                .and_then(|end| words.get(offset..end))
                .ok_or(FormatError::Malformed)?;
            Ok(Section { words, count })
        };
        let symbols = section(2, 2)?;
        if symbols.count < header[4] {
            return Err(FormatError::Malformed);
        }
        let text = section(7, 1)?;
        Ok(Tree {
            words,
            facts: header[5],
            objects: section(0, OBJECT_WORDS as usize)?,
            nodes: section(1, 2)?,
            symbols,
            numbers: section(3, 2)?,
            originals: section(4, 2)?,
            scopes: section(5, SCOPE_WORDS as usize)?,
            marks: section(6, 1)?,
            text: bytemuck::cast_slice(text.words),
        })
    }

    /// The words it is read from.
    #[must_use]
    pub fn words(&self) -> &'a [u32] {
        self.words
    }

    /// The node of the facts (a map), if there is one.
    #[must_use]
    pub fn facts(&self) -> Option<u32> {
        (self.facts < self.nodes.count).then_some(self.facts)
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.nodes.count
    }

    /// A node.
    #[must_use]
    #[inline]
    pub fn node(&self, index: u32) -> Option<Node> {
        let [first, value] = *self.nodes.record::<2>(index)?;
        Some(Node {
            kind: Kind::of(first)?,
            flags: Flags((first >> 4) & 0xF),
            key: (first >> 8).checked_sub(1).map(Symbol),
            value,
        })
    }

    /// The node after the last descendant of a node: its next sibling, if it has one. Always past the node itself, never
    /// past the last.
    #[must_use]
    #[inline]
    pub fn end(&self, index: u32) -> u32 {
        self.nodes.end_of_node(index)
    }

    /// The children of a map or sequence, in order; none of a scalar.
    #[must_use]
    #[inline]
    pub fn children(&self, index: u32) -> Children<'a> {
        // Of a scalar the end is the next node, so there is nothing between.
        Children {
            nodes: self.nodes,
            next: index.saturating_add(1),
            end: self.end(index),
        }
    }

    /// The member of a map with this key; none when it is absent or the node is no map.
    #[must_use]
    #[inline]
    pub fn get(&self, map: u32, key: Symbol) -> Option<u32> {
        let Some(Node { kind: Kind::Map, .. }) = self.node(map) else {
            return None;
        };
        let wanted = key.0.checked_add(1)?;
        let (mut at, end) = (map.checked_add(1)?, self.end(map));
        while at < end {
            let [first, _] = self.nodes.record::<2>(at)?;
            if first >> 8 == wanted {
                return Some(at);
            }
            at = self.end(at);
        }
        None
    }

    /// The text of a symbol; empty when there is no such symbol, or it is no UTF-8.
    ///
    /// Checked at each call and not as a whole when the tree is read: most readers look at a few texts of many.
    #[must_use]
    #[inline]
    pub fn text(&self, symbol: Symbol) -> &'a str {
        std::str::from_utf8(self.bytes(symbol)).unwrap_or("")
    }

    /// The bytes of a symbol's text, whether or not they are UTF-8; none when there is no such symbol.
    #[must_use]
    #[inline]
    pub fn bytes(&self, symbol: Symbol) -> &'a [u8] {
        let Some(&[offset, length]) = self.symbols.record::<2>(symbol.0) else {
            return &[];
        };
        let end = offset.checked_add(length).map(|end| end as usize);
        end.and_then(|end| self.text.get(offset as usize..end)).unwrap_or(&[])
    }

    /// Number of symbols.
    #[must_use]
    pub fn symbols(&self) -> u32 {
        self.symbols.count
    }

    /// The symbol of a text, looked for in all of them: linear, so find it once.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        (0..self.symbols.count)
            .map(Symbol)
            .find(|&symbol| self.bytes(symbol) == text.as_bytes())
    }

    /// The symbol of a string node.
    #[must_use]
    pub fn symbol(&self, index: u32) -> Option<Symbol> {
        self.node(index)
            .filter(|node| node.kind == Kind::String)
            .map(|node| Symbol(node.value))
    }

    /// The value of an integer node.
    #[must_use]
    pub fn integer(&self, index: u32) -> Option<i64> {
        let node = self.node(index).filter(|node| node.kind == Kind::Integer)?;
        self.number(node).map(u64::cast_signed)
    }

    /// The value of a float node.
    #[must_use]
    pub fn float(&self, index: u32) -> Option<f64> {
        let node = self.node(index).filter(|node| node.kind == Kind::Float)?;
        self.number(node).map(f64::from_bits)
    }

    fn number(&self, node: Node) -> Option<u64> {
        let &[low, high] = self.numbers.record::<2>(node.value)?;
        Some(u64::from(high) << 32 | u64::from(low))
    }

    /// A scalar as written, where its JSON value differs from it.
    #[must_use]
    pub fn original(&self, index: u32) -> Option<&'a str> {
        self.node(index).filter(|node| node.flags.has(Flags::ORIGINAL))?;
        let (mut low, mut high) = (0, self.originals.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let &[node, symbol] = self.originals.record::<2>(middle)?;
            match node.cmp(&index) {
                std::cmp::Ordering::Equal => return Some(self.text(Symbol(symbol))),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Number of objects.
    #[must_use]
    pub fn objects(&self) -> u32 {
        self.objects.count
    }

    /// An object.
    #[must_use]
    pub fn object(&self, index: u32) -> Option<Object> {
        let &[
            root,
            end,
            flags,
            file,
            scope,
            document,
            group,
            version,
            kind,
            namespace,
            name,
            owner,
        ] = self.objects.record::<{ OBJECT_WORDS as usize }>(index)?;
        Some(Object {
            root,
            end: end.clamp(root, self.nodes.count.max(root)),
            flags: ObjectFlags(flags),
            file: Symbol(file),
            scope,
            document,
            group: Symbol(group),
            version: Symbol(version),
            kind: Symbol(kind),
            namespace,
            name: Symbol(name),
            owner: if owner < self.objects.count { owner } else { NONE },
        })
    }

    /// Number of scopes.
    #[must_use]
    pub fn scopes(&self) -> u32 {
        self.scopes.count
    }

    /// Number of marks of all scopes together.
    pub(crate) fn marks(&self) -> u32 {
        self.marks.count
    }

    /// A scope.
    #[must_use]
    pub fn scope(&self, index: u32) -> Option<Scope<'a>> {
        let &[parent, depth, flags, path, first, count] = self.scopes.record::<{ SCOPE_WORDS as usize }>(index)?;
        let end = first.checked_add(count)?;
        Some(Scope {
            parent: if parent < index { parent } else { NONE },
            depth,
            closed: flags & 1 == 1,
            path: Symbol(path),
            list: self.marks.words.get(first as usize..end as usize).unwrap_or(&[]),
        })
    }
}

/// The children of a node, as indices.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    nodes: Section<'a>,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let at = self.next;
        (at < self.end).then(|| {
            self.next = self.nodes.end_of_node(at);
            at
        })
    }
}
