//! Writing the tree: nodes, objects, scopes, facts.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use plimsoll_tree::write::{NewScope, Part, TooLarge, Workers, Writer};
use plimsoll_tree::{NONE, Object, ObjectFlags, Role, Tree};

use super::identity::{Identities, Identity};
use super::kustomize::{self, Found};
use super::scopes::{self, Scopes};
use super::{Bundle, Closure, Notes, Options, duplicates, facts, kinds, place};
use crate::read::{Manifest, Namespace, Renderer};

/// Joins manifests of which everything else is known.
pub(super) fn join(
    manifests: Vec<Manifest>,
    mut notes: Notes,
    found: &[Found],
    options: &Options,
    workers: &dyn Workers,
) -> Result<Bundle, TooLarge> {
    default_namespaces(&manifests, &mut notes, options);
    let directories: Vec<&str> = (0..)
        .zip(&manifests)
        .map(|(index, manifest)| match notes.role(index) {
            _ if options.no_alternatives => "",
            Role::Context if options.everywhere => scopes::EVERYWHERE,
            _ => manifest.directory(),
        })
        .collect();
    let needed = manifests.iter().zip(&directories);
    let needed = needed.filter(|(manifest, _)| !manifest.objects.is_empty());
    let closed = found.iter().flat_map(|closure| &closure.directories);
    let closed = closed.filter(|_| !options.no_alternatives);
    let scopes = Scopes::new(
        needed
            .map(|(_, directory)| *directory)
            .chain(closed.map(String::as_str)),
    );
    let facts = facts::part(options);
    let mut writer = Writer::new();
    let parts: Vec<&Part> = manifests.iter().map(|manifest| &manifest.part).collect();
    let offsets = writer.append_all(&parts, workers);
    let end = writer.len();
    let identities = Identities::new(&mut writer, &manifests, &directories, &notes, &scopes, workers);
    duplicates::apply(&manifests, &identities, &mut notes, workers);
    let written = objects(&mut writer, &manifests, &notes, &identities, &offsets);
    write_scopes(&mut writer, &manifests, &notes, &scopes, &identities, found, options);
    let facts = writer.append(&facts);
    writer.facts(facts);
    let words = Arc::new(writer.finish_with(workers)?);
    let (includes, included) = includes(&written, &notes, found);
    Ok(Bundle {
        places: Tree::read(&words).map(place::Places::new).unwrap_or_default(),
        closures: found.iter().map(|each| closure(&manifests, each)).collect(),
        words,
        manifests,
        offsets,
        end,
        includes,
        included,
        indexes: OnceLock::new(),
        copies: OnceLock::new(),
    })
}

fn closure(manifests: &[Manifest], found: &Found) -> Closure {
    Closure {
        path: manifests
            .get(found.manifest)
            .map(|manifest| manifest.path.clone())
            .unwrap_or_default(),
        manifest: found.manifest,
        remote: found.remote,
    }
}

/// Gives the default namespace to objects that stand for themselves and have none yet.
fn default_namespaces(manifests: &[Manifest], notes: &mut Notes, options: &Options) {
    let Some(default) = &options.default_namespace else {
        return;
    };
    for (index, manifest) in manifests.iter().enumerate() {
        for (number, object) in manifest.objects.iter().enumerate() {
            let note = notes.of(index, number);
            if note.namespace == Namespace::Unset
                && !kinds::is_cluster_scoped(&object.group, &object.kind)
                && kustomize::is_top(manifest, number)
            {
                note.namespace = Namespace::Named(default.clone());
            }
        }
    }
}

/// Writes the objects. Returns the index of each in the tree, by its number; [`NONE`] where it is left out.
fn objects(
    writer: &mut Writer<'_>,
    manifests: &[Manifest],
    notes: &Notes,
    identities: &Identities,
    offsets: &[u32],
) -> Vec<u32> {
    let mut written = Vec::with_capacity(notes.len());
    let mut next = 0;
    for (index, manifest) in manifests.iter().enumerate() {
        for number in 0..manifest.objects.len() {
            let dropped = notes.get(index, number).dropped;
            written.push(if dropped { NONE } else { next });
            next += u32::from(!dropped);
        }
    }
    let subjects = subjects(manifests, notes, identities, &written);
    for (index, (manifest, offset)) in manifests.iter().zip(offsets).enumerate() {
        let file = writer.intern(&manifest.path);
        for (number, object) in manifest.objects.iter().enumerate() {
            let note = notes.get(index, number);
            let identity = identities.objects[notes.number(index, number)];
            if note.dropped {
                continue;
            }
            let owner = match object.owner {
                Some(owner) => written.get(notes.number(index, owner as usize)).copied(),
                None if note.flags.role() == Role::Previous => subjects.get(&identity.settled()).copied(),
                None => None,
            };
            let record = Object {
                root: offset.saturating_add(object.root),
                end: offset.saturating_add(manifest.part.end(object.root)),
                flags: note.flags,
                file,
                scope: identities.scopes[index],
                document: object.document,
                group: identity.group,
                version: writer.intern(&object.version),
                kind: identity.kind,
                namespace: identity.namespace,
                name: identity.name,
                owner: owner.unwrap_or(NONE),
            };
            writer.object(record);
        }
    }
    written
}

