//! Who sees whom: the relation that host and policies share.
//!
//! `a` sees `b` if they are the same scope, or `b` is an ancestor of `a`, or they share no mark. A scope that a
//! kustomization closes sees just the scopes that it lists, and they see it.

use crate::{NONE, Tree};

/// What a reference finds: objects that are together in one alternative, all at the least distance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach {
    /// 0 same file, 1 same scope, else 1 + steps by the common ancestor.
    pub distance: u32,
    /// Whether the two lie in different scopes whose only common ancestor is the root of the input.
    pub across_root: bool,
    /// Indices of objects, ascending.
    pub objects: Vec<u32>,
}

impl Tree<'_> {
    /// Whether what lies in scope `a` sees what lies in scope `b`. Scopes that do not exist see nothing.
    #[must_use]
    pub fn sees(&self, a: u32, b: u32) -> bool {
        let (Some(from), Some(to)) = (self.scope(a), self.scope(b)) else {
            return false;
        };
        if a == b {
            return true;
        }
        if from.closed || to.closed {
            return (from.closed && from.list.binary_search(&b).is_ok())
                || (to.closed && to.list.binary_search(&a).is_ok());
        }
        self.is_ancestor(b, a) || disjoint(from.list, to.list)
    }

    /// What a reference from an object reaches among these: the nearest that it sees, one reach for each alternative.
    ///
    /// Same file and same scope count alike, but of objects with one identity the one in the same file is taken.
    #[must_use]
    pub fn nearest(&self, from: u32, among: &[u32]) -> Vec<Reach> {
        let Some(origin) = self.object(from) else {
            return Vec::new();
        };
        let mut best = u32::MAX;
        // (object, scope, distance, across the root)
        let mut kept: Vec<(u32, u32, u32, bool)> = Vec::new();
        // The own scope first: where anything is found there, no scope needs to be compared with another.
        for own in [true, false] {
            for &candidate in among {
                let Some(object) = self.object(candidate) else { continue };
                if (object.scope == origin.scope) != own || !(own || self.sees(origin.scope, object.scope)) {
                    continue;
                }
                let (distance, across) = if !own {
                    let (steps, meeting) = self.steps(origin.scope, object.scope);
                    (1 + steps, meeting == 0)
                } else if object.file == origin.file {
                    (0, false)
                } else {
                    (1, false)
                };
                let level = distance.max(1);
                if level < best {
                    best = level;
                    kept.clear();
                }
                if level == best {
                    kept.push((candidate, object.scope, distance, across));
                }
            }
            if !kept.is_empty() {
                break;
            }
        }
        self.alternatives(kept)
    }

    /// Splits candidates at one level into what is together in one alternative.
    fn alternatives(&self, mut kept: Vec<(u32, u32, u32, bool)>) -> Vec<Reach> {
        kept.sort_unstable();
        kept.dedup();
        let mut scopes: Vec<u32> = kept.iter().map(|candidate| candidate.1).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let mut reaches: Vec<Reach> = Vec::new();
        for &scope in &scopes {
            let together: Vec<(u32, u32, u32, bool)> = kept
                .iter()
                .copied()
                .filter(|&(_, other, ..)| other == scope || (self.sees(scope, other) && self.sees(other, scope)))
                .collect();
            let objects: Vec<u32> = together
                .iter()
                .filter(|candidate| !self.is_shadowed(candidate, &together))
                .map(|candidate| candidate.0)
                .collect();
            let distance = together.iter().map(|candidate| candidate.2).min().unwrap_or(0);
            let across_root = together.iter().any(|candidate| candidate.3);
            if !reaches.iter().any(|reach| reach.objects == objects) {
                reaches.push(Reach {
                    distance,
                    across_root,
                    objects,
                });
            }
        }
        reaches
    }

    /// Whether another candidate has the same identity and is in the reference's own file, while this one is not.
    fn is_shadowed(&self, candidate: &(u32, u32, u32, bool), among: &[(u32, u32, u32, bool)]) -> bool {
        if candidate.2 == 0 {
            return false;
        }
        let Some(object) = self.object(candidate.0) else {
            return false;
        };
        among
            .iter()
            .filter(|other| other.2 == 0)
            .filter_map(|other| self.object(other.0))
            .any(|other| {
                (other.group, other.kind, other.namespace, other.name)
                    == (object.group, object.kind, object.namespace, object.name)
            })
    }

    /// Whether scope `upper` lies above scope `lower`.
    fn is_ancestor(&self, upper: u32, lower: u32) -> bool {
        let mut at = lower;
        while let Some(scope) = self.scope(at) {
            if scope.parent == upper {
                return true;
            }
            at = scope.parent;
        }
        false
    }

    /// Steps from one scope to another by their common ancestor, and that ancestor; [`NONE`] when they have none.
    /// Parents have lower indices, so the walk ends.
    fn steps(&self, a: u32, b: u32) -> (u32, u32) {
        let (mut a, mut b, mut steps) = (a, b, 0_u32);
        while a != b {
            // The higher index cannot be an ancestor of the lower.
            let lower = if a > b { &mut a } else { &mut b };
            let Some(scope) = self.scope(*lower) else {
                return (steps, NONE);
            };
            if scope.parent == NONE {
                return (steps, NONE);
            }
            *lower = scope.parent;
            steps = steps.saturating_add(1);
        }
        (steps, a)
    }
}

/// Whether two sorted lists have nothing in common.
fn disjoint(a: &[u32], b: &[u32]) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Equal => return false,
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
        }
    }
    true
}
