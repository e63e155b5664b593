//! The texts of a whole tree, gathered from its parts.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::interner::{self, vocabulary_texts};
use super::{Part, Workers};
use crate::{Symbol, vocabulary};

/// Tables that can be filled at the same time. A text's hash says in which it is.
const TABLES: usize = 8;

/// A text as it was first met.
struct Met<'p> {
    hash: u64,
    /// Its position in [`Texts::symbols`].
    position: u32,
    text: Cow<'p, str>,
}

/// All texts of a tree: the vocabulary, and behind it its own, in the order in which they are first met.
#[derive(Default)]
pub(super) struct Texts<'p> {
    tables: [HashTable<Met<'p>>; TABLES],
    /// Symbols of the whole, by where they were asked for: part by part, each part's own texts in their order.
    symbols: Vec<u32>,
    /// The own texts by symbol, from [`vocabulary::SIZE`] on.
    own: Vec<Cow<'p, str>>,
    /// Bytes of the own texts.
    bytes: usize,
}

fn table_of(hash: u64) -> usize {
    // Other bits than those that a table goes by.
    (hash >> 40) as usize % TABLES
}

impl<'p> Texts<'p> {
    /// Takes in the texts of more parts. Returns for each where its symbols start; see [`Texts::renamed`].
    pub(super) fn take(&mut self, parts: &[&'p Part], workers: &dyn Workers) -> Vec<usize> {
        let before = self.symbols.len();
        let mut starts = Vec::with_capacity(parts.len());
        let mut end = before;
        for part in parts {
            starts.push(end);
            end += part.interner.len();
        }
        // For each text where it was first met.
        let first: Vec<AtomicU32> = (before..end).map(|_| AtomicU32::new(0)).collect();
        workers.each_of(self.tables.iter_mut().collect(), |number, table| {
            table.reserve((end - before) / TABLES / 2, |met| met.hash);
            for (part, &start) in parts.iter().zip(&starts) {
                for (own, hash) in part.interner.hashes().enumerate() {
                    if table_of(hash) != number {
                        continue;
                    }
                    let text = part.interner.own_text(own);
                    let at = start + own;
                    let is_it = |met: &Met<'_>| met.hash == hash && met.text == text;
                    let met = match table.entry(hash, is_it, |met| met.hash) {
                        Entry::Occupied(found) => found.into_mut(),
                        Entry::Vacant(place) => {
                            let position = u32::try_from(at).unwrap_or(u32::MAX);
                            let text = Cow::Borrowed(text);
                            place.insert(Met { hash, position, text }).into_mut()
                        }
                    };
                    if let Some(first) = first.get(at - before) {
                        first.store(met.position, Ordering::Relaxed);
                    }
                }
            }
        });
        self.symbols.reserve(first.len());
        let texts = parts.iter().flat_map(|part| part.interner.own());
        for ((text, _), first) in texts.zip(first) {
            let first = first.into_inner() as usize;
            let symbol = match self.symbols.get(first) {
                Some(&symbol) => symbol,
                None => self.next(Cow::Borrowed(text)),
            };
            self.symbols.push(symbol);
        }
        starts
    }

    /// The symbol that the next text gets.
    fn next(&mut self, text: Cow<'p, str>) -> u32 {
        // More than 32 bits are refused when the tree is finished.
        let symbol = vocabulary::SIZE.saturating_add(u32::try_from(self.own.len()).unwrap_or(u32::MAX));
        self.bytes = self.bytes.saturating_add(text.len());
        self.own.push(text);
        symbol
    }

    /// The symbols of the whole for a part's own texts, given where they start.
    pub(super) fn renamed(&self, start: usize, part: &Part) -> &[u32] {
        self.symbols.get(start..start + part.interner.len()).unwrap_or_default()
    }

    /// The number of a text.
    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        let hash = interner::hash(text);
        if let Some(symbol) = interner::fixed(text, hash) {
            return symbol;
        }
        let is_it = |met: &Met<'_>| met.hash == hash && met.text == text;
        let position = u32::try_from(self.symbols.len()).unwrap_or(u32::MAX);
        let Some(table) = self.tables.get_mut(table_of(hash)) else {
            return Symbol(0);
        };
        match table.entry(hash, is_it, |met| met.hash) {
            Entry::Occupied(found) => {
                let position = found.get().position;
                Symbol(self.symbols.get(position as usize).copied().unwrap_or(0))
            }
            Entry::Vacant(place) => {
                let text = text.to_owned();
                place.insert(Met {
                    hash,
                    position,
                    text: Cow::Owned(text.clone()),
                });
                let symbol = self.next(Cow::Owned(text));
                self.symbols.push(symbol);
                Symbol(symbol)
            }
        }
    }

    /// Number of texts, the vocabulary's included.
    pub(super) fn len(&self) -> usize {
        vocabulary::SIZE as usize + self.own.len()
    }

    /// Bytes of all texts, the vocabulary's included.
    pub(super) fn bytes(&self) -> usize {
        (vocabulary::TEXT.len() - (vocabulary::SIZE as usize - 1)).saturating_add(self.bytes)
    }

    /// All texts in the order of their symbols.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let own = self.own.iter().map(AsRef::as_ref);
        vocabulary_texts().iter().copied().chain(own)
    }
}