/// The subjects by identity, if there are previous states that look for theirs.
fn subjects(manifests: &[Manifest], notes: &Notes, identities: &Identities, written: &[u32]) -> HashMap<Identity, u32> {
    let mut subjects = HashMap::new();
    if !(0..manifests.len()).any(|index| notes.role(index) == Role::Previous) {
        return subjects;
    }
    for (index, manifest) in manifests.iter().enumerate() {
        for number in (0..manifest.objects.len()).map(|object| notes.number(index, object)) {
            if notes.role(index) == Role::Subject && written[number] != NONE {
                subjects
                    .entry(identities.objects[number].settled())
                    .or_insert(written[number]);
            }
        }
    }
    subjects
}

fn write_scopes(
    writer: &mut Writer<'_>,
    manifests: &[Manifest],
    notes: &Notes,
    scopes: &Scopes,
    identities: &Identities,
    found: &[Found],
    options: &Options,
) {
    let mut marks = if options.no_alternatives {
        vec![Vec::new(); scopes.len()]
    } else {
        scopes::marks(scopes.len(), definitions(manifests, notes, identities))
    };
    let closures = found.iter().map(|closure| {
        let directories = closure.directories.iter();
        directories.filter_map(|path| scopes.find(path)).collect()
    });
    // What kustomize rendered is all that belongs together.
    let rendered = manifests.iter().filter(|manifest| {
        let rendering = manifest.rendering();
        rendering.is_some_and(|rendering| rendering.by == Renderer::Kustomize)
    });
    let rendered = rendered.map(|manifest| scopes.find(manifest.directory()).into_iter().collect());
    let closures: Vec<BTreeSet<u32>> = closures.chain(rendered).collect();
    let mut closed = scopes::closed(scopes.len(), &closures);
    if options.everywhere
        && let Some(scope) = scopes.find(scopes::EVERYWHERE)
        && let Some(list) = closed.get_mut(scope as usize)
    {
        *list = Some((0..).zip(&scopes.paths).map(|(number, _)| number).collect());
    }
    for (scope, path) in scopes.paths.iter().enumerate() {
        let sees = closed.get_mut(scope).and_then(Option::take);
        let is_closed = sees.is_some();
        let marks = marks.get_mut(scope).map(std::mem::take).unwrap_or_default();
        writer.scope(NewScope {
            parent: scopes.parents.get(scope).copied().flatten(),
            path: path.clone(),
            closed: is_closed,
            list: sees.map_or(marks, |sees| sees.into_iter().collect()),
        });
    }
}

/// What makes alternatives: named objects of the kinds that do, patches and previous states left out.
fn definitions<'a>(
    manifests: &'a [Manifest],
    notes: &'a Notes,
    identities: &'a Identities,
) -> impl Iterator<Item = (Identity, u32)> {
    manifests
        .iter()
        .zip(&identities.scopes)
        .enumerate()
        .flat_map(move |(index, (manifest, &scope))| {
            manifest.objects.iter().enumerate().filter_map(move |(number, object)| {
                let note = notes.get(index, number);
                let counts = !object.name.is_empty()
                    && !note.flags.has(ObjectFlags::PATCH)
                    && note.flags.role() != Role::Previous
                    && kinds::makes_alternatives(&object.group, &object.kind);
                counts.then(|| (identities.objects[notes.number(index, number)], scope))
            })
        })
}

/// For each object of the tree the closures that include it: ranges, and what they range over.
fn includes(written: &[u32], notes: &Notes, found: &[Found]) -> (Vec<(u32, u32)>, Vec<u32>) {
    let pairs = found.iter().zip(0_u32..).flat_map(|(closure, number)| {
        closure
            .objects
            .iter()
            .map(move |&(index, object)| (written[notes.number(index, object)], number))
    });
    let mut pairs: Vec<(u32, u32)> = pairs.filter(|&(object, _)| object != NONE).collect();
    pairs.sort_unstable();
    pairs.dedup();
    if pairs.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let count = written.iter().filter(|&&index| index != NONE).count();
    let mut ranges = vec![(0, 0); count];
    for (position, &(object, _)) in (0_u32..).zip(&pairs) {
        if let Some(range) = ranges.get_mut(object as usize) {
            *range = (if range.1 == 0 { position } else { range.0 }, position + 1);
        }
    }
    (ranges, pairs.into_iter().map(|(_, closure)| closure).collect())
}
