//! Symbols by text.

use std::collections::HashMap;

use plimsoll_tree::{Symbol, Tree, vocabulary};

/// Places of the table that are looked at for one text. Texts that are chosen to need more are looked for elsewhere.
const MAX_PROBES: usize = 32;

/// The symbols of a tree by their texts. All policies that ask for one make this, so it has to be quick to make: it holds
/// numbers only, and no text is checked or kept. Those of the vocabulary are found without it.
pub(crate) struct Symbols<'t> {
    tree: &'t Tree<'t>,
    /// Symbols + 1 by hash, each in the first place that was free from there on; 0 where there is none. Twice as many
    /// places as symbols, a power of two.
    table: Vec<u32>,
    /// Where too many texts share a hash.
    slow: HashMap<&'t [u8], Symbol>,
}

impl<'t> Symbols<'t> {
    pub(crate) fn new(tree: &'t Tree<'t>) -> Self {
        let own = tree.symbols().saturating_sub(vocabulary::SIZE) as usize;
        let places = own.saturating_mul(2).next_power_of_two();
        let mut symbols = Symbols {
            tree,
            table: vec![0; places],
            slow: HashMap::new(),
        };
        for symbol in (vocabulary::SIZE..tree.symbols()).map(Symbol) {
            let text = tree.bytes(symbol);
            let free = symbols.places(text).find(|&at| symbols.table.get(at) == Some(&0));
            match free.and_then(|at| symbols.table.get_mut(at)) {
                Some(place) => *place = symbol.0.saturating_add(1),
                None => _ = symbols.slow.entry(text).or_insert(symbol),
            }
        }
        symbols
    }

    /// The first symbol with this text, if it is none of the vocabulary.
    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        let text = text.as_bytes();
        for at in self.places(text) {
            let symbol = Symbol(self.table.get(at)?.checked_sub(1)?);
            if self.tree.bytes(symbol) == text {
                return Some(symbol);
            }
        }
        self.slow.get(text).copied()
    }

    /// Where a text may stand, in turn.
    fn places(&self, text: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let mask = self.table.len().wrapping_sub(1);
        let start = hash(text);
        (0..MAX_PROBES).map(move |probe| start.wrapping_add(probe) & mask)
    }
}

/// Eight bytes at a time, the last ones filled up with zeros; of a long text only those at its ends, for texts that are
/// alike there are few.
fn hash(text: &[u8]) -> usize {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = text.len() as u64;
    let mut mix = |word: u64| {
        hash = (hash ^ word).wrapping_mul(FACTOR);
        hash ^= hash >> 32;
    };
    const ENDS: usize = 24;
    let head = match text.len().checked_sub(2 * ENDS) {
        Some(middle) if middle > 0 => {
            let (tail, _) = text.get(ENDS + middle..).unwrap_or_default().as_chunks::<8>();
            tail.iter().for_each(|&word| mix(u64::from_le_bytes(word)));
            text.get(..ENDS).unwrap_or_default()
        }
        _ => text,
    };
    let (words, rest) = head.as_chunks::<8>();
    words.iter().for_each(|&word| mix(u64::from_le_bytes(word)));
    if !rest.is_empty() {
        mix(rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    }
    (hash.wrapping_mul(FACTOR) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use plimsoll_tree::write::Writer;

    use super::*;

    fn tree(texts: impl Iterator<Item = String>) -> Vec<u32> {
        let mut writer = Writer::new();
        for text in texts {
            writer.intern(&text);
        }
        writer.finish().expect("small")
    }

    #[test]
    fn every_text_is_found() {
        let words = tree((0..5000).map(|number| format!("text {number}")));
        let tree = Tree::read(&words).expect("a tree");
        let symbols = Symbols::new(&tree);
        for symbol in (vocabulary::SIZE..tree.symbols()).map(Symbol) {
            assert_eq!(symbols.find(tree.text(symbol)), Some(symbol));
        }
        assert_eq!(symbols.find("text 5000"), None);
        assert!(symbols.slow.is_empty());
    }

    #[test]
    fn long_texts_that_differ_in_the_middle_are_found() {
        let words = tree((0..100).map(|number| format!("{:1$}{number:03}{:1$}", "", 60)));
        let tree = Tree::read(&words).expect("a tree");
        let symbols = Symbols::new(&tree);
        for symbol in (vocabulary::SIZE..tree.symbols()).map(Symbol) {
            assert_eq!(symbols.find(tree.text(symbol)), Some(symbol));
        }
        assert_eq!(symbols.find(&" ".repeat(123)), None);
    }

    #[test]
    fn texts_that_share_a_hash_are_found() {
        // The mixing can be undone, so the second word can make up for any first one.
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = |first: u64| {
            let hash = (16 ^ first).wrapping_mul(FACTOR);
            hash ^ hash >> 32
        };
        let wanted = state(u64::from_le_bytes(*b"AAAAAAAA"));
        let ascii = |word: u64| word.to_le_bytes().iter().all(u8::is_ascii);
        let alike = (0..1_u64 << 24).filter_map(|number| {
            let first = (number * 0x0101_0101) & 0x7F7F_7F7F_7F7F_7F7F;
            let second = state(first) ^ wanted;
            let bytes = [first.to_le_bytes(), second.to_le_bytes()].concat();
            (ascii(second)).then(|| String::from_utf8(bytes).ok()).flatten()
        });
        let alike: Vec<String> = alike.take(200).collect();
        assert!(alike.len() > MAX_PROBES, "{}", alike.len());
        let words = tree(alike.iter().cloned());
        let tree = Tree::read(&words).expect("a tree");
        let symbols = Symbols::new(&tree);
        assert!(!symbols.slow.is_empty());
        for text in &alike {
            assert_eq!(symbols.find(text).map(|symbol| tree.text(symbol)), Some(text.as_str()));
        }
        assert_eq!(symbols.find("nothing like it"), None);
    }
}
