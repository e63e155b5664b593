//! Where bytes and words stand in long texts. Eight bytes at a time: nearly all are others, and in the sandbox every branch
//! costs.

/// The lowest bit of every byte of a word.
const ONES: u64 = u64::MAX / 255;
/// The highest.
const HIGH: u64 = ONES * 0x80;

/// The places that a test of whole words marks, in order. It is given eight bytes as a word, lowest first, and the word that
/// begins one byte later; it marks a byte by its highest bit. What lies behind the end is 0. It may mark others too: who asks
/// looks at the byte, which need not be there.
pub fn places<'t>(bytes: &'t [u8], test: impl Fn(u64, u64) -> u64 + 't) -> impl Iterator<Item = usize> + 't {
    marked::<false>(bytes, test)
}

/// As [`places`], for what few texts have: passes over 32 bytes at a time as long as there is none.
pub fn rare_places<'t>(bytes: &'t [u8], test: impl Fn(u64, u64) -> u64 + 't) -> impl Iterator<Item = usize> + 't {
    marked::<true>(bytes, test)
}

fn marked<'t, const RARE: bool>(
    bytes: &'t [u8],
    test: impl Fn(u64, u64) -> u64 + 't,
) -> impl Iterator<Item = usize> + 't {
    // What is left of the marks of the word that ends here.
    let (mut marks, mut end) = (0_u64, 0_usize);
    std::iter::from_fn(move || {
        while marks == 0 {
            let rest = bytes.get(end..)?;
            if RARE && let Some(block) = rest.first_chunk::<33>() {
                let in_word = |at| test(word_at(block, at), word_at(block, at + 1));
                if in_word(0) | in_word(8) | in_word(16) | in_word(24) == 0 {
                    end += 32;
                    continue;
                }
            }
            marks = match rest.first_chunk::<9>() {
                Some(both) => test(word_at(both, 0), word_at(both, 1)),
                None if rest.is_empty() => return None,
                None => {
                    let mut both = [0; 9];
                    for (to, from) in both.iter_mut().zip(rest) {
                        *to = *from;
                    }
                    test(word_at(&both, 0), word_at(&both, 1))
                }
            };
            end += 8;
        }
        let at = marks.trailing_zeros() as usize / 8;
        marks &= marks - 1;
        Some(end - 8 + at)
    })
}

/// Eight bytes as a word, lowest first; 0 where there are none.
#[inline]
fn word_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(<[u8]>::first_chunk::<8>)
        .map_or(0, |word| u64::from_le_bytes(*word))
}

/// Marks each byte of a word that is this one; where it marks one, it may mark those after it too.
#[must_use]
#[inline]
pub const fn are(word: u64, byte: u8) -> u64 {
    zeros(word ^ (ONES * byte as u64))
}

/// Marks each byte of a word that is this one and is followed by the other, letters in any case; given the word and the one
/// that begins one byte later. Both are lower-case letters or signs from `!` to `?`. It may mark others too.
#[must_use]
#[inline]
pub const fn are_pairs(word: u64, next: u64, pair: [u8; 2]) -> u64 {
    const CASE: u64 = ONES * 0x20;
    zeros(((word | CASE) ^ (ONES * pair[0] as u64)) | ((next | CASE) ^ (ONES * pair[1] as u64)))
}

/// Marks each byte of a word that is the first of this pair and is followed by the other; given the word and the one that
/// begins one byte later. It may mark others too.
#[must_use]
#[inline]
pub const fn are_pair(word: u64, next: u64, pair: [u8; 2]) -> u64 {
    zeros((word ^ (ONES * pair[0] as u64)) | (next ^ (ONES * pair[1] as u64)))
}

/// Where a word of two bytes or more begins in a text, in order. The standard library's own search is made for long words
/// and, in the sandbox, several times as slow.
pub fn starts<'t>(text: &'t (impl AsRef<[u8]> + ?Sized), word: &'t str) -> impl Iterator<Item = usize> + 't {
    let (text, word) = (text.as_ref(), word.as_bytes());
    debug_assert!(word.len() >= 2, "a byte is looked for by `places`");
    let pair = *word.first_chunk::<2>().unwrap_or(&[0; 2]);
    let within = if word.len() < 2 || word.len() > text.len() {
        &[]
    } else {
        text
    };
    rare_places(within, move |word, next| are_pair(word, next, pair))
        .filter(move |&at| text.get(at..).is_some_and(|rest| rest.starts_with(word)))
}

/// Whether a word of two bytes or more stands in a text.
#[must_use]
pub fn contains(text: &(impl AsRef<[u8]> + ?Sized), word: &str) -> bool {
    starts(text, word).next().is_some()
}

/// Whether any of these words, each of two bytes or more, stands in a text.
#[must_use]
pub fn contains_any(text: &(impl AsRef<[u8]> + ?Sized), words: &[&str]) -> bool {
    words.iter().any(|word| contains(text, word))
}

/// Marks bytes that are 0, and some after such.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_place_is_missed(text in "[a:=é\0\u{80}]{0,40}") {
            let bytes = text.as_bytes();
            let expected: Vec<usize> = (0..bytes.len()).filter(|&at| matches!(bytes[at], b':' | b'=')).collect();
            let found: Vec<usize> = places(bytes, |word, _| are(word, b':') | are(word, b'='))
                .filter(|&at| matches!(bytes.get(at), Some(b':' | b'=')))
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn words_are_found_where_they_are(text in "([abé]{1,4}[.]{0,50}){0,6}", word in "[abé]{2,4}") {
            let expected: Vec<usize> = (0..text.len()).filter(|&at| text.as_bytes()[at..].starts_with(word.as_bytes())).collect();
            prop_assert_eq!(contains(&text, &word), text.contains(&word));
            prop_assert_eq!(starts(&text, &word).collect::<Vec<usize>>(), expected);
        }

        #[test]
        fn no_pair_is_missed(text in "([oOrR\u{f}bB\r-]{0,6}[.]{0,50}){0,6}") {
            let bytes = text.as_bytes();
            let is_pair = |at: &usize| bytes.get(*at..*at + 2).is_some_and(|pair| pair.eq_ignore_ascii_case(b"or") || pair.eq_ignore_ascii_case(b"b-"));
            let expected: Vec<usize> = (0..bytes.len()).filter(is_pair).collect();
            let test = |word, next| are_pairs(word, next, *b"or") | are_pairs(word, next, *b"b-");
            prop_assert_eq!(places(bytes, test).filter(is_pair).collect::<Vec<usize>>(), expected.clone());
            prop_assert_eq!(rare_places(bytes, test).filter(is_pair).collect::<Vec<usize>>(), expected);
        }
    }
}
