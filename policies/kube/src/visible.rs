//! What an object sees of things that add up (policies over a pod, labels of a namespace), by a key, without asking of every
//! one whether it is seen.
//!
//! Directories with the same marks are one class: alternatives of each other, or none of them. A class sees a class or does
//! not, so hundreds of copies of one thing cost what one does.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_tree::Tree;

/// The directories of a tree, in classes.
pub(crate) struct Scopes<'t> {
    tree: &'t Tree<'t>,
    /// Class of each scope; `None` for one that a kustomization closes.
    class: Vec<Option<u32>>,
    /// The marks of each class.
    marks: Vec<&'t [u32]>,
    /// Scope and a closed scope that lists it, sorted.
    listed: Vec<(u32, u32)>,
    /// For a class, which ones it sees; made when first asked for.
    seen: RefCell<BTreeMap<u32, Rc<[bool]>>>,
}

impl<'t> Scopes<'t> {
    /// Reads all scopes; linear but for a sort.
    pub(crate) fn new(tree: &'t Tree<'t>) -> Self {
        let mut numbers: BTreeMap<&'t [u32], u32> = BTreeMap::new();
        let (mut class, mut marks, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..tree.scopes() {
            let Some(scope) = tree.scope(index) else {
                class.push(None);
                continue;
            };
            if scope.closed {
                class.push(None);
                listed.extend(scope.list.iter().map(|&lower| (lower, index)));
            } else {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                let number = *numbers.entry(scope.list).or_insert(next);
                if number == next {
                    marks.push(scope.list);
                }
                class.push(Some(number));
            }
        }
        listed.sort_unstable();
        Scopes {
            tree,
            class,
            marks,
            listed,
            seen: RefCell::new(BTreeMap::new()),
        }
    }

    fn class(&self, scope: u32) -> Option<u32> {
        self.class.get(scope as usize).copied().flatten()
    }

    /// Which classes a class sees.
    fn classes(&self, class: u32) -> Rc<[bool]> {
        if let Some(known) = self.seen.borrow().get(&class) {
            return Rc::clone(known);
        }
        let own = self.marks.get(class as usize).copied().unwrap_or_default();
        let seen: Rc<[bool]> = self.marks.iter().map(|other| disjoint(own, other)).collect();
        self.seen.borrow_mut().insert(class, Rc::clone(&seen));
        seen
    }

    /// The scopes that a scope sees by name: itself, its ancestors, and what kustomizations join.
    fn near(&self, scope: u32) -> Vec<u32> {
        let mut near = vec![scope];
        let start = self.listed.partition_point(|&(lower, _)| lower < scope);
        let listing = self.listed.get(start..).unwrap_or_default();
        near.extend(
            listing
                .iter()
                .take_while(|&&(lower, _)| lower == scope)
                .map(|&(_, upper)| upper),
        );
        match self.tree.scope(scope) {
            Some(own) if own.closed => near.extend(own.list),
            Some(own) => {
                let parent = |index: &u32| self.tree.scope(*index).map(|scope| scope.parent);
                near.extend(
                    std::iter::successors(Some(own.parent), parent)
                        .take_while(|&above| above != plimsoll_tree::NONE)
                        .filter(|&above| self.class(above).is_some()),
                );
            }
            None => {}
        }
        near
    }
}

fn disjoint(mut a: &[u32], mut b: &[u32]) -> bool {
    while let (Some((first, rest)), Some((other, others))) = (a.split_first(), b.split_first()) {
        match first.cmp(other) {
            Ordering::Less => a = rest,
            Ordering::Greater => b = others,
            Ordering::Equal => return false,
        }
    }
    true
}

/// Numbers by a key and the scope they lie in.
pub(crate) struct Seen<K> {
    by_key: BTreeMap<K, Entries>,
}

#[derive(Default)]
struct Entries {
    /// Scope and number, sorted.
    by_scope: Vec<(u32, u32)>,
    /// The same by class, sorted by it.
    by_class: BTreeMap<u32, Vec<u32>>,
}

impl<K: Ord> Seen<K> {
    /// From keys with scope and number.
    pub(crate) fn new(scopes: &Scopes<'_>, entries: impl Iterator<Item = (K, u32, u32)>) -> Self {
        let mut by_key: BTreeMap<K, Entries> = BTreeMap::new();
        for (key, scope, number) in entries {
            let entry = by_key.entry(key).or_default();
            entry.by_scope.push((scope, number));
            if let Some(class) = scopes.class(scope) {
                entry.by_class.entry(class).or_default().push(number);
            }
        }
        for entry in by_key.values_mut() {
            entry.by_scope.sort_unstable();
        }
        Seen { by_key }
    }

    /// Adds the numbers with this key that a scope sees; some may come twice.
    pub(crate) fn seen(&self, scopes: &Scopes<'_>, from: u32, key: &K, into: &mut Vec<u32>) {
        let Some(entries) = self.by_key.get(key) else {
            return;
        };
        for scope in scopes.near(from) {
            let start = entries.by_scope.partition_point(|&(other, _)| other < scope);
            let here = entries.by_scope.get(start..).unwrap_or_default();
            into.extend(
                here.iter()
                    .take_while(|&&(other, _)| other == scope)
                    .map(|&(_, number)| number),
            );
        }
        if let Some(class) = scopes.class(from) {
            let seen = scopes.classes(class);
            for (&other, numbers) in &entries.by_class {
                if seen.get(other as usize).copied().unwrap_or_default() {
                    into.extend(numbers);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disjoint_lists() {
        assert!(disjoint(&[], &[]));
        assert!(disjoint(&[1, 3], &[2, 4]));
        assert!(!disjoint(&[1, 3], &[2, 3]));
    }
}
