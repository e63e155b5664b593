//! The bundle: what belongs together, what sees what, and the way back to the sources.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(clippy::disallowed_types, reason = "a test takes the time")]

mod alternatives;
mod embedded;
mod hostile;
mod identity;
mod kustomize;
mod order;
mod patches;
mod places;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::read::{Limits, manifest};
use plimsoll_tree::{Flags, Object, Role, UNKNOWN};

/// A bundle of files: path and text.
pub fn bundle(files: &[(&str, &str)]) -> Bundle {
    with(files, &Options::default())
}

/// A bundle of files with options.
pub fn with(files: &[(&str, &str)], options: &Options) -> Bundle {
    let manifests = files
        .iter()
        .map(|(path, text)| manifest(path, text.as_bytes(), &Limits::default()))
        .collect();
    Bundle::build(manifests, options).unwrap()
}

/// Objects of a kind and name, in order.
pub fn all(bundle: &Bundle, kind: &str, name: &str) -> Vec<u32> {
    let tree = bundle.tree();
    (0..tree.objects())
        .filter(|&index| {
            let object = tree.object(index).unwrap();
            tree.text(object.kind) == kind && tree.text(object.name) == name
        })
        .collect()
}

/// The only object of a kind and name.
pub fn one(bundle: &Bundle, kind: &str, name: &str) -> u32 {
    let found = all(bundle, kind, name);
    assert_eq!(found.len(), 1, "{kind} {name}: {found:?}");
    found[0]
}

/// The object of a kind and name in a file.
pub fn within(bundle: &Bundle, file: &str, kind: &str, name: &str) -> u32 {
    let tree = bundle.tree();
    let found: Vec<u32> = all(bundle, kind, name)
        .into_iter()
        .filter(|&index| tree.text(tree.object(index).unwrap().file) == file)
        .collect();
    assert_eq!(found.len(), 1, "{kind} {name} in {file}: {found:?}");
    found[0]
}

/// An object's record.
pub fn record(bundle: &Bundle, object: u32) -> Object {
    bundle.tree().object(object).unwrap()
}

/// An object's effective namespace in words.
pub fn namespace(bundle: &Bundle, object: u32) -> String {
    let tree = bundle.tree();
    let record = tree.object(object).unwrap();
    match record.namespace() {
        Some(namespace) => tree.text(namespace).to_owned(),
        None if record.namespace == UNKNOWN => "(unknown)".to_owned(),
        None => "(unset)".to_owned(),
    }
}

/// What a reference from an object to others reaches: one list of files for each alternative.
pub fn reached(bundle: &Bundle, from: u32, among: &[u32]) -> Vec<Vec<String>> {
    let tree = bundle.tree();
    let file = |&object: &u32| tree.text(tree.object(object).unwrap().file).to_owned();
    tree.nearest(from, among)
        .iter()
        .map(|reach| reach.objects.iter().map(file).collect())
        .collect()
}

/// The JSON at a pointer of an object.
pub fn json(bundle: &Bundle, object: u32, pointer: &str) -> String {
    match bundle.resolve(object, pointer) {
        Ok(node) => bundle.tree().json(node),
        Err(_) => "(absent)".to_owned(),
    }
}

/// Whether the value at a pointer is final; of what is absent, whether its nearest parent is.
pub fn is_final(bundle: &Bundle, object: u32, pointer: &str) -> bool {
    let (Ok(node) | Err(node)) = bundle.resolve(object, pointer);
    !bundle.tree().node(node).unwrap().flags.has(Flags::NOT_FINAL)
}

/// A Deployment with one container.
pub fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
         template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - name: {name}\n        \
         image: example.test/{name}:1\n        env:\n        - {{name: PORT, value: \"3000\"}}\n"
    )
}

/// A Service that selects it.
pub fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n  ports:\n  - port: 80\n"
    )
}

/// Options with roles.
pub fn roles(roles: &[Role]) -> Options {
    Options {
        roles: roles.to_vec(),
        ..Options::default()
    }
}
