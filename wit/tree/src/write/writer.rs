//! Joining parts to one tree.

use std::sync::LazyLock;

use super::interner::vocabulary_texts;
use super::part::{holds, with_key};
use super::texts::Texts;
use super::{Alone, Part, TooLarge, Workers};
use crate::{
    HEADER_WORDS, Kind, MAGIC, MAX_SYMBOLS, NONE, OBJECT_WORDS, Object, SCOPE_WORDS, Symbol, VERSION, vocabulary,
};

/// Nodes that are written at a time, and symbols.
const BATCH: usize = 1 << 13;

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
pub struct Writer<'p> {
    parts: Vec<Placed<'p>>,
    texts: Texts<'p>,
    nodes: usize,
    numbers: usize,
    originals: usize,
    objects: Vec<Object>,
    scopes: Vec<[u32; SCOPE_WORDS as usize]>,
    marks: Vec<u32>,
    facts: u32,
}

/// A part and its place in the whole.
#[derive(Clone, Copy)]
struct Placed<'p> {
    part: &'p Part,
    /// Where its nodes start.
    nodes: u32,
    /// Where its numbers start.
    numbers: u32,
    /// Where the symbols of its own texts start.
    symbols: usize,
}

impl Default for Writer<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'p> Writer<'p> {
    /// Nothing but the vocabulary.
    #[must_use]
    pub fn new() -> Self {
        Writer {
            parts: Vec::new(),
            texts: Texts::default(),
            nodes: 0,
            numbers: 0,
            originals: 0,
            objects: Vec::new(),
            scopes: Vec::new(),
            marks: Vec::new(),
            facts: NONE,
        }
    }

    /// The number of a text that the whole has.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.texts.find(text)
    }

    /// The number of a text in the whole.
    pub fn intern(&mut self, text: &str) -> Symbol {
        self.texts.intern(text)
    }

    /// Number of nodes so far: the index that the next one gets.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.nodes).unwrap_or(NONE)
    }

    /// Whether there is no node yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes == 0
    }

    /// Appends a part's nodes; what is still open in it ends there. Returns the offset of its nodes in the whole.
    pub fn append(&mut self, part: &'p Part) -> u32 {
        let offset = self.len();
        self.append_all(&[part], &Alone);
        offset
    }

    /// Appends the nodes of several parts, in their order. Returns the offset of each.
    pub fn append_all(&mut self, parts: &[&'p Part], workers: &dyn Workers) -> Vec<u32> {
        let symbols = self.texts.take(parts, workers);
        let mut offsets = Vec::with_capacity(parts.len());
        for (&part, symbols) in parts.iter().zip(symbols) {
            offsets.push(self.len());
            self.parts.push(Placed {
                part,
                nodes: self.len(),
                numbers: u32::try_from(self.numbers).unwrap_or(NONE),
                symbols,
            });
            self.nodes += part.nodes.len();
            self.numbers += part.numbers.len();
            self.originals += part.originals.len();
        }
        offsets
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
        self.finish_with(&Alone)
    }

    /// The tree, written by several threads.
    ///
    /// # Errors
    /// When it is larger than a tree can be.
    pub fn finish_with(self, workers: &dyn Workers) -> Result<Vec<u32>, TooLarge> {
        let sections = self.sections();
        let mut words = vec![0; self.total(&sections)? as usize];
        self.write(&sections, &mut words, workers);
        Ok(words)
    }

    /// Records of each section and words of a record.
    fn sections(&self) -> [(usize, usize); 8] {
        [
            (self.objects.len(), OBJECT_WORDS as usize),
            (self.nodes, 2),
            (self.texts.len(), 2),
            (self.numbers, 2),
            (self.originals, 2),
            (self.scopes.len(), SCOPE_WORDS as usize),
            (self.marks.len(), 1),
            (self.texts.bytes().div_ceil(4), 1),
        ]
    }

    /// Words of the whole.
    fn total(&self, sections: &[(usize, usize); 8]) -> Result<u32, TooLarge> {
        let total = sections.iter().fold(HEADER_WORDS as usize, |sum, &(count, size)| {
            sum.saturating_add(count.saturating_mul(size))
        });
        let full =
            self.texts.len() > MAX_SYMBOLS as usize || self.parts.iter().any(|placed| placed.part.interner.is_full());
        // Fewer than 2³⁰ words, so that the bytes too can be counted in 32 bits.
        u32::try_from(total)
            .ok()
            .filter(|&words| words < 1 << 30 && !full)
            .ok_or(TooLarge)
    }

    fn write(&self, sections: &[(usize, usize); 8], words: &mut [u32], workers: &dyn Workers) {
        let total = words.len() as u32;
        let (header, mut rest) = words.split_at_mut(HEADER_WORDS as usize);
        header[..6].copy_from_slice(&[MAGIC, VERSION, HEADER_WORDS, total, vocabulary::SIZE, self.facts]);
        let mut offset = HEADER_WORDS;
        for (words, &(count, size)) in header[6..].as_chunks_mut::<2>().0.iter_mut().zip(sections) {
            // All fit: the total does.
            *words = [offset, count as u32];
            offset += (count * size) as u32;
        }
        let [objects, nodes, symbols, numbers, originals, scopes, marks, text] =
            sections.map(|(count, size)| cut(&mut rest, count * size));
        for (words, object) in objects.as_chunks_mut().0.iter_mut().zip(&self.objects) {
            *words = record(object);
        }
        scopes.copy_from_slice(self.scopes.as_flattened());
        marks.copy_from_slice(&self.marks);
        let mut tasks = Vec::new();
        self.split_parts(nodes, numbers, originals, &mut tasks);
        let texts: Vec<&str> = self.texts.own().collect();
        split_texts(&texts, symbols, text, &mut tasks);
        workers.each_of(tasks, |_, task| match task {
            Task::Parts(parts, nodes, numbers, originals) => self.write_parts(parts, nodes, numbers, originals),
            Task::Texts(texts, start, symbols, bytes) => write_texts(texts, start, symbols, bytes),
        });
    }

    /// Cuts parts into tasks of about [`BATCH`] nodes.
    fn split_parts<'w>(
        &'w self,
        mut nodes: &'w mut [u32],
        mut numbers: &'w mut [u32],
        mut originals: &'w mut [u32],
        tasks: &mut Vec<Task<'w, 'p>>,
    ) {
        let mut parts = self.parts.as_slice();
        while !parts.is_empty() {
            let (mut count, mut sizes) = (0, [0, 0, 0]);
            for Placed { part, .. } in parts {
                count += 1;
                sizes[0] += part.nodes.len();
                sizes[1] += part.numbers.len();
                sizes[2] += part.originals.len();
                if sizes[0] >= BATCH {
                    break;
                }
            }
            let (these, later) = parts.split_at(count);
            parts = later;
            tasks.push(Task::Parts(
                these,
                cut(&mut nodes, 2 * sizes[0]),
                cut(&mut numbers, 2 * sizes[1]),
                cut(&mut originals, 2 * sizes[2]),
            ));
        }
    }

    fn write_parts(
        &self,
        parts: &[Placed<'p>],
        mut nodes: &mut [u32],
        mut numbers: &mut [u32],
        mut originals: &mut [u32],
    ) {
        for placed in parts {
            let part = placed.part;
            let renamed = self.texts.renamed(placed.symbols, part);
            let rename = |symbol: u32| match symbol.checked_sub(vocabulary::SIZE) {
                None => symbol,
                Some(own) => renamed.get(own as usize).copied().unwrap_or(0),
            };
            let words = cut(&mut nodes, 2 * part.nodes.len()).as_chunks_mut().0;
            for ((words, at), &[head, value]) in words.iter_mut().zip(0_u32..).zip(&part.nodes) {
                let key = (head >> 8).checked_sub(1).map(|symbol| Symbol(rename(symbol)));
                let value = match Kind::of(head) {
                    Some(Kind::Integer | Kind::Float) => value.wrapping_add(placed.numbers),
                    Some(Kind::String) => rename(value),
                    _ if holds(head) => {
                        let end = if value > at { part.end(at) } else { part.len() };
                        end.wrapping_add(placed.nodes)
                    }
                    _ => value,
                };
                *words = [with_key(head, key), value];
            }
            let words = cut(&mut numbers, 2 * part.numbers.len()).as_chunks_mut().0;
            for (words, &number) in words.iter_mut().zip(&part.numbers) {
                *words = [number as u32, (number >> 32) as u32];
            }
            let words = cut(&mut originals, 2 * part.originals.len()).as_chunks_mut().0;
            for (words, &(node, symbol)) in words.iter_mut().zip(&part.originals) {
                *words = [node.wrapping_add(placed.nodes), rename(symbol.0)];
            }
        }
    }
}

