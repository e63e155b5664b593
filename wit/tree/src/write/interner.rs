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

/// Texts by number, each stored once: the vocabulary, and behind it its own.
#[derive(Clone, Default)]
pub(super) struct Interner {
    text: String,
    places: Vec<(u32, u32)>,
    table: HashTable<u32>,
    full: bool,
}

impl Interner {
    /// Number of texts, the vocabulary's included.
    pub(super) fn len(&self) -> usize {
        vocabulary::SIZE as usize + self.places.len()
    }

    /// Whether more was given than a tree can hold. What did not fit became the empty text.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Notes that something else of the whole did not fit.
    pub(super) fn set_full(&mut self) {
        self.full = true;
    }

    /// The text of a symbol; empty when there is no such symbol.
    pub(super) fn text(&self, symbol: Symbol) -> &str {
        match symbol.0.checked_sub(vocabulary::SIZE) {
            None => VOCABULARY.texts.get(symbol.0 as usize).copied().unwrap_or_default(),
            Some(own) => self
                .places
                .get(own as usize)
                .map_or("", |&place| text_at(&self.text, place)),
        }
    }

    /// The own texts, in the order of their symbols from [`vocabulary::SIZE`] on.
    pub(super) fn own(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|&place| text_at(&self.text, place))
    }

    /// The number of a text.
    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        let fixed = &*VOCABULARY;
        let hash = fixed.hasher.hash_one(text);
        let is_fixed = |&symbol: &u32| fixed.texts.get(symbol as usize).is_some_and(|&known| known == text);
        if let Some(&symbol) = fixed.table.find(hash, is_fixed) {
            return Symbol(symbol);
        }
        let Self {
            text: all,
            places,
            table,
            full,
        } = self;
        let own_text = |own: &u32| places.get(*own as usize).map_or("", |&place| text_at(all, place));
        if let Some(&own) = table.find(hash, |own| own_text(own) == text) {
            return Symbol(vocabulary::SIZE + own);
        }
        let place = (u32::try_from(all.len()), u32::try_from(text.len()));
        let own = u32::try_from(places.len()).unwrap_or(u32::MAX);
        // The end must fit 32 bits too, and padding to words must not push it over.
        let fits = all.len().saturating_add(text.len()) < u32::MAX as usize - 4;
        let (Ok(offset), Ok(length), true) = (place.0, place.1, fits && own < MAX_SYMBOLS - vocabulary::SIZE) else {
            *full = true;
            return Symbol(0);
        };
        table.insert_unique(hash, own, |own| fixed.hasher.hash_one(own_text(own)));
        all.push_str(text);
        places.push((offset, length));
        Symbol(vocabulary::SIZE + own)
    }

    /// The records of the symbol section and the bytes of the text section, the vocabulary first.
    pub(super) fn sections(&self) -> (Vec<[u32; 2]>, Vec<u8>) {
        let fixed: usize = VOCABULARY.texts.iter().map(|text| text.len()).sum();
        let mut records = Vec::with_capacity(self.len());
        let mut bytes = Vec::with_capacity((fixed + self.text.len()).next_multiple_of(4));
        for text in &VOCABULARY.texts {
            // The vocabulary is a part of this program: some kilobytes.
            records.push([bytes.len() as u32, text.len() as u32]);
            bytes.extend_from_slice(text.as_bytes());
        }
        let shift = bytes.len() as u32;
        records.extend(
            self.places
                .iter()
                .map(|&(offset, length)| [offset.saturating_add(shift), length]),
        );
        bytes.extend_from_slice(self.text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        (records, bytes)
    }

    /// Bytes of all texts, the vocabulary's included.
    pub(super) fn bytes(&self) -> usize {
        vocabulary::TEXT.len() - (vocabulary::SIZE as usize - 1) + self.text.len()
    }
}

fn text_at(text: &str, (offset, length): (u32, u32)) -> &str {
    text.get(offset as usize..offset as usize + length as usize)
        .unwrap_or_default()
}
