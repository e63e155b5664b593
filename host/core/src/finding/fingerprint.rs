//! What stays the same of a finding when lines, lists and files move.

use plimsoll_tree::{Kind, Object, ObjectFlags, Tree, word};
use sha2::{Digest as _, Sha256};

/// Hash of rule, object identity and pointer, list items named by what names them. Never of a value: weak secrets could be
/// found again from it.
pub fn fingerprint(rule: &str, tree: Tree<'_>, object: u32, node: u32) -> String {
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    put(rule);
    if let Some(object) = tree.object(object) {
        put(tree.text(object.group));
        put(tree.text(object.kind));
        put(object.namespace().map_or("", |namespace| tree.text(namespace)));
        put(name(tree, &object));
        for step in steps(tree, object.root, node) {
            put(&step);
        }
    }
    digits(hash)
}

/// An object's name, without the hash of its content that kustomize puts behind the names of what it generates: a dash and
/// ten letters and digits.
fn name<'t>(tree: Tree<'t>, object: &Object) -> &'t str {
    const HASH: usize = 10;
    let name = tree.text(object.name);
    let generated = object.flags.has(ObjectFlags::RENDERED)
        && object.group.0 == 0
        && [word!("ConfigMap"), word!("Secret")].contains(&object.kind);
    match name.rsplit_once('-').filter(|_| generated) {
        Some((bare, hash)) if hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) => bare,
        _ => name,
    }
}

/// Of what lies in no object's tree: the hash of these texts.
pub fn fingerprint_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    digits(hash)
}

fn digits(hash: Sha256) -> String {
    let start = hash
        .finalize()
        .first_chunk()
        .map_or(0, |start| u128::from_be_bytes(*start));
    format!("{start:032x}")
}

/// The way from one node down to another: keys, and for items what names them, else their position.
fn steps(tree: Tree<'_>, root: u32, node: u32) -> Vec<String> {
    let mut steps = Vec::new();
    let mut at = root;
    while at < node {
        let sequence = tree.node(at).is_some_and(|found| found.kind == Kind::Sequence);
        let Some((position, child)) = tree
            .children(at)
            .enumerate()
            .find(|&(_, child)| child <= node && node < tree.end(child))
        else {
            break;
        };
        steps.push(if sequence {
            name_of(tree, child).map_or_else(|| format!("#{position}"), |name| format!("={name}"))
        } else {
            tree.node(child)
                .and_then(|found| found.key)
                .map_or("", |key| tree.text(key))
                .to_owned()
        });
        at = child;
    }
    steps
}

/// What names an item among its siblings, by the merge keys of the Kubernetes API.
fn name_of(tree: Tree<'_>, item: u32) -> Option<String> {
    [
        word!("name"),
        word!("key"),
        word!("containerPort"),
        word!("port"),
        word!("mountPath"),
    ]
    .into_iter()
    .find_map(|key| {
        let member = tree.get(item, key)?;
        let text = tree.symbol(member).map(|symbol| tree.text(symbol).to_owned());
        text.or_else(|| tree.integer(member).map(|number| number.to_string()))
    })
}
