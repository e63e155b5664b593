//! Who sees whom: the relation that host and policies share.
//!
//! `a` sees `b` if they are the same scope, or `b` is an ancestor of `a`, or they share no mark. A scope that a
//! kustomization closes sees just the scopes that it lists, and they see it.

use crate::{NONE, Scope, Symbol, Tree, nearest};

/// What a reference finds: objects that are together in one alternative, all at the least distance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach {
    /// 0 same file, 1 same scope, else 1 + steps by the common ancestor.
    pub distance: u32,
    /// Whether the two lie in different scopes whose only common ancestor is the root of the input, and no kustomization
    /// joins them.
    pub across_root: bool,
    /// Indices of objects, ascending.
    pub objects: Vec<u32>,
}

/// A scope in which a reference finds something.
struct Found<'c> {
    scope: u32,
    /// 1 + steps by the common ancestor.
    distance: u32,
    /// Only the root of the input lies above both.
    across_root: bool,
    /// Scope and object of each candidate.
    candidates: &'c [(u32, u32)],
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
            return lists((a, &from), (b, &to));
        }
        self.is_ancestor(b, a) || disjoint(from.list, to.list)
    }

    /// What a reference from an object reaches among these: the nearest that it sees, one reach for each alternative, in
    /// the order of the scopes. Objects that do not exist are left out.
    ///
    /// Same file and same scope count alike, but of objects with one identity the one in the same file is taken.
    ///
    /// Of scopes at one distance, those that share no mark with any of the others are in every reach; each other one makes
    /// a reach with all that share no mark with it. Beyond some millions of combinations the later reaches are left out.
    #[must_use]
    pub fn nearest(&self, from: u32, among: &[u32]) -> Vec<Reach> {
        let Some(origin) = self.object(from) else {
            return Vec::new();
        };
        let candidates = || among.iter().filter_map(|&index| Some((index, self.object(index)?)));
        // The own scope first: where anything is found there, no scope needs to be compared with another.
        let own: Vec<(u32, bool)> = candidates()
            .filter(|(_, object)| object.scope == origin.scope)
            .map(|(index, object)| (index, object.file == origin.file))
            .collect();
        if !own.is_empty() {
            return vec![self.within_scope(own)];
        }
        let mut others: Vec<(u32, u32)> = candidates().map(|(index, object)| (object.scope, index)).collect();
        others.sort_unstable();
        others.dedup();
        let mut found: Vec<Found<'_>> = others
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|candidates| {
                let scope = candidates.first()?.0;
                let (steps, meeting) = self.steps(origin.scope, scope);
                Some(Found {
                    scope,
                    distance: steps.saturating_add(1),
                    across_root: meeting == 0,
                    candidates,
                })
            })
            .collect();
        found.sort_by_key(|found| found.distance);
        for level in found.chunk_by(|a, b| a.distance == b.distance) {
            let seen: Vec<&Found<'_>> = level
                .iter()
                .filter(|found| self.sees(origin.scope, found.scope))
                .collect();
            if !seen.is_empty() {
                return self.reaches(origin.scope, &seen);
            }
        }
        Vec::new()
    }

    /// What is found in the reference's own scope: (object, whether it is in the same file).
    fn within_scope(&self, mut own: Vec<(u32, bool)>) -> Reach {
        own.sort_unstable();
        own.dedup();
        let identity = |index: u32| {
            self.object(index)
                .filter(|object| object.name != Symbol(0))
                .map(|object| (object.group, object.kind, object.namespace, object.name))
        };
        let mut near: Vec<_> = own
            .iter()
            .filter(|candidate| candidate.1)
            .filter_map(|candidate| identity(candidate.0))
            .collect();
        near.sort_unstable();
        let distance = u32::from(!own.iter().any(|candidate| candidate.1));
        let objects = own
            .into_iter()
            .filter(|&(index, same_file)| {
                same_file || near.is_empty() || identity(index).is_none_or(|it| near.binary_search(&it).is_err())
            })
            .map(|candidate| candidate.0)
            .collect();
        Reach {
            distance,
            across_root: false,
            objects,
        }
    }

    /// Splits what is found at one distance into what is together in one alternative.
    fn reaches(&self, from: u32, found: &[&Found<'_>]) -> Vec<Reach> {
        let scopes: Vec<(u32, Scope<'_>)> = found
            .iter()
            .filter_map(|found| Some((found.scope, self.scope(found.scope)?)))
            .collect();
        let origin = self.scope(from);
        let sizes: Vec<usize> = found.iter().map(|found| found.candidates.len()).collect();
        nearest::alternatives(&scopes, &sizes, self.marks())
            .into_iter()
            .map(|together| {
                let members = || together.iter().filter_map(|&position| found.get(position as usize));
                let mut objects: Vec<u32> = members()
                    .flat_map(|found| found.candidates.iter().map(|candidate| candidate.1))
                    .collect();
                objects.sort_unstable();
                let is_joined = |to: &Found<'_>| match (&origin, self.scope(to.scope)) {
                    (Some(origin), Some(scope)) => lists((from, origin), (to.scope, &scope)),
                    _ => false,
                };
                Reach {
                    distance: members().map(|found| found.distance).min().unwrap_or(1),
                    across_root: members().any(|found| found.across_root && !is_joined(found)),
                    objects,
                }
            })
            .collect()
    }

    /// Whether scope `upper` lies above scope `lower`.
    fn is_ancestor(&self, upper: u32, lower: u32) -> bool {
        // What lies above has a lower index.
        std::iter::successors(self.parent(lower), |&above| self.parent(above))
            .take_while(|&above| above >= upper)
            .any(|above| above == upper)
    }

    /// Steps from one scope to another by their common ancestor, and that ancestor; where they have none, all steps up from
    /// both and one more, and [`NONE`]. Parents have lower indices, so the walk ends.
    fn steps(&self, a: u32, b: u32) -> (u32, u32) {
        let (mut a, mut b, mut steps) = (a, b, 0_u32);
        while a != b {
            // The higher index cannot be an ancestor of the lower.
            let (high, low) = if a > b { (a, b) } else { (b, a) };
            steps = steps.saturating_add(1);
            let Some(parent) = self.parent(high) else {
                return (steps.saturating_add(self.ancestors(low)), NONE);
            };
            (a, b) = (parent, low);
        }
        (steps, a)
    }

    /// How many scopes lie above one.
    fn ancestors(&self, scope: u32) -> u32 {
        let count = std::iter::successors(self.parent(scope), |&above| self.parent(above)).count();
        u32::try_from(count).unwrap_or(NONE)
    }

    fn parent(&self, scope: u32) -> Option<u32> {
        self.scope(scope)
            .map(|scope| scope.parent)
            .filter(|&parent| parent != NONE)
    }
}

/// Whether a kustomization joins two scopes: one is closed and lists the other.
pub(crate) fn lists(a: (u32, &Scope<'_>), b: (u32, &Scope<'_>)) -> bool {
    let lists = |upper: &Scope<'_>, lower: u32| upper.closed && upper.list.binary_search(&lower).is_ok();
    lists(a.1, b.0) || lists(b.1, a.0)
}

/// Whether two sorted lists have nothing in common.
fn disjoint(a: &[u32], b: &[u32]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let mut rest = long;
    for mark in short {
        // A directory of thousands of objects has thousands of marks, most others a few.
        let at = if rest.len() > 16 {
            rest.partition_point(|other| other < mark)
        } else {
            rest.iter().position(|other| other >= mark).unwrap_or(rest.len())
        };
        rest = rest.get(at..).unwrap_or_default();
        if rest.first() == Some(mark) {
            return false;
        }
    }
    true
}
