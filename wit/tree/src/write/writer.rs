//! Joining parts to one tree.

use super::interner::Interner;
use super::part::{holds, with_key};
use super::{Part, TooLarge};
use crate::{HEADER_WORDS, Kind, MAGIC, NONE, OBJECT_WORDS, Object, SCOPE_WORDS, Symbol, VERSION, vocabulary};

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
    originals: Vec<[u32; 2]>,
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
            interner: Interner::default(),
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

    /// Appends a part's nodes; what is still open in it ends there. Returns the offset of its nodes in the whole.
    pub fn append(&mut self, part: &Part) -> u32 {
        let offset = self.len();
        let numbers = u32::try_from(self.numbers.len()).unwrap_or(NONE);
        if part.interner.is_full() {
            self.interner.set_full();
        }
        let renamed: Vec<u32> = part.interner.own().map(|text| self.interner.intern(text).0).collect();
        let rename = |symbol: u32| match symbol.checked_sub(vocabulary::SIZE) {
            None => symbol,
            Some(own) => renamed.get(own as usize).copied().unwrap_or(0),
        };
        self.nodes.reserve(part.nodes.len());
        for (at, &[head, value]) in (0_u32..).zip(&part.nodes) {
            let key = (head >> 8).checked_sub(1).map(|symbol| Symbol(rename(symbol)));
            let value = match Kind::of(head) {
                Some(Kind::Integer | Kind::Float) => value.wrapping_add(numbers),
                Some(Kind::String) => rename(value),
                _ if holds(head) => {
                    let end = if value > at { part.end(at) } else { part.len() };
                    end.wrapping_add(offset)
                }
                _ => value,
            };
            self.nodes.push([with_key(head, key), value]);
        }
        self.numbers.extend_from_slice(&part.numbers);
        self.originals.extend(
            part.originals
                .iter()
                .map(|&(node, symbol)| [node.wrapping_add(offset), rename(symbol.0)]),
        );
        offset
    }

    /// Adds an object; its symbols are those of the whole ([`Writer::intern`]), its nodes already appended. Returns its
    /// index.
    pub fn object(&mut self, object: Object) -> u32 {
        let index = u32::try_from(self.objects.len()).unwrap_or(NONE);
        self.objects.push(object);
        index
    }

    /// Adds a scope. Returns its index; the first is the root of the input.
    pub fn scope(&mut self, mut scope: NewScope) -> u32 {
        scope.list.sort_unstable();
        scope.list.dedup();
        let index = u32::try_from(self.scopes.len()).unwrap_or(NONE);
        let depth = scope
            .parent
            .and_then(|parent| self.scopes.get(parent as usize))
            .map_or(0, |parent| parent[1].saturating_add(1));
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
        index
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
        if self.interner.is_full() {
            return Err(TooLarge);
        }
        let sections = [
            (self.objects.len(), OBJECT_WORDS as usize),
            (self.nodes.len(), 2),
            (self.interner.len(), 2),
            (self.numbers.len(), 2),
            (self.originals.len(), 2),
            (self.scopes.len(), SCOPE_WORDS as usize),
            (self.marks.len(), 1),
            (self.interner.bytes().div_ceil(4), 1),
        ];
        let total = sections.iter().fold(HEADER_WORDS as usize, |sum, &(count, size)| {
            sum.saturating_add(count.saturating_mul(size))
        });
        // Fewer than 2³⁰ words, so that the bytes too can be counted in 32 bits.
        let total = u32::try_from(total)
            .ok()
            .filter(|&words| words < 1 << 30)
            .ok_or(TooLarge)?;
        let mut words = Vec::with_capacity(total as usize);
        words.extend_from_slice(&[MAGIC, VERSION, HEADER_WORDS, total, vocabulary::SIZE, self.facts]);
        let mut offset = HEADER_WORDS;
        for (count, size) in sections {
            // All fit: the total does.
            words.extend_from_slice(&[offset, count as u32]);
            offset += (count * size) as u32;
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
        let (symbols, text) = self.interner.sections();
        words.extend_from_slice(symbols.as_flattened());
        words.extend(
            self.numbers
                .iter()
                .flat_map(|&number| [number as u32, (number >> 32) as u32]),
        );
        words.extend_from_slice(self.originals.as_flattened());
        words.extend_from_slice(self.scopes.as_flattened());
        words.extend_from_slice(&self.marks);
        words.extend(text.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)));
        Ok(words)
    }
}
