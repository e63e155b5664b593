use std::cell::RefCell;

use proptest::prelude::*;

use crate::read::builder::Builder;
use crate::read::yaml::{Loader, load_as};
use crate::read::{Limits, decode};

/// What reading made, as a text to compare.
fn made(builder: &mut Builder<'_>, comments: &[crate::read::Comment]) -> String {
    let root = builder.finish();
    let nodes: Vec<_> = (0..builder.part.len())
        .map(|node| {
            let key = builder.part.key(node).map(|key| builder.part.text(key).to_owned());
            (
                builder.part.kind(node),
                builder.part.flags(node),
                key,
                builder.part.string(node).map(str::to_owned),
                builder.part.end(node),
            )
        })
        .collect();
    let words = builder.part.to_tree().expect("small");
    let tree = plimsoll_tree::Tree::read(&words).expect("well-formed");
    let json = root.map(|root| tree.json(root));
    let (spans, keys, remarks) = (&builder.spans, &builder.keys, &builder.remarks);
    format!("{root:?}\n{nodes:?}\n{json:?}\n{spans:?}\n{keys:?}\n{remarks:?}\n{comments:?}")
}

/// Whether the text is read here; then it must be read as the parser reads it.
fn agrees(text: &str) -> bool {
    let limits = Limits::default();
    let place = (0, text.len());
    let mut comments = Vec::new();
    let mut builder = Builder::new(&limits, text.len());
    let read = super::read(&mut Loader::new(
        text,
        text.is_ascii(),
        place,
        &mut builder,
        &mut comments,
    ));
    if read.is_err() {
        return false;
    }
    let ours = made(&mut builder, &comments);
    let mut comments = Vec::new();
    let mut builder = Builder::new(&limits, text.len());
    let parsed = if text.is_ascii() {
        load_as::<true>(text, place, &limits, &mut builder, &mut comments)
    } else {
        load_as::<false>(text, place, &limits, &mut builder, &mut comments)
    };
    assert!(parsed.is_ok(), "the parser refuses {text:?}: {parsed:?}");
    // It has finished the document, so that this only looks at it.
    let theirs = made(&mut builder, &comments);
    assert_eq!(ours, theirs, "{text:?}");
    true
}

#[test]
fn what_manifests_are_made_of_is_read_here() {
    for text in [
        "apiVersion: v1\nkind: Pod # what\nmetadata:\n  name: web\n  labels: {app: web, tier: 'front'}\n",
        "---\na:\n- b: 1\n  c: [x, \"y\", {z: -1}]\n- d:\n-\ng:\n  - - e\n    - f\n",
        "a: |\n  one\n\n   two\n  three\n\n\nb: >-\n  four\n  five\n\n  six\nc: |+\n  x\n\n# d\n",
        "a: one\n  two\n\n  three # no more\nb: \"four\n  five\\n \n\n  six \"\nc: 'it''s'\n",
        "a:\n  b\nc:\n  - d\n\"e f\" : g\n'h': ~\n",
        "é: ü—𝄞 # ö\nb: |\n  ключ\n",
        "  a: b\n  c:\n    - d: e\n      f:\n    # g\n    - h\n",
        "url: http://example.com:80/#x\na: -1\nb: a,b]c\n",
        "a: |\nb: c\n",
        "a:\n- {}\nb:\n- - c\n  - d\ne:\n- --f\n- [g]\n",
    ] {
        assert!(agrees(text), "{text:?}");
    }
}

#[test]
fn what_is_rare_or_wrong_is_left_to_the_parser() {
    for text in [
        "a: &b c\n",
        "a: *b\n",
        "a: !!str 1\n",
        "? a\n: b\n",
        "a: b: c\n",
        "a: b\n c: d\n",
        "a: b\n\tc: d\n",
        "a: [b,\n  c]\n",
        "a: {b}\n",
        "a: {b: c,}\n",
        "a: {{ b }}\n",
        "a: |2\n  b\n",
        "a: | # b\n  c\n",
        "a: \"\\x41\"\n",
        "a: b\r\n",
        "a: - b\n",
        "a: b # c\n  d\n",
        "a\n",
        "- a\nb: c\n",
        "a:\n  - b\n - c\n",
        "a: 'b' c\n",
        "a: 'b'#c\n",
        "...\n",
        "%YAML 1.2\n---\na: b\n",
        "a: |\n   \n  b\n",
        "a: \"b\nc\"\n",
        "# nothing\n",
    ] {
        assert!(!agrees(text), "{text:?}");
    }
}

/// Pieces that lines are made of.
const PIECES: [&str; 64] = [
    "a",
    "b",
    "c d",
    "é",
    "1",
    "~",
    "-",
    "- ",
    ": ",
    ":",
    " ",
    "  ",
    "   ",
    "#",
    " # x",
    "'",
    "\"",
    "''",
    "\\n",
    "\\\\",
    "\\\"",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "|",
    ">",
    "|-",
    ">+",
    "|+",
    ">-",
    "a: ",
    "b:",
    "- a: ",
    "- - ",
    "a: |",
    "b: >",
    "c: 'x'",
    "d: \"y z\"",
    "e: [a, b]",
    "f: {a: b}",
    "a: b",
    "- b",
    "-1",
    "a: -",
    "&",
    "*",
    "!",
    "%",
    "?",
    "? ",
    "@",
    "`",
    "---",
    "...",
    "\t",
    "http://x:1",
    "<<: ",
    "x#y",
    "\u{2028}",
    "=",
];

fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(&PIECES[..]);
    (0_usize..5, prop::collection::vec(piece, 0..4)).prop_map(|(indent, pieces)| " ".repeat(indent) + &pieces.concat())
}

/// Lines as they are in manifests.
fn usual() -> impl Strategy<Value = String> {
    const LINES: [&str; 25] = [
        "a:",
        "b: c",
        "- d",
        "- e: f",
        "-",
        "g: |",
        "h: >-",
        "text",
        "two words",
        "i: 'j",
        "k'",
        "l: \"m",
        "n\"",
        "# o",
        "",
        "p: [q, r]",
        "s: t # u",
        "- v:",
        "- - w",
        "x: |+",
        "y: {}",
        "- |",
        "- {}",
        "- [z]",
        "- --a",
    ];
    (0_usize..4, prop::sample::select(&LINES[..])).prop_map(|(indent, line)| " ".repeat(indent) + line)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_reads_as_the_parser_does_or_not_at_all(lines in prop::collection::vec(line(), 1..6)) {
        let text = lines.join("\n") + "\n";
        if decode::control(&text).is_none() {
            agrees(&text);
        }
    }

    #[test]
    fn it_reads_usual_lines_as_the_parser_does(lines in prop::collection::vec(usual(), 1..9)) {
        agrees(&(lines.join("\n") + "\n"));
    }
}

#[test]
fn usual_lines_are_often_read_here() {
    let (read, all) = (RefCell::new(0), RefCell::new(0));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    runner
        .run(&prop::collection::vec(usual(), 1..4), |lines| {
            *all.borrow_mut() += 1;
            *read.borrow_mut() += u32::from(agrees(&(lines.join("\n") + "\n")));
            Ok(())
        })
        .expect("no case fails");
    assert!(*read.borrow() * 10 > *all.borrow(), "{read:?} of {all:?}");
}
