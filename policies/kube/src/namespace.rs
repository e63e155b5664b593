//! Which namespaces are named in what an object sees.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_tree::{Symbol, Tree};

use crate::{Bundle, Value, work};

/// How many directories are asked before "the only one" is given up: it can hardly be true of so many.
const MAX_SCOPES: usize = 1024;

/// The named namespaces of each directory.
pub(crate) struct Namespaces {
    /// Namespace and directory, sorted by directory.
    named: Vec<(u32, Symbol)>,
    /// What was found for a directory: its only namespace.
    only: RefCell<BTreeMap<u32, Option<Symbol>>>,
}

impl Namespaces {
    pub(crate) fn new(bundle: &Bundle<'_>) -> Self {
        let named: BTreeSet<(u32, Symbol)> = bundle
            .objects()
            .filter_map(|object| match object.namespace() {
                Value::Known(namespace) => Some((object.scope(), namespace)),
                _ => None,
            })
            .collect();
        Namespaces {
            named: named.into_iter().collect(),
            only: RefCell::new(BTreeMap::new()),
        }
    }

    /// Whether this is the only namespace that is named in all that a directory sees.
    pub(crate) fn is_only(&self, tree: &Tree<'_>, scope: u32, namespace: Symbol) -> bool {
        if let Some(&known) = self.only.borrow().get(&scope) {
            return known == Some(namespace);
        }
        let found = self.find_only(tree, scope);
        self.only.borrow_mut().insert(scope, found);
        found == Some(namespace)
    }

    fn find_only(&self, tree: &Tree<'_>, scope: u32) -> Option<Symbol> {
        let own = self.named.partition_point(|&(other, _)| other < scope);
        let mut only = None;
        let mut asked = 0_usize;
        // The own directory first: it names one more often than not.
        let (before, after) = self.named.split_at(own);
        for &(other, namespace) in after.iter().chain(before) {
            if only == Some(namespace) {
                continue;
            }
            asked += 1;
            work::count();
            if asked > MAX_SCOPES {
                return None;
            }
            if tree.sees(scope, other) {
                if only.is_some() {
                    return None;
                }
                only = Some(namespace);
            }
        }
        only
    }
}
