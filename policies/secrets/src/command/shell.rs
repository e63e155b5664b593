//! Cuts a script of a shell into commands and words: as much of its grammar as is needed to see what programs are given.

use std::ops::Range;

use plimsoll_sdk::kube::bytes::contains_any;

/// A word of a command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Word<'t> {
    /// As written, quotes included.
    pub text: &'t str,
    /// Which element of the list it is in.
    pub item: usize,
    /// Where it begins in that.
    pub start: usize,
    /// Whether it stands between single quotes, where a shell replaces nothing.
    pub is_quoted: bool,
}

impl<'t> Word<'t> {
    /// A part of it.
    pub(super) fn part(self, bytes: Range<usize>) -> Word<'t> {
        Word {
            text: self.text.get(bytes.clone()).unwrap_or(""),
            start: self.start + bytes.start,
            ..self
        }
    }

    /// What stands before and behind the first of a letter.
    pub(super) fn split(self, at: char) -> Option<(Word<'t>, Word<'t>)> {
        let place = self.text.find(at)?;
        Some((self.part(0..place), self.part(place + at.len_utf8()..self.text.len())))
    }

    /// Without the quotes around it.
    pub(super) fn bare(self) -> Word<'t> {
        for quote in ['"', '\''] {
            if let Some(inner) = self.text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                return Word {
                    is_quoted: quote == '\'' || self.is_quoted,
                    ..self.part(1..1 + inner.len())
                };
            }
        }
        // Quoted from here to the end of what it was cut from: `"Authorization: x"`.
        let text = self.text.trim_start_matches(['"', '\'']);
        let from = self.text.len() - text.len();
        let text = text.trim_end_matches(['"', '\'']);
        self.part(from..from + text.len())
    }

    /// Whether a shell or the kubelet puts something in its place.
    pub(super) fn is_taken(self) -> bool {
        let replaced = contains_any(self.text, &["$(", "${", "{{"]);
        replaced || !self.is_quoted && self.text.contains(['$', '`']) || self.text.is_empty()
    }

    /// Its bytes in the element.
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// A simple command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Command<'t> {
    /// Assignments, the program, its arguments.
    pub words: Vec<Word<'t>>,
    /// The program that its output goes to.
    pub pipes_to: Option<&'t str>,
}

/// The commands of a script, in order. Linear.
pub(super) fn commands(text: &str) -> Vec<Command<'_>> {
    let bytes = text.as_bytes();
    let mut all: Vec<Command<'_>> = Vec::new();
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut at = 0;
    let mut piped = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n')) => at += 2,
            b'\\' if bytes.get(at + 1) == Some(&b'\r') && bytes.get(at + 2) == Some(&b'\n') => at += 3,
            b'#' => {
                at += bytes
                    .get(at..)
                    .unwrap_or(&[])
                    .iter()
                    .take_while(|&&byte| byte != b'\n')
                    .count()
            }
            b'\n' | b';' | b'|' | b'&' | b'(' | b')' | b'`' => {
                finish(&mut words, &mut all, piped);
                piped = byte == b'|'
                    && bytes.get(at + 1) != Some(&b'|')
                    && at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'|');
                at += 1;
            }
            _ => {
                let end = word_end(bytes, at);
                if let Some(word) = text.get(at..end) {
                    words.push(Word {
                        text: word,
                        item: 0,
                        start: at,
                        is_quoted: word.starts_with('\'') && word.ends_with('\''),
                    });
                }
                at = end.max(at + 1);
            }
        }
    }
    finish(&mut words, &mut all, piped);
    all
}

/// Ends a command; `piped`: it reads what the one before it wrote.
fn finish<'t>(words: &mut Vec<Word<'t>>, all: &mut Vec<Command<'t>>, piped: bool) {
    if words.is_empty() {
        return;
    }
    let words = std::mem::take(words);
    if piped && let (Some(last), Some(program)) = (all.last_mut(), words.first()) {
        last.pipes_to = Some(program.text.rsplit('/').next().unwrap_or(program.text));
    }
    all.push(Command { words, pipes_to: None });
}

/// Where the word that begins here ends.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut quote = None;
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(b'\''), b'\'') => quote = None,
            (Some(b'\''), _) => {}
            (_, b'\\') => at += 1,
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            // Of `$(…)` the bracket ends the word; what is inside is a command of its own.
            (None, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b'(' | b')' | b'`') => return at,
            (None, _) => {}
        }
        at += 1;
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<Vec<&str>> {
        commands(text)
            .into_iter()
            .map(|one| one.words.into_iter().map(|word| word.text).collect())
            .collect()
    }

    #[test]
    fn scripts_are_cut() {
        assert_eq!(
            all("a b; c 'd e' \"f $x\" | g && h"),
            [vec!["a", "b"], vec!["c", "'d e'", "\"f $x\""], vec!["g"], vec!["h"]]
        );
        assert_eq!(all("a \\\n  b # c\nd#e"), [vec!["a", "b"], vec!["d#e"]]);
        assert_eq!(all("A=$(b c)d"), [vec!["A=$"], vec!["b", "c"], vec!["d"]]);
        assert_eq!(all("a 'b"), [["a", "'b"]]);
        assert_eq!(all("a \\"), [["a", "\\"]]);
        assert!(all("").is_empty());
        assert_eq!(commands("a | /bin/b").first().and_then(|one| one.pipes_to), Some("b"));
        assert_eq!(commands("a || b").first().and_then(|one| one.pipes_to), None);
    }

    proptest! {
        #[test]
        fn any_script(text in "[a-z'\"\\\\$(){}|&;#\n é=-]{0,60}") {
            for one in commands(&text) {
                for word in one.words {
                    prop_assert_eq!(text.get(word.range()), Some(word.text));
                    prop_assert!(word.bare().text.len() <= word.text.len());
                }
            }
        }
    }
}
