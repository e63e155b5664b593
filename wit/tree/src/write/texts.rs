//! The texts of a whole tree, gathered from its parts.

use std::sync::atomic::{AtomicU32, Ordering};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::interner;
use super::{Part, Workers};
use crate::{NONE, Symbol, vocabulary};

/// Tables that can be filled at the same time. A text's hash says in which it is.
const TABLES: usize = 8;

/// A text, by where it was first met. Small and without a destructor: there are many.
#[derive(Clone, Copy)]
struct Met {
    hash: u64,
    /// Its position in [`Texts::symbols`].
    position: u32,
    place: Place,
}

/// Where a text is kept: a part and the text's position in it, or, with [`NONE`] for the part, a position in
/// [`Texts::added`].
#[derive(Clone, Copy)]
struct Place {
    part: u32,
    own: u32,
}

/// All texts of a tree: the vocabulary, and behind it its own, in the order in which they are first met.
#[derive(Default)]
pub(super) struct Texts<'p> {
    tables: [HashTable<Met>; TABLES],
    parts: Vec<&'p Part>,
    /// Texts of no part.
    added: Vec<String>,
    /// Symbols of the whole, by where they were asked for: part by part, each part's own texts in their order.
    symbols: Vec<u32>,
    /// The own texts by symbol, from [`vocabulary::SIZE`] on.
    own: Vec<Place>,
    /// Bytes of the own texts.
    bytes: usize,
}

fn text_at<'a>(parts: &[&'a Part], added: &'a [String], place: Place) -> &'a str {
    if place.part == NONE {
        return added.get(place.own as usize).map_or("", String::as_str);
    }
    let part = parts.get(place.part as usize);
    part.map_or("", |part| part.interner.own_text(place.own as usize))
}

fn table_of(hash: u64) -> usize {
    // Other bits than those that a table goes by.
    (hash >> 40) as usize % TABLES
}

impl<'p> Texts<'p> {
    /// Takes in the texts of more parts. Returns for each where its symbols start; see [`Texts::renamed`].
    pub(super) fn take(&mut self, new: &[&'p Part], workers: &dyn Workers) -> Vec<usize> {
        if let (&[part], true) = (new, self.symbols.is_empty()) {
            self.take_first(part);
            return vec![0];
        }
        let before = self.symbols.len();
        let first_part = self.parts.len();
        self.parts.extend_from_slice(new);
        let mut starts = Vec::with_capacity(new.len());
        let mut end = before;
        for part in new {
            starts.push(end);
            end += part.interner.len();
        }
        // For each text where it was first met.
        let first: Vec<AtomicU32> = (before..end).map(|_| AtomicU32::new(0)).collect();
        let (parts, added) = (self.parts.as_slice(), self.added.as_slice());
        workers.each_of(self.tables.iter_mut().collect(), |number, table| {
            table.reserve((end - before) / TABLES / 2, |met| met.hash);
            for ((part, new), &start) in (first_part..).zip(new).zip(&starts) {
                for (own, hash) in new.interner.hashes().enumerate() {
                    if table_of(hash) != number {
                        continue;
                    }
                    let text = new.interner.own_text(own);
                    let is_it = |met: &Met| met.hash == hash && text_at(parts, added, met.place) == text;
                    let met = match table.entry(hash, is_it, |met| met.hash) {
                        Entry::Occupied(found) => found.into_mut(),
                        Entry::Vacant(vacant) => {
                            let position = index(start + own);
                            let place = Place {
                                part: index(part),
                                own: index(own),
                            };
                            vacant.insert(Met { hash, position, place }).into_mut()
                        }
                    };
                    if let Some(first) = first.get(start + own - before) {
                        first.store(met.position, Ordering::Relaxed);
                    }
                }
            }
        });
        self.symbols.reserve(first.len());
        let mut first = first.into_iter();
        for (part, new) in (first_part..).zip(new) {
            for (own, first) in first.by_ref().take(new.interner.len()).enumerate() {
                let symbol = match self.symbols.get(first.into_inner() as usize) {
                    Some(&symbol) => symbol,
                    None => {
                        let place = Place {
                            part: index(part),
                            own: index(own),
                        };
                        self.next(place, new.interner.own_text(own).len())
                    }
                };
                self.symbols.push(symbol);
            }
        }
        starts
    }

    /// Takes in the texts of a part that is alone so far: no two of them are the same, so none is looked for.
    fn take_first(&mut self, part: &'p Part) {
        let number = index(self.parts.len());
        self.parts.push(part);
        let texts = part.interner.len();
        self.symbols.reserve(texts);
        self.own.reserve(texts);
        for table in &mut self.tables {
            table.reserve(texts / TABLES, |met| met.hash);
        }
        for (own, hash) in part.interner.hashes().enumerate() {
            let place = Place {
                part: number,
                own: index(own),
            };
            let met = Met {
                hash,
                position: index(own),
                place,
            };
            if let Some(table) = self.tables.get_mut(table_of(hash)) {
                table.insert_unique(hash, met, |met| met.hash);
            }
            let symbol = self.next(place, part.interner.own_text(own).len());
            self.symbols.push(symbol);
        }
    }

    /// The symbol that the next text gets.
    fn next(&mut self, place: Place, length: usize) -> u32 {
        // More than 32 bits are refused when the tree is finished.
        let symbol = vocabulary::SIZE.saturating_add(index(self.own.len()));
        self.bytes = self.bytes.saturating_add(length);
        self.own.push(place);
        symbol
    }

    /// The symbols of the whole for a part's own texts, given where they start.
    pub(super) fn renamed(&self, start: usize, part: &Part) -> &[u32] {
        self.symbols.get(start..start + part.interner.len()).unwrap_or_default()
    }

    /// The number of a text, if it has one.
    pub(super) fn find(&self, text: &str) -> Option<Symbol> {
        let hash = interner::hash(text);
        if let Some(symbol) = interner::fixed(text, hash) {
            return Some(symbol);
        }
        let is_it = |met: &Met| met.hash == hash && text_at(&self.parts, &self.added, met.place) == text;
        let met = self.tables.get(table_of(hash))?.find(hash, is_it)?;
        self.symbols.get(met.position as usize).map(|&symbol| Symbol(symbol))
    }

    /// The number of a text.
    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.find(text) {
            return symbol;
        }
        let hash = interner::hash(text);
        let place = Place {
            part: NONE,
            own: index(self.added.len()),
        };
        let position = index(self.symbols.len());
        if let Some(table) = self.tables.get_mut(table_of(hash)) {
            table.insert_unique(hash, Met { hash, position, place }, |met| met.hash);
        }
        self.added.push(text.to_owned());
        let symbol = self.next(place, text.len());
        self.symbols.push(symbol);
        Symbol(symbol)
    }

    /// Number of texts, the vocabulary's included.
    pub(super) fn len(&self) -> usize {
        vocabulary::SIZE as usize + self.own.len()
    }

    /// Bytes of all texts, the vocabulary's included.
    pub(super) fn bytes(&self) -> usize {
        (vocabulary::TEXT.len() - (vocabulary::SIZE as usize - 1)).saturating_add(self.bytes)
    }

    /// The own texts in the order of their symbols.
    pub(super) fn own(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(|&place| text_at(&self.parts, &self.added, place))
    }
}

/// A position as a word. More than fit are refused when the tree is finished.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}
