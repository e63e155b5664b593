//! One identity twice in one directory: exact duplicates are one object, different definitions are ambiguous.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use plimsoll_tree::write::Workers;
use plimsoll_tree::{ObjectFlags, Role, Tree};

use super::Notes;
use super::content::{self, Hash};
use super::identity::{Identities, Identity};
use crate::read::Manifest;

/// Drops exact duplicates and marks different definitions of one identity.
pub(super) fn apply(manifests: &[Manifest], identities: &Identities, notes: &mut Notes, workers: &dyn Workers) {
    let groups = groups(manifests, identities, notes);
    if groups.is_empty() {
        return;
    }
    let hashes = hashes(manifests, &groups, workers);
    for group in groups {
        let mut seen: HashMap<Hash, (usize, usize)> = HashMap::new();
        for each in group {
            // None: too large for a tree, which the whole will then be too.
            let Some(&hash) = hashes.get(&each) else { continue };
            match seen.get(&hash).copied() {
                Some(first) if rank(notes, each) > rank(notes, first) => {
                    notes.of(first.0, first.1).dropped = true;
                    seen.insert(hash, each);
                }
                Some(_) => notes.of(each.0, each.1).dropped = true,
                None => drop(seen.insert(hash, each)),
            }
        }
        let ambiguous: Vec<(usize, usize)> = seen.into_values().collect();
        if let [_, _, ..] = ambiguous[..] {
            for (index, number) in ambiguous {
                let note = notes.of(index, number);
                note.flags = note.flags.with(ObjectFlags::AMBIGUOUS);
            }
        }
    }
    drop_inner(manifests, notes);
}

/// What the objects of these groups hold; one file at a time.
fn hashes(
    manifests: &[Manifest],
    groups: &[Vec<(usize, usize)>],
    workers: &dyn Workers,
) -> HashMap<(usize, usize), Hash> {
    let mut all: Vec<(usize, usize)> = groups.iter().flatten().copied().collect();
    all.sort_unstable();
    let files: Vec<&[(usize, usize)]> = all.chunk_by(|a, b| a.0 == b.0).collect();
    let of_files = workers.map(files.len(), |file| {
        let objects = files.get(file).copied().unwrap_or_default();
        let Some(manifest) = objects.first().and_then(|&(index, _)| manifests.get(index)) else {
            return Vec::new();
        };
        let Ok(words) = manifest.part.to_tree() else {
            return Vec::new();
        };
        let Ok(tree) = Tree::read(&words) else {
            return Vec::new();
        };
        let hash = |&(index, number): &(usize, usize)| {
            let root = manifest.objects[number].root;
            ((index, number), content::hash(&tree, root))
        };
        objects.iter().map(hash).collect()
    });
    of_files.into_iter().flatten().collect()
}

/// Objects that share an identity and a directory, where there are two or more.
fn groups(manifests: &[Manifest], identities: &Identities, notes: &Notes) -> Vec<Vec<(usize, usize)>> {
    let mut first: HashMap<(u32, Identity), (usize, usize)> = HashMap::with_capacity(notes.len());
    let mut numbers: HashMap<(usize, usize), usize> = HashMap::new();
    let mut groups: Vec<Vec<(usize, usize)>> = Vec::new();
    for (index, (manifest, &scope)) in manifests.iter().zip(&identities.scopes).enumerate() {
        if notes.role(index) == Role::Previous {
            continue;
        }
        for number in 0..manifest.objects.len() {
            let identity = identities.objects[notes.number(index, number)].settled();
            if !identity.is_named() || notes.get(index, number).flags.has(ObjectFlags::PATCH) {
                continue;
            }
            let before = match first.entry((scope, identity)) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    entry.insert((index, number));
                    continue;
                }
            };
            let group = *numbers.entry(before).or_insert_with(|| {
                groups.push(vec![before]);
                groups.len() - 1
            });
            groups[group].push((index, number));
        }
    }
    groups
}

/// Which of two equal objects stays: what is judged rather than what is only looked at, what a kustomization includes
/// rather than what nobody names. Else the first.
fn rank(notes: &Notes, (index, number): (usize, usize)) -> (bool, bool) {
    let note = notes.get(index, number);
    (note.flags.role() == Role::Subject, note.included)
}

/// What lies in a dropped object is dropped with it.
fn drop_inner(manifests: &[Manifest], notes: &mut Notes) {
    for (index, manifest) in manifests.iter().enumerate() {
        let mut gone: HashSet<usize> = HashSet::new();
        for (number, object) in manifest.objects.iter().enumerate() {
            let outer = object.owner.is_some_and(|owner| gone.contains(&(owner as usize)));
            if outer || notes.get(index, number).dropped {
                notes.of(index, number).dropped = true;
                gone.insert(number);
            }
        }
    }
}
