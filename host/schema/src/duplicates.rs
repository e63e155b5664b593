//! `schema/duplicate-object`: one identity, two definitions in one directory.

use hashbrown::HashMap;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Place, Related, Violation};
use plimsoll_tree::{Object, ObjectFlags, Symbol, Tree, word};

use crate::rules::{Found, Rules};
use crate::{stands_alone, subjects};

/// Directory, group, kind, namespace and name.
type Identity = (u32, Symbol, Symbol, u32, Symbol);

pub(crate) fn check(bundle: &Bundle, rules: Rules, out: &mut Vec<Violation>) {
    if !rules.has(Found::DuplicateObject) {
        return;
    }
    let tree = bundle.tree();
    let mut first: HashMap<Identity, Object> = HashMap::new();
    let ambiguous = subjects(tree).filter(|(_, object)| object.flags.has(ObjectFlags::AMBIGUOUS));
    for (_, object) in ambiguous.filter(|(_, object)| stands_alone(tree, object)) {
        let identity = (object.scope, object.group, object.kind, object.namespace, object.name);
        let Some(before) = first.get(&identity) else {
            first.insert(identity, object);
            continue;
        };
        let message = format!(
            "{} {} is defined before, and differently: the last one applied wins",
            tree.text(object.kind),
            tree.text(object.name)
        );
        let mut violation = Found::DuplicateObject.violation(place(tree, &object), message);
        violation.help = Some("Keep one of them, or give one another name or namespace.".to_owned());
        violation.related.push(Related {
            at: place(tree, before),
            message: "the other definition".to_owned(),
        });
        out.push(violation);
    }
}

/// Where its name stands.
fn place(tree: Tree<'_>, object: &Object) -> Place {
    let name = tree
        .get(object.root, word!("metadata"))
        .and_then(|metadata| tree.get(metadata, word!("name")));
    Place::Node(name.unwrap_or(object.root))
}
