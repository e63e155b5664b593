//! Texts by number.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::{MAX_SYMBOLS, Symbol, vocabulary};

/// The fixed vocabulary, shared by all interners, and the seed of their hashes: whoever writes the input cannot choose
/// collisions.
struct Vocabulary {
    texts: Vec<&'static str>,
    table: HashTable<u32>,
    hasher: RandomState,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let hasher = RandomState::default();
    let texts: Vec<&'static str> = std::iter::once("").chain(vocabulary::words()).collect();
    let mut table = HashTable::with_capacity(texts.len());
    for (symbol, text) in (0..).zip(&texts) {
        table.insert_unique(hasher.hash_one(text), symbol, |&other| {
            hasher.hash_one(texts.get(other as usize).copied().unwrap_or_default())
        });
    }
    Vocabulary { texts, table, hasher }
});

/// Where a text stands.
#[derive(Clone, Copy)]
struct Place {
    start: u32,
    length: u32,
    hash: u64,
}

/// Texts by number, each stored once: the vocabulary, and behind it its own.
#[derive(Clone, Default)]
pub(super) struct Interner {
    text: String,
    places: Vec<Place>,
    table: HashTable<u32>,
    full: bool,
}

/// The hash of a text, the same in all interners of a process.
pub(super) fn hash(text: &str) -> u64 {
    VOCABULARY.hasher.hash_one(text)
}

/// The symbol of a text of the vocabulary, given its hash.
pub(super) fn fixed(text: &str, hash: u64) -> Option<Symbol> {
    let known = |&symbol: &u32| {
        VOCABULARY
            .texts
            .get(symbol as usize)
            .is_some_and(|&known| known == text)
    };
    VOCABULARY.table.find(hash, known).map(|&symbol| Symbol(symbol))
}

/// The vocabulary's texts in the order of their symbols, the empty one first.
pub(super) fn vocabulary_texts() -> &'static [&'static str] {
    &VOCABULARY.texts
}

impl Interner {
    /// Room for so many own texts.
    pub(super) fn with_capacity(texts: usize) -> Self {
        // Bytes of an ordinary one.
        const BYTES: usize = 16;
        Interner {
            text: String::with_capacity(texts * BYTES),
            places: Vec::with_capacity(texts),
            table: HashTable::with_capacity(texts),
            full: false,
        }
    }

    /// Number of own texts.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Forgets all own texts but the first so many.
    pub(super) fn truncate(&mut self, len: usize) {
        for own in (len..self.places.len()).rev() {
            let Some(place) = self.places.pop() else { break };
            let is_it = |&other: &u32| other as usize == own;
            if let Ok(entry) = self.table.find_entry(place.hash, is_it) {
                entry.remove();
            }
            self.text.truncate(place.start as usize);
        }
    }

    /// Whether more was given than a tree can hold. What did not fit became the empty text.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// The text of a symbol; empty when there is no such symbol.
    pub(super) fn text(&self, symbol: Symbol) -> &str {
        match symbol.0.checked_sub(vocabulary::SIZE) {
            None => VOCABULARY.texts.get(symbol.0 as usize).copied().unwrap_or_default(),
            Some(own) => self.own_text(own as usize),
        }
    }

    /// The hashes of the own texts, in the order of their symbols from [`vocabulary::SIZE`] on.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.places.iter().map(|place| place.hash)
    }

    /// The own text of this position.
    pub(super) fn own_text(&self, own: usize) -> &str {
        self.places.get(own).map_or("", |&place| text_at(&self.text, place))
    }

    /// The number of a text.
    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        let hash = hash(text);
        if let Some(symbol) = fixed(text, hash) {
            return symbol;
        }
        let Self {
            text: all,
            places,
            table,
            full,
        } = self;
        let is_it = |own: &u32| {
            let place = places.get(*own as usize);
            place.is_some_and(|&place| place.hash == hash && text_at(all, place) == text)
        };
        if let Some(&own) = table.find(hash, is_it) {
            return Symbol(vocabulary::SIZE + own);
        }
        let place = (u32::try_from(all.len()), u32::try_from(text.len()));
        let own = u32::try_from(places.len()).unwrap_or(u32::MAX);
        // The end must fit 32 bits too, and padding to words must not push it over.
        let fits = all.len().saturating_add(text.len()) < u32::MAX as usize - 4;
        let (Ok(start), Ok(length), true) = (place.0, place.1, fits && own < MAX_SYMBOLS - vocabulary::SIZE) else {
            *full = true;
            return Symbol(0);
        };
        all.push_str(text);
        places.push(Place { start, length, hash });
        table.insert_unique(hash, own, |own| places.get(*own as usize).map_or(0, |place| place.hash));
        Symbol(vocabulary::SIZE + own)
    }
}

fn text_at(text: &str, place: Place) -> &str {
    text.get(place.start as usize..place.start as usize + place.length as usize)
        .unwrap_or_default()
}
