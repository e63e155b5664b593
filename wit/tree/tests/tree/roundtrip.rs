//! What is written is read; what is joined is what was apart.

use plimsoll_tree::write::{NewScope, Part, Scalar, Workers, Writer};
use plimsoll_tree::{Flags, Kind, NONE, Object, ObjectFlags, Role, Symbol, Tree, UNKNOWN, word};
use proptest::prelude::*;

use crate::model::{self, Item, Value};

/// A thread for everything, as far from an order as can be.
struct Threads;

impl Workers for Threads {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for number in (0..count).rev() {
                scope.spawn(move || work(number));
            }
        });
    }
}

proptest! {
    #[test]
    fn reads_what_was_written(roots in model::roots()) {
        let words = model::part(&roots).to_tree().unwrap();
        let tree = Tree::read(&words).unwrap();
        prop_assert_eq!(model::read_roots(&tree, 0, tree.nodes()), roots);
    }

    #[test]
    fn threads_join_to_the_same(files in prop::collection::vec(model::roots(), 0..40)) {
        let parts: Vec<Part> = files.iter().map(|roots| model::part(roots)).collect();
        let mut one = Writer::new();
        let offsets: Vec<u32> = parts.iter().map(|part| one.append(part)).collect();
        let mut many = Writer::new();
        let (early, late) = parts.split_at(parts.len() / 3);
        let mut others = many.append_all(&early.iter().collect::<Vec<_>>(), &Threads);
        others.extend(many.append_all(&late.iter().collect::<Vec<_>>(), &Threads));
        prop_assert_eq!(offsets, others);
        prop_assert_eq!(one.intern("labels of another file"), many.intern("labels of another file"));
        prop_assert_eq!(one.finish().unwrap(), many.finish_with(&Threads).unwrap());
    }

    #[test]
    fn joins_to_what_was_apart(files in prop::collection::vec(model::roots(), 0..6)) {
        let parts: Vec<Part> = files.iter().map(|roots| model::part(roots)).collect();
        let mut writer = Writer::new();
        // What the whole knew before must not matter.
        writer.intern("labels of another file");
        let offsets: Vec<u32> = parts.iter().map(|part| writer.append(part)).collect();
        let len = writer.len();
        let words = writer.finish().unwrap();
        let tree = Tree::read(&words).unwrap();
        prop_assert_eq!(tree.nodes(), len);
        let ends = offsets.iter().copied().skip(1).chain([len]);
        for ((mut roots, from), to) in files.clone().into_iter().zip(offsets.clone()).zip(ends) {
            for root in &mut roots {
                root.each(&mut |item| item.id += from);
            }
            prop_assert_eq!(model::read_roots(&tree, from, to), roots);
        }
        // Each text once.
        let mut texts: Vec<&str> = (0..tree.symbols()).map(|symbol| tree.text(Symbol(symbol))).collect();
        texts.sort_unstable();
        prop_assert!(texts.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn finds_members_and_symbols(mut root in model::item(), wanted in model::any_key()) {
        model::number(std::slice::from_mut(&mut root));
        let words = model::part(std::slice::from_ref(&root)).to_tree().unwrap();
        let tree = Tree::read(&words).unwrap();
        let symbol = tree.find(&wanted);
        prop_assert_eq!(symbol.map(|symbol| tree.text(symbol)), symbol.map(|_| wanted.as_str()));
        let found = symbol.and_then(|symbol| tree.get(0, symbol)).map(|node| model::read(&tree, node).value);
        let expected = match root.value {
            Value::Map(members) => members.into_iter().find(|(key, _)| *key == wanted).map(|(_, item)| item.value),
            _ => None,
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn writes_json_as_serde_does(root in model::item()) {
        let words = model::part(std::slice::from_ref(&root)).to_tree().unwrap();
        let tree = Tree::read(&words).unwrap();
        let nodes = root.preorder();
        for (index, item) in (0..).zip(nodes) {
            let expected = serde_json::to_string(&item.json()).unwrap();
            prop_assert_eq!(&tree.json(index), &expected);
            let mut out = String::from("kept");
            prop_assert!(tree.write_json_within(index, &mut out, expected.len()));
            prop_assert_eq!(&out[4..], &expected);
            out.truncate(4);
            prop_assert!(!tree.write_json_within(index, &mut out, expected.len() - 1));
            prop_assert_eq!(out, "kept");
        }
    }
}

#[test]
fn json_has_no_infinities_and_all_escapes() {
    let mut part = Part::new();
    part.open(Kind::Sequence, None, Flags::default());
    for value in [f64::NAN, f64::INFINITY, -0.0, 1e300, 1e16, 1e15, 1e-4, 123_456.75] {
        part.scalar(None, Flags::default(), Scalar::Float(value));
    }
    part.scalar(
        None,
        Flags::default(),
        Scalar::Text("\0\u{8}\t\n\u{c}\r\u{1b}\"\\/\u{7f}é\u{2028}"),
    );
    part.close();
    let words = part.to_tree().unwrap();
    assert_eq!(
        Tree::read(&words).unwrap().json(0),
        "[null,null,-0.0,1e+300,1e+16,1000000000000000.0,0.0001,123456.75,\
         \"\\u0000\\b\\t\\n\\f\\r\\u001b\\\"\\\\/\u{7f}é\u{2028}\"]"
    );
}

#[test]
fn json_numbers_of_all_sizes() {
    let numbers: Vec<f64> = (-30..30).map(|power| 1.25 * 10_f64.powi(power)).collect();
    let items = numbers
        .iter()
        .map(|&number| Item::new(Value::Float(number), 0, 0))
        .collect();
    let words = model::part(&[Item::new(Value::Sequence(items), 0, 0)])
        .to_tree()
        .unwrap();
    let json = Tree::read(&words).unwrap().json(0);
    assert_eq!(json, serde_json::to_string(&numbers).unwrap());
}

#[test]
fn objects_scopes_and_facts_come_back() {
    let mut part = Part::new();
    part.open(Kind::Map, None, Flags::default());
    part.scalar(Some(word!("kind")), Flags::default(), Scalar::Text("Service"));
    part.close();
    let mut writer = Writer::new();
    let root = writer.append(&part);
    let facts = writer.append(&part);
    writer.facts(facts);
    let scope = writer.scope(NewScope::default());
    let inner = writer.scope(NewScope {
        parent: Some(scope),
        path: "shop".to_owned(),
        closed: true,
        list: vec![3, 0, 3],
    });
    let object = Object {
        root,
        end: root + 2,
        flags: ObjectFlags::COARSE.with(ObjectFlags::PATCH).with_role(Role::Previous),
        file: writer.intern("shop/web.yaml"),
        scope: inner,
        document: 4,
        group: Symbol(0),
        version: writer.intern("v1"),
        kind: word!("Service"),
        namespace: UNKNOWN,
        name: writer.intern("web"),
        owner: 0,
    };
    assert_eq!(writer.object(object), 0);
    assert_eq!(writer.object(Object { owner: 7, ..object }), 1);
    let words = writer.finish().unwrap();
    let tree = Tree::read(&words).unwrap();
    assert_eq!((tree.objects(), tree.scopes(), tree.facts()), (2, 2, Some(facts)));
    assert_eq!(tree.object(0), Some(object));
    assert_eq!(tree.object(0).unwrap().namespace(), None);
    assert_eq!(tree.object(0).unwrap().flags.role(), Role::Previous);
    assert_eq!(tree.object(1).unwrap().owner, NONE, "no such object");
    assert_eq!(tree.object(2), None);
    let (outer, inner) = (tree.scope(0).unwrap(), tree.scope(1).unwrap());
    assert_eq!(
        (outer.parent, outer.depth, outer.closed, outer.list),
        (NONE, 0, false, &[][..])
    );
    assert_eq!(
        (inner.parent, inner.depth, inner.closed, inner.list),
        (0, 1, true, &[0, 3][..])
    );
    assert_eq!(tree.text(inner.path), "shop");
}

#[test]
fn what_is_left_open_ends_with_its_part() {
    let mut part = Part::new();
    part.open(Kind::Sequence, None, Flags::default());
    part.open(Kind::Sequence, None, Flags::default());
    part.scalar(None, Flags::default(), Scalar::Bool(true));
    let words = part.to_tree().unwrap();
    assert_eq!(Tree::read(&words).unwrap().json(0), "[[true]]");
}

#[test]
fn deep_trees_take_no_stack() {
    let depth = 200_000;
    let mut part = Part::new();
    for _ in 0..depth {
        part.open(Kind::Sequence, None, Flags::default());
    }
    while part.close().is_some() {}
    let words = part.to_tree().unwrap();
    let json = Tree::read(&words).unwrap().json(0);
    assert_eq!(json, "[".repeat(depth) + &"]".repeat(depth));
}

#[test]
fn truncates_to_what_was_before() {
    let item = Item::new(Value::Text("kept".to_owned()), 0, 0);
    let mut part = model::part(std::slice::from_ref(&item));
    let len = part.len();
    part.open(Kind::Map, None, Flags::default());
    let key = part.intern("a");
    let node = part.scalar(Some(key), Flags::default(), Scalar::Bool(true));
    part.set_original(node, "yes");
    part.truncate(len);
    assert_eq!(part.close(), None);
    let words = part.to_tree().unwrap();
    let tree = Tree::read(&words).unwrap();
    assert_eq!(model::read_roots(&tree, 0, tree.nodes()), [item]);
}
