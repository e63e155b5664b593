//! The vocabulary is what `vocabulary.txt` says.

use plimsoll_tree::{Symbol, Tree, vocabulary, word, write::Part};

#[test]
fn lines_are_symbols() {
    assert!(vocabulary::TEXT.ends_with('\n'));
    assert_eq!(vocabulary::words().count() + 1, vocabulary::SIZE as usize);
    let mut part = Part::new();
    for (symbol, text) in (1..).zip(vocabulary::words()) {
        assert!(!text.is_empty() && text.trim() == text, "line {symbol}: `{text}`");
        assert_eq!(part.intern(text), Symbol(symbol), "`{text}` stands twice");
        assert_eq!(part.text(Symbol(symbol)), text);
    }
    assert_eq!(part.intern(""), Symbol(0));
    assert_eq!(part.intern("no word of it"), Symbol(vocabulary::SIZE));
    assert_eq!(part.text(Symbol(vocabulary::SIZE + 1)), "", "no such symbol");
    let words = part.to_tree().unwrap();
    let tree = Tree::read(&words).unwrap();
    for (symbol, text) in (1..).zip(vocabulary::words()) {
        assert_eq!(tree.text(Symbol(symbol)), text);
    }
}

/// The file is appended to and never changed otherwise: policies are built with these numbers.
#[test]
fn early_words_keep_their_numbers() {
    let kept = [
        word!("apiVersion"),
        word!("kind"),
        word!("spec"),
        word!("selector"),
        word!("replicas"),
    ];
    assert_eq!(kept, [1, 2, 10, 19, 30].map(Symbol));
    assert_eq!((word!("Service"), word!("v1")), (Symbol(145), Symbol(185)));
}
