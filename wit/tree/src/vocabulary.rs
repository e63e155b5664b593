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
