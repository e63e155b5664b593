//! Random edits of random documents in every style: the text that comes of them is read as what they say.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::edit::{Editor, Taken};
use plimsoll_core::policy::{Edit, Place};
use plimsoll_core::read::{Limits, manifest};
use plimsoll_tree::{Kind, Tree};
use proptest::prelude::*;
use serde_json::{Value, json};

const HEAD: &str = "apiVersion: v1\nkind: Test\n";

fn bundle(text: &str) -> Bundle {
    let read = manifest("a.yaml", text.as_bytes(), &Limits::default());
    Bundle::build(vec![read], &Options::default()).expect("small")
}

/// A document of random maps, sequences and scalars, in block style or brackets, with comments.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i16>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|flag| json!(flag)),
        "[a-zA-Z0-9 :#'\"{},-]{0,8}"
            // What is filled in later, and what looks like the comments that are counted.
            .prop_filter("final", |text| !["#{", "{{", "# "]
                .iter()
                .any(|part| text.contains(part)))
            .prop_map(|text| json!(text)),
        Just(json!({})),
        Just(json!([])),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
            prop::collection::vec(("[a-e]", inner), 1..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Writes a value as people do; `seed` decides the style.
fn written(value: &Value, column: usize, seed: &mut u64, comments: bool, out: &mut String) {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let dice = (*seed >> 33) % 6;
    let line = |out: &mut String| {
        if comments && dice == 1 {
            out.push_str(" # note");
        }
        out.push('\n');
    };
    match value {
        Value::Object(members) if !members.is_empty() && dice > 0 => {
            line(out);
            for (key, value) in members {
                if comments && dice == 2 {
                    out.push_str(&format!("{}# about {key}\n", " ".repeat(column)));
                }
                out.push_str(&format!("{}{key}:", " ".repeat(column)));
                written(value, column + 2, seed, comments, out);
            }
        }
        Value::Array(items) if !items.is_empty() && dice > 0 => {
            line(out);
            for item in items {
                out.push_str(&format!("{}-", " ".repeat(column)));
                written(item, column + 2, seed, comments, out);
            }
        }
        Value::String(text) if dice == 3 && !text.contains('\'') => {
            out.push_str(&format!(" '{text}'"));
            line(out);
        }
        other => {
            out.push(' ');
            out.push_str(&other.to_string());
            line(out);
        }
    }
}

/// How a document is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Commented,
    Bare,
    Windows,
    Compact,
    Pretty,
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Commented),
        Just(Form::Bare),
        Just(Form::Windows),
        Just(Form::Compact),
        Just(Form::Pretty),
    ]
}

fn document(value: &Value, mut seed: u64, form: Form) -> String {
    let whole = json!({"apiVersion": "v1", "kind": "Test", "spec": value});
    match form {
        Form::Compact => whole.to_string(),
        Form::Pretty => format!("{whole:#}\n"),
        Form::Commented | Form::Bare | Form::Windows => {
            let mut text = format!("{HEAD}spec:");
            written(value, 2, &mut seed, form == Form::Commented, &mut text);
            if form == Form::Windows {
                text = text.replace('\n', "\r\n");
            }
            text
        }
    }
}

