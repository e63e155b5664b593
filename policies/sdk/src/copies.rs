//! What a release repeats of its Workload is said once, where people edit it.

use std::collections::BTreeMap;

use plimsoll_kube::openchoreo::Copies;

use crate::violation::{Place, Range, Related, Violation};

/// A place, for looking up: node, whether its key is meant, and the bytes of its text.
type Key = (u32, bool, Option<(u32, u32)>);

fn key(place: Place, within: Option<Range>) -> Key {
    let (node, of_key) = match place {
        Place::Value(node) => (node, false),
        Place::Key(node) => (node, true),
    };
    (node, of_key, within.map(|range| (range.start, range.end)))
}

/// Violations of one rule, those in copies as related places of the same one in the source. What is reported of a copy alone
/// stays: its source may be in order where it is (in development, say).
pub(crate) fn fold(copies: &Copies, violations: &mut Vec<Violation>) {
    if copies.is_empty() || violations.len() < 2 {
        return;
    }
    let mut first: BTreeMap<Key, usize> = BTreeMap::new();
    for (number, violation) in violations.iter().enumerate() {
        first.entry(key(violation.at, violation.within)).or_insert(number);
    }
    let mut moved: Vec<(usize, usize)> = Vec::new();
    for (number, violation) in violations.iter().enumerate() {
        let (node, of_key, within) = key(violation.at, violation.within);
        let Some(source) = copies.source_of(node) else { continue };
        if let Some(&into) = first.get(&(source, of_key, within)).filter(|&&into| into != number) {
            moved.push((number, into));
        }
    }
    for &(from, into) in &moved {
        let Some(at) = violations.get(from).map(|violation| violation.at) else {
            continue;
        };
        // All of them, however many: what is sensitive is masked at each.
        if let Some(violation) = violations.get_mut(into) {
            violation.related.push(Related {
                at,
                message: "the same in a release".to_owned(),
            });
        }
    }
    let mut gone = moved.iter().map(|&(from, _)| from).peekable();
    let mut number = 0;
    violations.retain(|_| {
        let stays = gone.next_if_eq(&number).is_none();
        number += 1;
        stays
    });
}
