//! Partial documents: what lacks its kind's required fields while the same identity is whole elsewhere is a patch.

use std::collections::HashMap;

use plimsoll_tree::write::Workers;
use plimsoll_tree::{ObjectFlags, Role};

use super::kustomize::{is_top, marks};
use super::peek::Peek;
use super::{Notes, kinds, rewrite};
use crate::read::{Manifest, Namespace, ReadObject};

/// Pairs of partial and whole definitions of one kind and name that are looked at one by one; beyond, the whole ones are
/// unknown altogether.
const MAX_PAIRS: usize = 1024;

/// Files that are looked through at a time.
const BATCH: usize = 64;

#[derive(Default)]
struct Definitions {
    partial: Vec<(usize, usize)>,
    whole: Vec<(usize, usize)>,
}

/// Makes partial documents patches, and what they set not final in what they could be meant for.
pub(super) fn apply(manifests: &mut [Manifest], notes: &mut Notes, workers: &dyn Workers) {
    let mut numbers: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut all: Vec<Definitions> = Vec::new();
    let candidates = objects(manifests, notes, true, workers, |_| true);
    for &(index, number) in &candidates {
        let object = &manifests[index].objects[number];
        let key = (object.group.as_str(), object.kind.as_str(), object.name.as_str());
        let number_of = *numbers.entry(key).or_insert_with(|| {
            all.push(Definitions::default());
            all.len() - 1
        });
        all[number_of].partial.push((index, number));
    }
    if all.is_empty() {
        return;
    }
    let counts = |object: &ReadObject| {
        let key = (object.group.as_str(), object.kind.as_str(), object.name.as_str());
        numbers.contains_key(&key)
    };
    for (index, number) in objects(manifests, notes, false, workers, counts) {
        let object = &manifests[index].objects[number];
        let key = (object.group.as_str(), object.kind.as_str(), object.name.as_str());
        if let Some(&number_of) = numbers.get(&key) {
            all[number_of].whole.push((index, number));
        }
    }
    let mut found = marks::Marks::default();
    for definitions in &all {
        let whole = |&(index, number): &(usize, usize)| {
            let object = &manifests[index].objects[number];
            marks::Object {
                manifest: index,
                root: Peek::new(&manifests[index].part, object.root),
                merges_lists: marks::merges_lists(&object.group),
            }
        };
        let many = definitions.partial.len().saturating_mul(definitions.whole.len()) > MAX_PAIRS;
        if many {
            definitions
                .whole
                .iter()
                .for_each(|each| whole(each).mark_all(&mut found));
        }
        for &(index, number) in &definitions.partial {
            let namespace = notes.get(index, number).namespace.clone();
            let mut targets = definitions
                .whole
                .iter()
                .filter(|&&(index, number)| may_equal(&namespace, &notes.get(index, number).namespace))
                .peekable();
            if targets.peek().is_none() {
                continue;
            }
            if !many {
                let patch = Peek::new(&manifests[index].part, manifests[index].objects[number].root);
                targets.for_each(|each| marks::merge(patch, whole(each), &mut found));
            }
            let note = notes.of(index, number);
            note.flags = note.flags.with(ObjectFlags::PATCH);
        }
    }
    for (manifest, node, deep) in found.iter() {
        rewrite::mark(&mut manifests[manifest].part, node, deep);
    }
}

/// Objects with names that stand for themselves: those that are partial, or those that are whole. What a kustomization
/// lists as a resource is one, however little is in it.
fn objects(
    manifests: &[Manifest],
    notes: &Notes,
    partial: bool,
    workers: &dyn Workers,
    counts: impl Fn(&ReadObject) -> bool + Sync,
) -> Vec<(usize, usize)> {
    let batches: Vec<&[Manifest]> = manifests.chunks(BATCH).collect();
    let of_batches = workers.map(batches.len(), |batch| {
        let mut found = Vec::new();
        let files = batches.get(batch).copied().unwrap_or_default();
        for (index, manifest) in (batch * BATCH..).zip(files) {
            // What was rendered is whole, and final.
            if notes.role(index) == Role::Previous || manifest.rendering().is_some() {
                continue;
            }
            for (number, object) in manifest.objects.iter().enumerate() {
                let note = notes.get(index, number);
                if object.name.is_empty() || note.flags.has(ObjectFlags::PATCH) || !is_top(manifest, number) {
                    continue;
                }
                if !counts(object) {
                    continue;
                }
                let root = Peek::new(&manifest.part, object.root);
                let is_partial =
                    !note.included && kinds::is_partial(&object.group, &object.version, &object.kind, root);
                if is_partial == partial {
                    found.push((index, number));
                }
            }
        }
        found
    });
    of_batches.into_iter().flatten().collect()
}

fn may_equal(a: &Namespace, b: &Namespace) -> bool {
    match (a, b) {
        (Namespace::Named(a), Namespace::Named(b)) => a == b,
        _ => true,
    }
}
