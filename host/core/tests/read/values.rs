//! What scalars and keys mean.

use plimsoll_core::read::RemarkKind;
use plimsoll_tree::{Flags, Tree};
use serde_json::{Value, json};

use super::{error, node, read, value, written};

fn scalar(written: &str) -> Value {
    value(&format!("a: {written}\n"))["a"].clone()
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    for (written, read) in [
        ("yes", json!(true)),
        ("On", json!(true)),
        ("Y", json!(true)),
        ("NO", json!(false)),
        ("off", json!(false)),
        ("n", json!(false)),
        ("~", json!(null)),
        ("Null", json!(null)),
        ("", json!(null)),
        ("2024-01-01", json!("2024-01-01")),
        ("12:30:45", json!("12:30:45")),
        ("=", json!("=")),
        ("0777", json!(511)),
        ("0o777", json!(511)),
        ("0x1F", json!(31)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("+1", json!(1)),
        ("1e3", json!(1000)),
        ("1.10", json!(1.1)),
        ("!!binary aGVsbG8=", json!("hello")),
        ("!!str 0777", json!("0777")),
        ("!custom 12", json!("12")),
        ("\"yes\"", json!("yes")),
        ("'0777'", json!("0777")),
    ] {
        assert_eq!(scalar(written), read, "{written}");
    }
}

#[test]
fn what_json_cannot_hold_is_an_error() {
    for written in [".inf", "-.Inf", ".nan", "!!int word", "!!binary ?"] {
        let reason = error(&format!("a: {written}\n"));
        assert!(!reason.contains("word"), "no source text: {reason}");
    }
    for text in ["~: a\n", "[a]: b\n", "{a: b}: c\n", "<<: 1\n", "a: &x [*x]\n"] {
        error(text);
    }
}

#[test]
fn keys_become_texts() {
    assert_eq!(
        value("no: a\n1: b\n1.50: c\n0x10: d\non: e\n"),
        json!({"false": "a", "1": "b", "1.5": "c", "16": "d", "true": "e"})
    );
}

#[test]
fn the_last_of_equal_keys_wins_and_is_remarked() {
    let text = "a: 1\nb: {x: [1], x: 2}\na: 3\n";
    let manifest = read(text);
    assert_eq!(value(text), json!({"b": {"x": 2}, "a": 3}));
    let remarks: Vec<_> = manifest
        .remarks
        .iter()
        .map(|remark| (remark.kind, remark.span.start as usize, remark.node))
        .collect();
    let inner = node(&manifest, &["b", "x"]);
    let outer = node(&manifest, &["a"]);
    assert_eq!(
        remarks,
        [
            (RemarkKind::DuplicateKey, text.find('x').expect("there"), Some(inner)),
            (RemarkKind::DuplicateKey, 0, Some(outer)),
        ]
    );
    assert_eq!(written(&manifest, &["a"]), "3");
    assert_eq!(written(&manifest, &["b", "x"]), "2");
}

#[test]
fn many_equal_keys_are_found_as_few_are() {
    let text: String = (0..100).map(|number| format!("k{}: {number}\n", number % 40)).collect();
    let manifest = read(&text);
    assert_eq!(manifest.remarks.len(), 60);
    let read = value(&text);
    assert_eq!(read.as_object().expect("a map").len(), 40);
    assert_eq!((&read["k0"], &read["k39"]), (&json!(80), &json!(79)));
}

#[test]
fn aliases_and_merges_are_copies() {
    let text = "base: &b {x: 1, z: &l [1, yes]}\nsame: *b\nmore: {<<: *b, x: 2}\nless: {x: 2, <<: *b}\nfirst: {<<: [{x: 7}, *b]}\nlist: *l\nkey: &k name\n*k : v\n";
    assert_eq!(
        value(text),
        json!({
            "base": {"x": 1, "z": [1, true]},
            "same": {"x": 1, "z": [1, true]},
            "more": {"x": 2, "z": [1, true]},
            // kubectl's parser lets what is merged later win.
            "less": {"x": 1, "z": [1, true]},
            "first": {"x": 7, "z": [1, true]},
            "list": [1, true],
            "key": "name",
            "name": "v",
        })
    );
    let manifest = read(text);
    assert_eq!(manifest.remarks, [], "merging is no duplicate");
    assert!(
        manifest
            .part
            .flags(node(&manifest, &["same", "z", "0"]))
            .has(Flags::ALIAS)
    );
    assert!(manifest.part.flags(node(&manifest, &["more", "z"])).has(Flags::ALIAS));
    assert!(!manifest.part.flags(node(&manifest, &["more", "x"])).has(Flags::ALIAS));
    assert_eq!(written(&manifest, &["same", "x"]), "1");
    assert_eq!(
        manifest.spans[node(&manifest, &["same", "x"]) as usize],
        manifest.spans[node(&manifest, &["base", "x"]) as usize]
    );
}

#[test]
fn an_anchor_in_a_member_that_is_replaced_still_holds() {
    assert_eq!(
        value("a: &x {p: 1, p: 2}\na: 3\nb: *x\nc: {<<: &y {q: 1}, r: *y}\n"),
        json!({"a": 3, "b": {"p": 2}, "c": {"q": 1, "r": {"q": 1}}})
    );
}

#[test]
fn originals_are_kept_where_json_differs() {
    let manifest = read("a: [yes, 0777, 1.10, 1e3, ~, 12, true, null, text, \"0777\", 1.5]\n");
    let words = manifest.part.to_tree().expect("small");
    let tree = Tree::read(&words).expect("valid");
    let originals: Vec<_> = manifest
        .part
        .children(node(&manifest, &["a"]))
        .into_iter()
        .map(|item| tree.original(item))
        .collect();
    let first = [Some("yes"), Some("0777"), Some("1.10"), Some("1e3"), Some("~")];
    assert_eq!(originals[..5], first);
    assert!(originals[5..].iter().all(Option::is_none));
}

#[test]
fn placeholders_are_not_final() {
    let manifest =
        read("a: \"{{ x }}\"\nb: http://${H}/\nc: $(P)\nd: $$(P)\ne: |\n  <%= x %>\nf: 'it''s'\ng: x-{{ y }}\n");
    let is_final = |key| !manifest.part.flags(node(&manifest, &[key])).has(Flags::NOT_FINAL);
    for key in ["a", "b", "c", "e", "g"] {
        assert!(!is_final(key), "{key}");
    }
    for key in ["d", "f"] {
        assert!(is_final(key), "{key}");
    }
}

#[test]
fn json_is_read_as_json() {
    let text = "{\"a\": [1.0, \"yes\", 0.5e1, {\"b\": null}], \"c\": \"\\u00fc${X}\"}";
    assert_eq!(value(text), json!({"a": [1.0, "yes", 5.0, {"b": null}], "c": "ü${X}"}));
    let manifest = read(text);
    assert_eq!(written(&manifest, &["a", "1"]), "\"yes\"");
    assert_eq!(written(&manifest, &["a", "3"]), "{\"b\": null}");
    assert!(manifest.part.flags(node(&manifest, &["c"])).has(Flags::NOT_FINAL));
}
