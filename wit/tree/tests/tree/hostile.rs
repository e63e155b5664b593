//! Any buffer at all: no panic, nothing out of bounds, no walk without end.

use plimsoll_tree::write::{NewScope, Writer};
use plimsoll_tree::{FormatError, HEADER_WORDS, NONE, Object, ObjectFlags, Symbol, Tree, VERSION, vocabulary};
use proptest::prelude::*;

use crate::model;
use crate::probe::{frame, touch};

/// Small numbers, which are indices, more often than large ones.
fn any_word() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0_u32..64,
        1 => 0_u32..4096,
        2 => (0_u32..0x10000, 0_u32..0x100).prop_map(|(key, kind)| key << 8 | kind),
        1 => any::<u32>(),
        1 => Just(NONE),
    ]
}

/// A tree with a little of everything.
fn valid(files: &[Vec<model::Item>]) -> Vec<u32> {
    let parts: Vec<_> = files.iter().map(|roots| model::part(roots)).collect();
    let mut writer = Writer::new();
    for (index, part) in (0_u32..).zip(&parts) {
        let root = writer.append(part);
        let scope = writer.scope(NewScope {
            parent: index.checked_sub(1).map(|before| before / 2),
            path: format!("{index}"),
            closed: index % 5 == 4,
            list: vec![index % 3, 3],
        });
        let name = writer.intern("name");
        writer.object(Object {
            root,
            end: writer.len(),
            flags: ObjectFlags::default(),
            file: name,
            scope,
            document: 0,
            group: Symbol(0),
            version: Symbol(0),
            kind: name,
            namespace: name.0,
            name,
            owner: NONE,
        });
    }
    writer.facts(0);
    writer.finish().unwrap()
}

proptest! {
    #[test]
    fn any_words(words in prop::collection::vec(any_word(), 0..200)) {
        touch(&words);
    }

    #[test]
    fn any_words_in_a_frame(words in prop::collection::vec(any_word(), 30..200), count in 0_usize..1500) {
        let mut words: Vec<u32> = words.into_iter().cycle().take(count).collect();
        frame(&mut words);
        prop_assert!(Tree::read(&words).is_ok());
        touch(&words);
    }

    #[test]
    fn flipped_words(
        files in prop::collection::vec(model::roots(), 0..8),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any_word()), 1..16),
        framed in any::<bool>(),
    ) {
        let mut words = valid(&files);
        touch(&words);
        // The vocabulary is most of so small a tree, and changing it changes little.
        let (symbols, text) = (words[10] as usize, words[20] as usize);
        let places: Vec<usize> = (0..words.len())
            .filter(|at| !(symbols..symbols + 2 * vocabulary::SIZE as usize).contains(at) && *at < text)
            .collect();
        for (at, word) in flips {
            words[places[at.index(places.len())]] = word;
        }
        if framed {
            frame(&mut words);
        }
        touch(&words);
    }
}

#[test]
fn refuses_what_is_no_tree() {
    let words = valid(&[]);
    assert!(Tree::read(&words).is_ok());
    let error = |change: &dyn Fn(&mut Vec<u32>)| {
        let mut words = words.clone();
        change(&mut words);
        Tree::read(&words).unwrap_err()
    };
    assert_eq!(Tree::read(&[]).unwrap_err(), FormatError::Malformed);
    assert_eq!(
        error(&|words| words.truncate(HEADER_WORDS as usize - 1)),
        FormatError::Malformed
    );
    assert_eq!(error(&|words| words[0] = 0), FormatError::Malformed);
    assert_eq!(
        error(&|words| words[1] = VERSION + 1),
        FormatError::Version(VERSION + 1)
    );
    assert_eq!(error(&|words| words[2] += 1), FormatError::Malformed);
    assert_eq!(error(&|words| words.push(0)), FormatError::Malformed);
    assert_eq!(error(&|words| words[4] = vocabulary::SIZE - 1), FormatError::HostTooOld);
    assert_eq!(
        error(&|words| words[4] = words[11] + 1),
        FormatError::Malformed,
        "fewer symbols than said"
    );
    for section in 0..8 {
        assert_eq!(
            error(&|words| words[6 + 2 * section] = u32::MAX),
            FormatError::Malformed
        );
        assert_eq!(
            error(&|words| words[7 + 2 * section] = u32::MAX),
            FormatError::Malformed
        );
    }
}
