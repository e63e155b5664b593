//! The reader from outside: what kubectl would send, where it stands, what is refused and why.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "read/documents.rs"]
mod documents;
#[path = "read/limits.rs"]
mod limits;
#[path = "read/objects.rs"]
mod objects;
#[path = "read/places.rs"]
mod places;
#[path = "read/values.rs"]
mod values;

use plimsoll_core::read::{Limits, Manifest, manifest};
use plimsoll_tree::Tree;
use serde_json::Value;

fn read(text: &str) -> Manifest {
    manifest("test.yaml", text.as_bytes(), &Limits::default())
}

/// The values of all documents.
fn json(manifest: &Manifest) -> Vec<Value> {
    let words = manifest.part.to_tree().expect("small");
    let tree = Tree::read(&words).expect("a valid tree");
    let documents = manifest.documents.iter();
    documents
        .map(|document| serde_json::from_str(&tree.json(document.root)).expect("valid JSON"))
        .collect()
}

/// The only document's value.
fn value(text: &str) -> Value {
    let manifest = read(text);
    assert_eq!(manifest.failures, [], "{text}");
    let mut values = json(&manifest);
    assert_eq!(values.len(), 1, "{text}");
    values.remove(0)
}

/// Why the only document is not read.
fn error(text: &str) -> String {
    let manifest = read(text);
    assert!(manifest.documents.is_empty(), "{text}");
    assert_eq!(manifest.failures.len(), 1, "{text}");
    manifest.failures[0].error.to_string()
}

/// The node that a path of keys and indices leads to.
fn node(manifest: &Manifest, path: &[&str]) -> u32 {
    let mut at = manifest.documents[0].root;
    for step in path {
        let mut children = manifest.part.children(at).into_iter();
        at = match step.parse::<usize>() {
            Ok(index) => children.nth(index),
            Err(_) => children.find(|&child| manifest.part.key(child).map(|key| manifest.part.text(key)) == Some(step)),
        }
        .unwrap_or_else(|| panic!("no {step}"));
    }
    at
}

/// The text where a node stands.
fn written<'m>(manifest: &'m Manifest, path: &[&str]) -> &'m str {
    let span = manifest.spans[node(manifest, path) as usize];
    &manifest.text[span.start as usize..span.end as usize]
}