/// An edit of a node; none that makes no sense there.
fn edit(tree: Tree<'_>, root: u32, at: u32, what: u8, new: &Value) -> Option<Edit> {
    let place = Place::Node(at);
    let node = tree.node(at)?;
    let value = new.to_string();
    Some(match (what, node.kind) {
        (0, _) => Edit::Set { at: place, value },
        (1, _) if at != root => Edit::Remove(place),
        (2, _) if at != root && node.key.is_some() => Edit::Rename {
            at: place,
            key: "zz".to_owned(),
        },
        (3, Kind::Map) => Edit::Insert {
            into: place,
            key: "new".to_owned(),
            value,
        },
        (3, Kind::Sequence) => Edit::Insert {
            into: place,
            key: "-".to_owned(),
            value,
        },
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn random_edits_do_what_they_say(
        value in tree(),
        seed in any::<u64>(),
        form in form(),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, tree()), 1..4),
    ) {
        let text = document(&value, seed, form);
        let bundle = bundle(&text);
        prop_assume!(bundle.tree().objects() > 0);
        let tree = bundle.tree();
        let root = bundle.resolve(0, "/spec").expect("there");
        let mut editor = Editor::new(&bundle);
        let mut wanted = Vec::new();
        for (number, (pick, what, new)) in picks.into_iter().enumerate() {
            let nodes: Vec<u32> = (root..tree.end(root)).collect();
            let at = nodes[pick.index(nodes.len())];
            let Some(edit) = edit(tree, root, at, what, &new) else {
                continue;
            };
            let taken = editor.take(std::slice::from_ref(&edit));
            // Only a comment that would be lost stands in the way of a single edit.
            prop_assert!(
                taken == Taken::Taken || number > 0 || form == Form::Commented,
                "{:?} of {:?} in {}", edit, tree.json(at), text
            );
            if taken == Taken::Taken {
                wanted.push((at, edit));
            }
        }
        let texts = editor.texts();
        prop_assert_eq!(texts.is_empty(), wanted.is_empty());
        if let Some(after) = texts.get(&0) {
            // Independent of the editor's own check.
            let read = self::bundle(after);
            let now = read.tree();
            let found: Option<Value> = serde_json::from_str(&now.json(read.resolve(0, "/spec").expect("still there"))).ok();
            prop_assert_eq!(found, changed(tree, root, &wanted));
            prop_assert!(form != Form::Windows || !after.replace("\r\n", "").contains('\n'), "{:?}", after);
            prop_assert!(form == Form::Windows || !after.contains('\r'), "{:?}", after);
            let notes = |text: &str| text.matches("# ").count();
            let removes = wanted.iter().any(|(_, edit)| matches!(edit, Edit::Remove(_)));
            prop_assert!(removes || form != Form::Commented || notes(after) >= notes(&text));
        }
    }

    #[test]
    fn one_scalar_changes_one_line(value in tree(), seed in any::<u64>(), form in form(), pick in any::<prop::sample::Index>()) {
        let text = document(&value, seed, form);
        let bundle = bundle(&text);
        let tree = bundle.tree();
        let root = bundle.resolve(0, "/spec").expect("there");
        let holds = |node: u32| matches!(tree.node(node).expect("there").kind, Kind::Map | Kind::Sequence);
        let scalars: Vec<u32> = (root..tree.end(root)).filter(|&node| !holds(node)).collect();
        if scalars.is_empty() {
            return Ok(());
        }
        let at = Place::Node(scalars[pick.index(scalars.len())]);
        let mut editor = Editor::new(&bundle);
        let taken = editor.take(&[Edit::Set { at, value: "\"changed\"".to_owned() }]);
        prop_assert_eq!(taken, Taken::Taken, "{}", text);
        let after = &editor.texts()[&0];
        let differing = text.split('\n').zip(after.split('\n')).filter(|(a, b)| a != b).count();
        prop_assert_eq!((text.split('\n').count(), differing), (after.split('\n').count(), 1));
    }

    #[test]
    fn no_text_panics(text in "[a-c:\\-#&*|>'\"\\[\\]{},! \\n\t]{0,60}", pick in any::<prop::sample::Index>(), what in 0..4_u8) {
        let bundle = bundle(&format!("{HEAD}spec:\n{text}"));
        let tree = bundle.tree();
        prop_assume!(tree.nodes() > 0);
        let at = u32::try_from(pick.index(tree.nodes() as usize)).expect("few");
        if let Some(edit) = edit(tree, 0, at, what, &json!({"a": [1]})) {
            let mut editor = Editor::new(&bundle);
            let taken = editor.take(std::slice::from_ref(&edit));
            prop_assert_eq!(taken == Taken::Taken, !editor.texts().is_empty());
        }
    }
}

/// A node's value with edits made in it.
fn changed(tree: Tree<'_>, node: u32, edits: &[(u32, Edit)]) -> Option<Value> {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let here = || edits.iter().filter(move |(at, _)| *at == node).map(|(_, edit)| edit);
    let set = here().find_map(|edit| match edit {
        Edit::Set { value, .. } => read(value),
        _ => None,
    });
    if set.is_some() {
        return set;
    }
    let mut value: Value = match tree.node(node)?.kind {
        Kind::Map => {
            let mut map = serde_json::Map::new();
            for child in tree.children(node) {
                let of = |wanted: fn(&Edit) -> bool| edits.iter().any(|(at, edit)| *at == child && wanted(edit));
                if of(|edit| matches!(edit, Edit::Remove(_))) {
                    continue;
                }
                let renamed = of(|edit| matches!(edit, Edit::Rename { .. }));
                let key = if renamed {
                    "zz"
                } else {
                    tree.text(tree.node(child)?.key?)
                };
                map.insert(key.to_owned(), changed(tree, child, edits)?);
            }
            Value::Object(map)
        }
        Kind::Sequence => {
            let kept = tree.children(node).filter(|child| {
                !edits
                    .iter()
                    .any(|(at, edit)| at == child && matches!(edit, Edit::Remove(_)))
            });
            Value::Array(kept.map(|child| changed(tree, child, edits)).collect::<Option<_>>()?)
        }
        _ => read(&tree.json(node))?,
    };
    for edit in here() {
        if let Edit::Insert { value: new, .. } = edit {
            match &mut value {
                Value::Object(map) => {
                    map.insert("new".to_owned(), read(new)?);
                }
                Value::Array(items) => items.push(read(new)?),
                _ => return None,
            }
        }
    }
    Some(value)
}
