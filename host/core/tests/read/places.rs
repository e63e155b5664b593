//! Where values, keys and comments stand.

use plimsoll_core::read::{Encoding, Limits, Position, Skip, manifest};

use super::{json, node, read, written};

#[test]
fn every_style_has_its_place() {
    let text = "plain: a b  # c\nsingle: 'it''s' # d\ndouble: \"x\\\"y\"\t# e\nanchored: &x !!str  \"v\"\nempty:\nnext: ''\nlit: |- # f\n  one\n   two\n\nfold: &y >\n  three\n# g\nlong: \"a\n  b\"\n";
    let manifest = read(text);
    for (key, place) in [
        ("plain", "a b"),
        ("single", "'it''s'"),
        ("double", "\"x\\\"y\""),
        ("anchored", "\"v\""),
        ("empty", ""),
        ("next", "''"),
        ("lit", "one\n   two"),
        ("fold", "three"),
        ("long", "\"a\n  b\""),
    ] {
        assert_eq!(written(&manifest, &[key]), place, "{key}");
        let span = manifest.keys[node(&manifest, &[key]) as usize];
        assert_eq!(&text[span.start as usize..span.end as usize], key);
    }
    let empty = manifest.spans[node(&manifest, &["empty"]) as usize];
    assert_eq!(
        &text[..empty.start as usize],
        &text[..text.find("empty:").expect("there") + 6]
    );
    let comments: Vec<_> = manifest
        .comments
        .iter()
        .map(|comment| {
            (
                &text[comment.span.start as usize..comment.span.end as usize],
                comment.alone,
            )
        })
        .collect();
    assert_eq!(
        comments,
        [
            ("# c", false),
            ("# d", false),
            ("# e", false),
            ("# f", false),
            ("# g", true)
        ]
    );
}

#[test]
fn collections_reach_from_their_first_to_their_last() {
    let text = "a:\n- x: 1\n  z: [b, {c: d}] # e\n-   2\nf: {g: h}\nempty: []\n";
    let manifest = read(text);
    for (path, place) in [
        (&["a"][..], "- x: 1\n  z: [b, {c: d}] # e\n-   2"),
        (&["a", "0"], "x: 1\n  z: [b, {c: d}]"),
        (&["a", "0", "z"], "[b, {c: d}]"),
        (&["a", "0", "z", "1"], "{c: d}"),
        (&["a", "1"], "2"),
        (&["f"], "{g: h}"),
        (&["empty"], "[]"),
        (&[], text.trim_end()),
    ] {
        assert_eq!(written(&manifest, path), place);
    }
}

#[test]
fn comments_in_texts_are_none() {
    let manifest = read("a: 'x # y'\nb: |\n  # z\nc: x#y\nd: [\"#\", '#'] # real\n--- # lost\n# last\ne: 1");
    let comments: Vec<_> = manifest
        .comments
        .iter()
        .map(|comment| &manifest.text[comment.span.start as usize..comment.span.end as usize])
        .collect();
    assert_eq!(comments, ["# real", "# last"]);
}

#[test]
fn positions_count_characters() {
    let text = "ключ: значение\r\nb: 𝄞 # ü\r\n";
    let manifest = read(text);
    let at = |offset: usize| manifest.position(u32::try_from(offset).expect("small"));
    let place = |line, column| Position { line, column };
    assert_eq!(at(0), place(1, 1));
    assert_eq!(at(text.find("значение").expect("there")), place(1, 7));
    assert_eq!(at(text.find('#').expect("there")), place(2, 6));
    assert_eq!(at(text.len() + 100), place(3, 1));
    assert_eq!(written(&manifest, &["ключ"]), "значение");
    assert_eq!(&text[manifest.line(2)], "b: 𝄞 # ü");
    assert_eq!(&text[manifest.line(9)], "");
}

#[test]
fn offsets_in_the_stored_file() {
    let text = "a: 𝄞\nb: 1\n";
    let (b, utf16) = (text.find('b').expect("there"), "a: 𝄞\n".encode_utf16().count());
    let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    let mut little = vec![0xFF, 0xFE];
    little.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let mut big = vec![0xFE, 0xFF];
    big.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    for (bytes, encoding, stored) in [
        (text.as_bytes(), Encoding::Utf8, b),
        (&marked, Encoding::Utf8Bom, b + 3),
        (&little, Encoding::Utf16Le, 2 + 2 * utf16),
        (&big, Encoding::Utf16Be, 2 + 2 * utf16),
    ] {
        let read = manifest("x", bytes, &Limits::default());
        assert_eq!(read.encoding, encoding);
        assert_eq!(read.stored_offset(u32::try_from(b).expect("small")), stored as u64);
        assert_eq!(json(&read).len(), 1);
    }
}

#[test]
fn errors_have_a_place_and_no_text() {
    let manifest = read("a: 1\nsecret: [x\nb: 2\n");
    let failure = &manifest.failures[0];
    assert_eq!(manifest.position(failure.span.start).line, 3);
    assert!(!failure.error.to_string().contains("secret"));
    assert_eq!(manifest.skipped, None::<Skip>);
}
