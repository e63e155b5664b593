//! FORMAT.md holds a tree word by word: it is what the writer makes and what the reader reads.

use std::collections::HashMap;

use plimsoll_tree::write::{NewScope, Part, Scalar, Writer};
use plimsoll_tree::{Flags, Kind, NONE, Object, ObjectFlags, Symbol, Tree, vocabulary, word};

const FORMAT: &str = include_str!("../../FORMAT.md");

/// The block of FORMAT.md after "A tree to test with" that is fenced as text.
fn listing() -> &'static str {
    let part = FORMAT.split_once("## A tree to test with").unwrap().1;
    part.split_once("```text\n").unwrap().1.split_once("```").unwrap().0
}

/// The value of sums of products of numbers and names.
fn value(expression: &str, names: &HashMap<&str, u32>) -> u32 {
    let atom = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
        None => names.get(text).copied().unwrap_or_else(|| text.parse().unwrap()),
    };
    expression
        .split('+')
        .map(|product| product.split('*').map(atom).product::<u32>())
        .sum()
}

/// The words that FORMAT.md lists, for the vocabulary of this build.
fn listed() -> Vec<u32> {
    let fixed: Vec<&str> = std::iter::once("").chain(vocabulary::words()).collect();
    let bytes: usize = fixed.iter().map(|text| text.len()).sum();
    let own = listing().lines().find(|line| line.starts_with("text")).unwrap();
    let own: String = own.split('"').skip(1).step_by(2).collect();
    let names = HashMap::from([
        ("V", vocabulary::SIZE),
        ("T", u32::try_from(bytes).unwrap()),
        ("W", u32::try_from((bytes + own.len()).div_ceil(4)).unwrap()),
    ]);
    let mut words = Vec::new();
    for line in listing().lines() {
        let line = line.split('#').next().unwrap();
        let is_text = line.starts_with("text");
        // A line that is indented goes on with the section before.
        let rest = if line.starts_with(' ') {
            line
        } else {
            line.split_once(' ').unwrap_or_default().1
        };
        if is_text {
            let mut text = (fixed.concat() + &own).into_bytes();
            text.resize(text.len().next_multiple_of(4), 0);
            words.extend(
                text.chunks(4)
                    .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())),
            );
            continue;
        }
        for word in rest.split_whitespace() {
            if word == "…" {
                let mut offset = 0;
                for text in &fixed {
                    let length = u32::try_from(text.len()).unwrap();
                    words.extend([offset, length]);
                    offset += length;
                }
            } else {
                words.push(value(word, &names));
            }
        }
    }
    words
}

fn written() -> Vec<u32> {
    let plain = Flags::default();
    let mut part = Part::new();
    part.open(Kind::Map, None, plain);
    part.scalar(Some(word!("apiVersion")), plain, Scalar::Text("v1"));
    part.scalar(Some(word!("kind")), plain, Scalar::Text("Service"));
    part.open(Kind::Map, Some(word!("metadata")), plain);
    part.scalar(Some(word!("name")), plain, Scalar::Text("web-7"));
    part.close();
    part.open(Kind::Map, Some(word!("spec")), plain);
    let replicas = part.scalar(Some(word!("replicas")), plain, Scalar::Integer(511));
    part.set_original(replicas, "0777");
    part.scalar(Some(word!("data")), plain, Scalar::Float(1.5));
    part.open(Kind::Sequence, Some(word!("values")), plain);
    part.scalar(None, plain, Scalar::Text("web-7"));
    part.scalar(None, plain, Scalar::Null);
    part.scalar(None, plain, Scalar::Bool(true));
    part.scalar(None, plain, Scalar::Integer(-2));
    part.close();
    part.scalar(Some(word!("selector")), Flags::NOT_FINAL, Scalar::Text("${SHOP}"));
    part.close();
    part.close();

    let mut facts = Part::new();
    facts.open(Kind::Map, None, plain);
    facts.scalar(Some(word!("namespace")), plain, Scalar::Text("shop-7"));
    facts.close();

    let mut writer = Writer::new();
    let root = writer.append(&part);
    let end = writer.len();
    let facts = writer.append(&facts);
    writer.facts(facts);
    let object = Object {
        root,
        end,
        flags: ObjectFlags::default(),
        file: writer.intern("shop/web.yaml"),
        scope: 1,
        document: 0,
        group: Symbol(0),
        version: word!("v1"),
        kind: word!("Service"),
        namespace: writer.intern("shop-7").0,
        name: writer.intern("web-7"),
        owner: NONE,
    };
    writer.object(object);
    let root = writer.scope(NewScope {
        closed: true,
        list: vec![1],
        ..NewScope::default()
    });
    writer.scope(NewScope {
        parent: Some(root),
        path: "shop".to_owned(),
        list: vec![7],
        ..NewScope::default()
    });
    writer.finish().unwrap()
}

#[test]
fn the_writer_makes_the_listed_tree() {
    assert_eq!(written(), listed());
}

#[test]
fn the_reader_reads_the_listed_tree() {
    let words = listed();
    let tree = Tree::read(&words).unwrap();
    assert_eq!((tree.objects(), tree.nodes(), tree.scopes()), (1, 16, 2));
    let object = tree.object(0).unwrap();
    assert_eq!(
        tree.json(object.root),
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web-7"},"spec":{"replicas":511,"data":1.5,"values":["web-7",null,true,-2],"selector":"${SHOP}"}}"#
    );
    assert_eq!(tree.original(6), Some("0777"));
    assert_eq!(tree.node(13).unwrap().flags, Flags::NOT_FINAL);
    assert_eq!(tree.text(object.file), "shop/web.yaml");
    assert_eq!(object.namespace().map(|namespace| tree.text(namespace)), Some("shop-7"));
    assert_eq!(
        tree.facts().map(|facts| tree.json(facts)).as_deref(),
        Some(r#"{"namespace":"shop-7"}"#)
    );
    assert_eq!(
        tree.scope(1).map(|scope| (scope.parent, scope.depth, scope.list)),
        Some((0, 1, &[7][..]))
    );
    assert!(tree.sees(0, 1) && tree.sees(1, 0));
}

/// The tables of FORMAT.md name the constants of this crate.
#[test]
fn numbers_are_those_of_the_text() {
    for line in [
        format!("# The flat tree, layout {}", plimsoll_tree::VERSION),
        format!("## Header, {} words", plimsoll_tree::HEADER_WORDS),
        format!("| 0 | `{:#X}`, the bytes `PLIM` |", plimsoll_tree::MAGIC).replace("0X", "0x"),
    ] {
        assert!(FORMAT.contains(&line), "{line}");
    }
    let flags = [
        (Flags::ORIGINAL, "original"),
        (Flags::ALIAS, "alias"),
        (Flags::NOT_FINAL, "not final"),
    ];
    for (flag, name) in flags {
        assert!(FORMAT.contains(&format!("| {} | {name} |", flag.0)), "{name}");
    }
    let flags = [
        (ObjectFlags::PATCH, "patch"),
        (ObjectFlags::COARSE, "coarse"),
        (ObjectFlags::AMBIGUOUS, "ambiguous"),
        (ObjectFlags::RENDERED, "rendered"),
    ];
    for (flag, name) in flags {
        assert!(
            FORMAT.contains(&format!("| {} | {name} |", flag.0.trailing_zeros())),
            "{name}"
        );
    }
}
