//! What holds for every input: no panic, places inside the text, the same value from YAML and JSON, and scalars that are
//! read again from their own places.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use plimsoll_core::read::{Limits, Manifest, manifest};
use plimsoll_tree::{Flags, Kind, Tree};
use proptest::prelude::*;
use serde_json::Value;

fn read(text: &str) -> Manifest {
    manifest("test.yaml", text.as_bytes(), &Limits::default())
}

fn json(manifest: &Manifest) -> Vec<Value> {
    let words = manifest.part.to_tree().expect("small");
    let tree = Tree::read(&words).expect("a valid tree");
    let documents = manifest.documents.iter();
    documents
        .map(|document| serde_json::from_str(&tree.json(document.root)).expect("valid JSON"))
        .collect()
}

/// What must hold of anything that was read.
fn check(manifest: &Manifest) {
    let nodes = manifest.part.len();
    assert_eq!(manifest.spans.len(), nodes as usize);
    assert_eq!(manifest.keys.len(), nodes as usize);
    let comments = manifest.comments.iter().map(|comment| &comment.span);
    let places = manifest.spans.iter().chain(&manifest.keys).chain(comments);
    let failures = manifest.failures.iter().map(|failure| &failure.span);
    let remarks = manifest.remarks.iter().map(|remark| &remark.span);
    for span in places.chain(failures).chain(remarks) {
        let range = span.start as usize..span.end as usize;
        assert!(
            manifest.text.get(range.clone()).is_some(),
            "{range:?} of {}",
            manifest.text.len()
        );
        assert!(manifest.position(span.start).line > 0);
        assert!(manifest.stored_offset(span.end) >= u64::from(span.end));
    }
    let mut end = 0;
    for document in &manifest.documents {
        assert_eq!(document.root, end);
        assert_eq!(manifest.part.end(document.root), document.end);
        end = document.end;
    }
    assert_eq!(end, nodes);
    for (index, object) in manifest.objects.iter().enumerate() {
        assert!(object.root < nodes);
        assert!(object.owner.is_none_or(|owner| (owner as usize) < index));
    }
    let remarked = manifest.remarks.iter().filter_map(|remark| remark.node);
    assert!(remarked.into_iter().all(|node| node < nodes));
    json(manifest);
}

/// Texts that look like YAML often enough to reach deep.
fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "? ",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "\t",
        " ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "|+2\n",
        "&x ",
        "*x",
        "<<: ",
        "!!str ",
        "!!int ",
        "!t ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "# c\n",
        "---\n",
        "--- d\n",
        "...\n",
        "0777",
        "yes",
        "1e3",
        ".inf",
        "~",
        "é",
        "\u{2028}",
        "\u{85}",
        "\u{FEFF}",
        "{{ x }}",
        "${y}",
        "\\",
        "\\u00e9",
        "\\'",
        "%YAML 1.1\n",
        "apiVersion: v1\n",
        "kind: List\n",
        "items:\n",
        "\"k\": ",
        "null",
        "-",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Values as JSON has them, with texts that YAML could take for something else.
fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        prop::sample::select(vec![
            "", "yes", "0777", "~", "a: b", "- c", "# d", "é\n𝄞", "'", "\"\\", "<<", " x ", "\t", "{{ x }}", "\u{2028}"
        ])
        .prop_map(str::to_owned),
        "[ -~é]{0,20}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1000i32..1000).prop_map(|number| Value::from(f64::from(number) / 8.0 + 0.0625)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A value in block style, scalars as in JSON.
fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, member) in members {
                out.push_str(&format!("\n{pad}{}:", Value::from(key.as_str())));
                block(member, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{pad}-"));
                block(item, indent + 2, out);
            }
        }
        scalar => out.push_str(&format!(" {scalar} # c")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&manifest("x", &bytes, &Limits::default()));
    }

    #[test]
    fn any_text(text in yaml_like()) {
        check(&read(&text));
    }

    #[test]
    fn utf_16_is_read_as_utf_8(text in yaml_like()) {
        let text = text.trim_start_matches('\u{FEFF}');
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let wide = manifest("x", &bytes, &Limits::default());
        prop_assert_eq!(json(&wide), json(&read(text)));
    }

    #[test]
    fn yaml_and_json_give_the_same(value in values()) {
        let object = serde_json::json!({ "value": value });
        let flow = object.to_string();
        let mut text = String::new();
        block(&object, 0, &mut text);
        for text in [flow.clone(), format!("--- # not JSON\n{flow}"), text, serde_json::to_string_pretty(&object).expect("text")] {
            let manifest = read(&text);
            check(&manifest);
            prop_assert_eq!(&manifest.failures, &[]);
            prop_assert_eq!(&json(&manifest)[0], &object, "{}", text);
        }
    }

    #[test]
    fn scalars_are_read_again_from_their_places(text in yaml_like()) {
        let manifest = read(&text);
        let words = manifest.part.to_tree().expect("small");
        let tree = Tree::read(&words).expect("valid");
        for document in manifest.documents.iter().filter(|document| !document.coarse) {
            if manifest.remarks.iter().any(|remark| remark.node == Some(document.root)) {
                continue;
            }
            for node in document.root..document.end {
                let kind = manifest.part.kind(node).expect("a node");
                let span = manifest.spans[node as usize];
                let written = &manifest.text[span.start as usize..span.end as usize];
                // Lines of more than one need their surroundings, tags change meaning, and copies keep their source's place.
                let alone = !written.is_empty() && !written.contains(['\n', '\r']) && !manifest.part.flags(node).has(Flags::ALIAS);
                if matches!(kind, Kind::Map | Kind::Sequence) || !alone || text.contains('!') || text.contains(['|', '>']) {
                    continue;
                }
                let again = read(&format!("k: {written}\n"));
                prop_assert_eq!(&again.failures, &[], "{:?}", written);
                let value: Value = serde_json::from_str(&tree.json(node)).expect("JSON");
                prop_assert_eq!(&json(&again)[0]["k"], &value, "{:?} in {:?}", written, text);
            }
        }
    }
}
