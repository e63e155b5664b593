//! Copies of one text inside other objects: the templates that a ComponentRelease holds.

use std::collections::HashMap;

use plimsoll_tree::{NONE, Object, ObjectFlags, Role, Symbol, Tree, word};

use super::content::{self, Hash};

/// Sources in other directories that are compared one by one with a copy.
const MAX_SOURCES: usize = 64;

/// For each object its source, or [`NONE`]. Only objects inside others are compared, those in Lists left out: an object
/// that stands for itself is no copy.
pub(super) fn find(tree: &Tree<'_>) -> Vec<u32> {
    let mut copies = vec![NONE; tree.objects() as usize];
    let mut numbers: HashMap<(Symbol, Symbol, Hash), usize> = HashMap::new();
    // (is in a release, object, scope)
    let mut groups: Vec<Vec<(bool, u32, u32)>> = Vec::new();
    for index in 0..tree.objects() {
        let Some((object, owner)) = inner(tree, index) else {
            continue;
        };
        let key = (object.group, object.kind, content::hash(tree, object.root));
        let number = *numbers.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[number].push((owner.kind == word!("ComponentRelease"), index, object.scope));
    }
    for group in &mut groups {
        // What is no copy by its nature comes first.
        group.sort_unstable();
        let mut by_scope: HashMap<u32, u32> = HashMap::new();
        let mut sources: Vec<(u32, u32)> = Vec::new();
        for &(_, index, scope) in &*group {
            let source = by_scope.get(&scope).copied().or_else(|| {
                let seen = |&&(_, other): &&(u32, u32)| tree.sees(scope, other) || tree.sees(other, scope);
                sources.iter().take(MAX_SOURCES).find(seen).map(|&(source, _)| source)
            });
            match source {
                Some(source) => {
                    if let Some(copy) = copies.get_mut(index as usize) {
                        *copy = source;
                    }
                    by_scope.entry(scope).or_insert(source);
                }
                None => {
                    by_scope.insert(scope, index);
                    sources.push((index, scope));
                }
            }
        }
    }
    copies
}

/// An object inside another, and that other.
fn inner(tree: &Tree<'_>, index: u32) -> Option<(Object, Object)> {
    let object = tree.object(index)?;
    let owner = tree.object(object.owner)?;
    let judged = object.flags.role() != Role::Previous && !object.flags.has(ObjectFlags::PATCH);
    (judged && !tree.text(owner.kind).ends_with("List")).then_some((object, owner))
}
