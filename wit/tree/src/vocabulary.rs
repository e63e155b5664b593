//! The fixed vocabulary: texts whose symbols are the same in every tree.

use crate::Symbol;

/// `vocabulary.txt`: a text a line, append-only. The text of line `n` (from 1) is symbol `n`.
pub const TEXT: &str = include_str!("../vocabulary.txt");

/// Number of symbols that this build knows before a tree adds its own, the empty text included.
pub const SIZE: u32 = count(TEXT.as_bytes());

const fn count(bytes: &[u8]) -> u32 {
    let mut lines = 1;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'\n' {
            lines += 1;
        }
        at += 1;
    }
    lines
}

/// The symbol of a text of the vocabulary; for constants, through [`word!`](crate::word).
///
/// # Panics
/// When the text is not in the vocabulary: in a constant, a compile error.
#[must_use]
pub const fn symbol(text: &str) -> Symbol {
    let (all, wanted) = (TEXT.as_bytes(), text.as_bytes());
    let (mut number, mut start) = (1, 0);
    while start < all.len() {
        let mut end = start;
        while all[end] != b'\n' {
            end += 1;
        }
        if end - start == wanted.len() {
            let mut same = 0;
            while same < wanted.len() && all[start + same] == wanted[same] {
                same += 1;
            }
            if same == wanted.len() {
                return Symbol(number);
            }
        }
        number += 1;
        start = end + 1;
    }
    panic!("this text is not in vocabulary.txt")
}

/// The symbol of a text, if it is in the vocabulary or empty.
#[must_use]
pub fn find(text: &str) -> Option<Symbol> {
    if text.is_empty() {
        return Some(Symbol(0));
    }
    if text.len() > LONGEST {
        return None;
    }
    let mut place = hash(text.as_bytes(), 0, text.len());
    loop {
        let number = *TABLE.get(place)?;
        if number == 0 {
            return None;
        }
        let (start, end) = PLACES.get(usize::from(number))?;
        if TEXT.as_bytes().get(usize::from(*start)..usize::from(*end)) == Some(text.as_bytes()) {
            return Some(Symbol(u32::from(number)));
        }
        place = (place + 1) % TABLE_PLACES;
    }
}

/// Places of the table that texts are found by: a power of two, so many that few texts share one.
const TABLE_PLACES: usize = (SIZE as usize * 4).next_power_of_two();

/// Where each text of the vocabulary begins and ends, by symbol.
static PLACES: [(u16, u16); SIZE as usize] = places();

/// The symbols by hash, each in the first place that was free from there on; 0 where there is none.
static TABLE: [u16; TABLE_PLACES] = table();

/// Length of the longest text, in bytes.
const LONGEST: usize = longest();

const fn places() -> [(u16, u16); SIZE as usize] {
    assert!(TEXT.len() <= u16::MAX as usize);
    let mut places = [(0, 0); SIZE as usize];
    let (mut number, mut start, mut at) = (1, 0, 0);
    while at < TEXT.len() {
        if TEXT.as_bytes()[at] == b'\n' {
            places[number] = (start as u16, at as u16);
            number += 1;
            start = at + 1;
        }
        at += 1;
    }
    places
}

const fn table() -> [u16; TABLE_PLACES] {
    let (mut table, places) = ([0; TABLE_PLACES], places());
    let mut number = 1;
    while number < places.len() {
        let mut place = hash(TEXT.as_bytes(), places[number].0 as usize, places[number].1 as usize);
        while table[place] != 0 {
            place = (place + 1) % TABLE_PLACES;
        }
        table[place] = number as u16;
        number += 1;
    }
    table
}

const fn longest() -> usize {
    let places = places();
    let (mut longest, mut number) = (0, 1);
    while number < places.len() {
        let length = (places[number].1 - places[number].0) as usize;
        if length > longest {
            longest = length;
        }
        number += 1;
    }
    longest
}

/// A place of the table for some of these bytes.
const fn hash(bytes: &[u8], start: usize, end: usize) -> usize {
    let (mut hash, mut at) = (end - start, start);
    while at < end {
        hash = (hash ^ bytes[at] as usize).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 15)) % TABLE_PLACES
}

/// The vocabulary's texts in the order of their symbols, from symbol 1.
pub fn words() -> impl Iterator<Item = &'static str> {
    TEXT.lines()
}

/// The symbol of a text of the vocabulary, as a constant: `word!("spec")`. A text that is not in it does not compile.
#[macro_export]
macro_rules! word {
    ($text:literal) => {
        const { $crate::vocabulary::symbol($text) }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_nothing_else() {
        for (word, number) in words().zip(1..) {
            assert_eq!(find(word), Some(Symbol(number)), "{word}");
            for other in [format!("{word}x"), word.to_uppercase(), word[1..].to_owned()] {
                if other.is_empty() {
                    continue;
                }
                let known = words().position(|one| one == other);
                let known = known.map(|at| Symbol(u32::try_from(at + 1).expect("few words")));
                assert_eq!(find(&other), known, "{other}");
            }
        }
        assert_eq!(find(""), Some(Symbol(0)));
        assert_eq!(find(&"metadata".repeat(100)), None);
    }
}
