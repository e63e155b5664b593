//! Many texts looked for at once.
//!
//! There are many secrets, some long, and few texts that are searched, so what counts is how fast it is made: the texts are
//! sorted, and a table of bits says where one may start.

use std::ops::Range;

/// Bytes by which the table tells where a text may start.
const PREFIX: usize = 6;
/// Bits of the table for each text.
const BITS: usize = 16;

/// Finds the leftmost of its texts, and of those that start there the longest.
pub(super) struct Finder {
    /// Sorted.
    texts: Vec<String>,
    /// For each text the longest other one that it starts with.
    shorter: Vec<Option<usize>>,
    /// Bytes of a prefix: as many as the shortest text has, at most [`PREFIX`].
    prefix: usize,
    /// One bit for each hash of a prefix.
    table: Vec<u64>,
}

impl Finder {
    /// None where there is nothing to find. Empty texts are not looked for.
    pub(super) fn new(mut texts: Vec<String>) -> Option<Self> {
        texts.retain(|text| !text.is_empty());
        texts.sort_unstable();
        texts.dedup();
        let prefix = texts.iter().map(String::len).min()?.min(PREFIX);
        let mut shorter = Vec::with_capacity(texts.len());
        let mut open: Vec<usize> = Vec::new();
        for (position, text) in texts.iter().enumerate() {
            while open.last().is_some_and(|&last| !text.starts_with(&texts[last])) {
                open.pop();
            }
            shorter.push(open.last().copied());
            open.push(position);
        }
        let words = texts.len().saturating_mul(BITS).next_power_of_two().max(1 << 12) / 64;
        let mut finder = Finder {
            texts: Vec::new(),
            shorter,
            prefix,
            table: vec![0; words],
        };
        for text in &texts {
            let (word, bit) = finder.slot(finder.key(text.as_bytes()));
            finder.table[word] |= bit;
        }
        finder.texts = texts;
        Some(finder)
    }

    /// What starts with these bytes, as a number: the last of them lowest.
    fn key(&self, bytes: &[u8]) -> u64 {
        let start = bytes.iter().take(self.prefix);
        start.fold(0, |key, &byte| key << 8 | u64::from(byte))
    }

    /// Where the table has the bit of a key.
    fn slot(&self, key: u64) -> (usize, u64) {
        let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The table's length is a power of two.
        ((hash >> 32) as usize & (self.table.len() - 1), 1 << (hash >> 58))
    }

    /// The first place from an offset on where one of the texts stands.
    fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let bytes = text.as_bytes();
        let whole = (1 << (8 * self.prefix)) - 1;
        let mut key = self.key(bytes.get(from..)?) >> 8;
        let ends = bytes.get(from + self.prefix - 1..)?;
        (from..).zip(ends).find_map(|(at, &end)| {
            // One byte in at the end, one out at the start.
            key = (key << 8 | u64::from(end)) & whole;
            let (word, bit) = self.slot(key);
            if self.table[word] & bit == 0 {
                return None;
            }
            self.longest(&bytes[at..]).map(|length| at..at + length)
        })
    }

    /// Bytes of the longest text that these start with.
    fn longest(&self, bytes: &[u8]) -> Option<usize> {
        // What they start with is no greater than they are; and all of that starts the greatest of it.
        let after = self.texts.partition_point(|text| text.as_bytes() <= bytes);
        let mut candidate = after.checked_sub(1);
        while let Some(position) = candidate {
            let text = self.texts[position].as_bytes();
            if bytes.starts_with(text) {
                return Some(text.len());
            }
            candidate = self.shorter[position];
        }
        None
    }

    /// The places of the texts in a text, from left to right; none overlaps the one before.
    pub(super) fn find_all(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let found = self.find(text, from)?;
            from = found.end;
            Some(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(texts: &[&str], text: &str) -> Vec<Range<usize>> {
        let finder = Finder::new(texts.iter().map(|&text| text.to_owned()).collect());
        finder.map_or_else(Vec::new, |finder| finder.find_all(text).collect())
    }

    #[test]
    fn the_longest_of_the_leftmost_is_found() {
        assert_eq!(all(&["abc", "bcdefgh", "abcd"], "xabcdefgh abc"), [1..5, 10..13]);
        assert_eq!(
            all(&["a", "ab", "abcdef"], "abcde"),
            std::iter::once(0..2).collect::<Vec<_>>()
        );
        assert_eq!(all(&["üb", "b"], "übb"), [0..3, 3..4]);
        assert_eq!(all(&["", ""], "abc"), [0..0; 0]);
        assert_eq!(all(&["abcdefgh"], "abcdefg"), [0..0; 0]);
    }

    proptest! {
        #[test]
        fn nothing_is_missed(texts in proptest::collection::vec("[ab]{1,4}", 1..6), text in "[abc]{0,12}") {
            let mut expected = Vec::new();
            let mut at = 0;
            while at < text.len() {
                let longest = texts.iter().filter(|each| text[at..].starts_with(each.as_str())).map(String::len).max();
                expected.extend(longest.map(|length| at..at + length));
                at += longest.unwrap_or(1);
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(all(&texts, &text), expected);
        }
    }
}
