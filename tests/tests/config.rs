//! `docs/plimsoll.schema.json`, which editors use, and the parser of `plimsoll.yaml` agree.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_core::config::{KEYS, parse};
use plimsoll_core::read::{Limits, manifest_of_text};
use plimsoll_tree::Tree;
use serde_json::Value;

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/plimsoll.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema is there");
    serde_json::from_str(&text).expect("it is JSON")
}

/// A config as editors' validators see it.
fn json(text: &str) -> Value {
    let manifest = manifest_of_text("plimsoll.yaml", Arc::from(text), &Limits::default());
    let Some(document) = manifest.documents.first() else {
        return Value::Null;
    };
    let words = manifest.part.to_tree().expect("it is small");
    let mut out = String::new();
    Tree::read(&words)
        .expect("it is a tree")
        .write_json(document.root, &mut out);
    serde_json::from_str(&out).expect("the tree writes JSON")
}

#[test]
fn the_same_keys() {
    let schema = schema();
    for (section, keys) in KEYS {
        let at = match *section {
            "" => "/properties",
            "cluster" => "/properties/cluster/properties",
            "admission" => "/properties/admission/properties",
            "admission.exempt" => "/properties/admission/properties/exempt/properties",
            "rules.*" => "/properties/rules/additionalProperties/anyOf/1/properties",
            "rules.*.exclude[]" => "/$defs/exclusion/properties",
            "policies[]" => "/properties/policies/items/properties",
            other => panic!("the schema's place of {other} is not known here"),
        };
        let stated = schema.pointer(at).and_then(Value::as_object).expect("a section");
        let stated: BTreeSet<&str> = stated.keys().map(String::as_str).collect();
        assert_eq!(stated, keys.iter().copied().collect(), "{section}");
    }
}

/// As it is, and with everything in it that is commented out.
#[test]
fn what_init_writes() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../host/cli/src/commands/init/plimsoll.yaml"
    );
    let text = std::fs::read_to_string(path).expect("it is there");
    let schema = jsonschema::validator_for(&schema()).expect("the schema is one");
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
        })
        .collect();
    // Two spaces are a member of what is commented out above.
    let uncommented = uncommented.join("\n").replace("\n#  ", "\n  ");
    for text in [&text, &uncommented] {
        let config = parse(text).expect("the parser takes it");
        assert!(schema.is_valid(&json(text)), "{text}");
        assert_eq!(config.rules.is_empty(), text.contains("#rules"));
    }
    assert_eq!(json(&uncommented).as_object().map(serde_json::Map::len), Some(5));
}

#[test]
fn the_same_verdict() {
    let schema = jsonschema::validator_for(&schema()).expect("the schema is one");
    for (text, wanted) in [
        ("", true),
        ("kubernetes: \"1.35\"\nfail-on: never\n", true),
        ("kubernetes: v1\n", false),
        ("closed_world: [a]", false),
        ("closed-world: a", false),
        ("closed-world: [\"\"]", false),
        ("fail-on: fatal", false),
        ("environments: { \"a/**\": prod }", true),
        ("environments: { a: live }", false),
        ("cluster: { node-ports: 30000-32767, dual-stack: yes }", true),
        ("cluster: { node-ports: all }", false),
        ("cluster: { nodes: 3 }", false),
        ("rules: { cors/*: off, '*': { severity: info } }", true),
        ("rules: { cors: off }", false),
        ("rules: { a/b: { severity: fatal } }", false),
        (
            "rules: { a/b: { exclude: [ x, { kind: Secret, until: 2027-01-31, reason: r } ] } }",
            true,
        ),
        ("rules: { a/b: { exclude: [ { reason: r } ] } }", false),
        ("rules: { a/b: { exclude: [ { kind: S, until: 2027-13-01 } ] } }", false),
        (
            "policies: [ { builtin: network, settings: {} }, { path: a.wasm, enabled: no } ]",
            true,
        ),
        ("policies: [ { settings: {} } ]", false),
        ("policies: [ { builtin: a, path: b } ]", false),
        ("policies: [ { builtin: a, settings: 1 } ]", false),
        ("policies: [ { path: a.wasm, on-failure: warn } ]", true),
        ("policies: [ { path: a.wasm, on-failure: ignore } ]", false),
        ("rules: { cors/*: { mode: warn } }", true),
        ("rules: { cors/*: { mode: off } }", false),
        (
            "admission: { mode: audit, on-update: all, owned-pods: judge, waivable: [\"ports/*\"], break-glass: true }",
            true,
        ),
        (
            "admission: { body-limit: 8Mi, exempt: { namespaces: [], users: [\"system:node:*\"], groups: [] } }",
            true,
        ),
        ("admission: { body-limit: 1048576 }", true),
        ("admission: { body-limit: 20M }", false),
        ("admission: { mode: enforce }", false),
        ("admission: { modes: deny }", false),
        ("admission: { exempt: { pods: [] } }", false),
        ("baseline: [a]", false),
        ("- a", false),
    ] {
        let parsed = parse(text);
        assert_eq!(parsed.is_ok(), wanted, "the parser, on {text:?}: {parsed:?}");
        assert_eq!(schema.is_valid(&json(text)), wanted, "the schema, on {text:?}");
    }
}