/// A piece of the tree to be written.
enum Task<'w, 'p> {
    /// Parts: their nodes, numbers and originals.
    Parts(&'w [Placed<'p>], &'w mut [u32], &'w mut [u32], &'w mut [u32]),
    /// Texts, where the first starts: their symbols and bytes.
    Texts(&'w [&'w str], usize, &'w mut [u32], &'w mut [u8]),
}

/// The vocabulary as every tree begins with it: symbols and bytes.
static VOCABULARY: LazyLock<(Vec<u32>, Vec<u8>)> = LazyLock::new(|| {
    let texts = vocabulary_texts();
    let mut symbols = vec![0; 2 * texts.len()];
    let mut bytes = vec![0; texts.iter().map(|text| text.len()).sum()];
    write_texts(texts, 0, &mut symbols, &mut bytes);
    (symbols, bytes)
});

/// Writes the vocabulary, and cuts the own texts into tasks of [`BATCH`] symbols.
fn split_texts<'w, 'p>(
    texts: &'w [&'w str],
    mut symbols: &'w mut [u32],
    text: &'w mut [u32],
    tasks: &mut Vec<Task<'w, 'p>>,
) {
    let mut rest: &mut [u8] = bytemuck::cast_slice_mut(text);
    let (words, bytes) = &*VOCABULARY;
    cut(&mut symbols, words.len()).copy_from_slice(words);
    cut(&mut rest, bytes.len()).copy_from_slice(bytes);
    let mut start = bytes.len();
    for texts in texts.chunks(BATCH) {
        let length = texts.iter().map(|text| text.len()).sum();
        let bytes = cut(&mut rest, length);
        tasks.push(Task::Texts(texts, start, cut(&mut symbols, 2 * texts.len()), bytes));
        start += length;
    }
}

fn write_texts(texts: &[&str], mut start: usize, symbols: &mut [u32], mut bytes: &mut [u8]) {
    for (words, text) in symbols.as_chunks_mut().0.iter_mut().zip(texts) {
        *words = [start as u32, text.len() as u32];
        cut(&mut bytes, text.len()).copy_from_slice(text.as_bytes());
        start += text.len();
    }
}

fn record(object: &Object) -> [u32; OBJECT_WORDS as usize] {
    [
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
    ]
}

/// Takes so many items off the front, or all where there are fewer.
fn cut<'w, T>(rest: &mut &'w mut [T], count: usize) -> &'w mut [T] {
    let all = std::mem::take(rest);
    let (taken, left) = all.split_at_mut(count.min(all.len()));
    *rest = left;
    taken
}
