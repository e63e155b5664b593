//! Which scopes are together in one alternative, without comparing each with each: copies by the hundred are common.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Scope, sees::lists};

/// What one call may spend: scopes set apart, and members of reaches. Beyond it, later reaches are left out; the first is
/// always made. Five hundred copies of a directory take a thousandth of it.
const BUDGET: usize = 1 << 22;

/// Splits scopes (ascending, each once) into reaches, as positions. `sizes` says how many objects each scope stands for,
/// `marks` how many marks all scopes of the tree have together: a tree whose lists overlap is read no further than that.
///
/// A scope that is together with all others is in every reach. Each other one makes a reach with all that are together
/// with it, in order, equal ones once. When all are together, there is one reach.
pub(crate) fn alternatives(scopes: &[(u32, Scope<'_>)], sizes: &[usize], marks: u32) -> Vec<Vec<u32>> {
    if scopes.len() < 2 {
        return scopes.iter().map(|_| vec![0]).collect();
    }
    let sharing = Sharing::new(scopes, marks);
    let mut budget = BUDGET;
    // What is together with all scopes that share the same marks: only their own position differs.
    let mut alike: BTreeMap<&[u32], Vec<u32>> = BTreeMap::new();
    let mut seen: BTreeSet<Vec<u32>> = BTreeSet::new();
    let mut reaches: Vec<Vec<u32>> = Vec::new();
    for position in (0_u32..).zip(scopes).map(|(position, _)| position) {
        if budget == 0 && !reaches.is_empty() {
            break;
        }
        let groups = sharing.groups_of(position);
        let only_marks = sharing.closed.is_empty();
        if only_marks && groups.is_empty() {
            continue;
        }
        let rest = match alike.get(groups) {
            Some(rest) if only_marks => rest.clone(),
            _ => {
                let (rest, cost) = sharing.together(scopes, position);
                budget = budget.saturating_sub(cost);
                if only_marks {
                    alike.insert(groups, rest.clone());
                }
                rest
            }
        };
        // Who shares a mark was set apart with all that share it.
        let mut reach = rest;
        if let Err(at) = reach.binary_search(&position) {
            reach.insert(at, position);
        }
        if reach.len() == scopes.len() {
            continue;
        }
        let cost: usize = reach.iter().filter_map(|&position| sizes.get(position as usize)).sum();
        budget = budget.saturating_sub(cost + reach.len());
        if seen.insert(reach.clone()) {
            reaches.push(reach);
        }
    }
    if reaches.is_empty() {
        reaches.push((0_u32..).zip(scopes).map(|(position, _)| position).collect());
    }
    reaches
}

/// Which of some scopes share marks.
struct Sharing {
    /// Positions of scopes that share a mark, ascending; each set once.
    groups: Vec<Vec<u32>>,
    /// For each scope the groups that it is in, ascending.
    members: Vec<Vec<u32>>,
    /// Positions of the closed scopes.
    closed: Vec<u32>,
}

impl Sharing {
    fn new(scopes: &[(u32, Scope<'_>)], marks: u32) -> Self {
        let mut places: Vec<(u32, u32)> = (0_u32..)
            .zip(scopes)
            .filter(|(_, (_, scope))| !scope.closed)
            .flat_map(|(position, (_, scope))| scope.list.iter().map(move |&mark| (mark, position)))
            .take(marks as usize)
            .collect();
        places.sort_unstable();
        places.dedup();
        let mut groups: Vec<Vec<u32>> = places
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|sharing| sharing.len() > 1)
            .map(|sharing| sharing.iter().map(|place| place.1).collect())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let mut members = vec![Vec::new(); scopes.len()];
        for (number, group) in (0_u32..).zip(&groups) {
            for &position in group {
                if let Some(member) = members.get_mut(position as usize) {
                    member.push(number);
                }
            }
        }
        let closed = (0_u32..)
            .zip(scopes)
            .filter(|(_, (_, scope))| scope.closed)
            .map(|(position, _)| position)
            .collect();
        Sharing {
            groups,
            members,
            closed,
        }
    }

    fn groups_of(&self, position: u32) -> &[u32] {
        self.members.get(position as usize).map_or(&[], Vec::as_slice)
    }

    /// The positions together with a scope (its own only where all of its like are together with it), and what finding
    /// them cost.
    fn together(&self, scopes: &[(u32, Scope<'_>)], position: u32) -> (Vec<u32>, usize) {
        let mut apart = vec![false; scopes.len()];
        let mut cost = scopes.len();
        let mut set_apart = |position: u32| {
            if let Some(apart) = apart.get_mut(position as usize) {
                *apart = true;
            }
        };
        let Some((own, scope)) = scopes.get(position as usize) else {
            return (Vec::new(), cost);
        };
        for &group in self.groups_of(position) {
            let group = self.groups.get(group as usize).map_or(&[][..], Vec::as_slice);
            cost += group.len();
            group.iter().for_each(|&other| set_apart(other));
        }
        let positions = || (0_u32..).zip(scopes).map(|(position, _)| position);
        let compared: Vec<u32> = if scope.closed {
            positions().collect()
        } else {
            self.closed.clone()
        };
        for position in compared {
            let joined = scopes
                .get(position as usize)
                .is_some_and(|(other, their)| other == own || lists((*own, scope), (*other, their)));
            if !joined {
                set_apart(position);
            }
        }
        let rest = positions()
            .filter(|&position| apart.get(position as usize) == Some(&false))
            .collect();
        (rest, cost)
    }
}
