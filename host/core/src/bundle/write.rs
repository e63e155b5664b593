//! Writing the tree: nodes, objects, scopes, facts.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use plimsoll_tree::write::{NewScope, TooLarge, Writer};
use plimsoll_tree::{NONE, Object, ObjectFlags, Role, Tree, UNKNOWN};

use super::kustomize::{self, Found};
use super::scopes::{self, Definition, Scopes};
use super::{Bundle, Closure, Notes, Options, duplicates, facts, kinds, place};
use crate::read::{Manifest, Namespace};

/// Joins manifests of which everything else is known.
pub(super) fn join(
    manifests: Vec<Manifest>,
    mut notes: Notes,
    found: &[Found],
    options: &Options,
) -> Result<Bundle, TooLarge> {
    default_namespaces(&manifests, &mut notes, options);
    let needed = manifests.iter().filter(|manifest| !manifest.objects.is_empty());
    let closed = found.iter().flat_map(|closure| &closure.directories);
    let scopes = Scopes::new(
        needed
            .map(|manifest| scopes::directory(&manifest.path))
            .chain(closed.map(String::as_str)),
    );
    duplicates::apply(&manifests, &scopes, &mut notes);

    let mut writer = Writer::new();
    let offsets: Vec<u32> = manifests.iter().map(|manifest| writer.append(&manifest.part)).collect();
    let end = writer.len();
    let written = objects(&mut writer, &manifests, &notes, &scopes, &offsets);
    write_scopes(&mut writer, &manifests, &notes, &scopes, found, options);
    let facts = writer.append(&facts::part(options));
    writer.facts(facts);
    let words: Arc<[u32]> = writer.finish()?.into();
    let (includes, included) = includes(&written, found);
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

/// Index of each object in the tree, by manifest and number; [`NONE`] where it is left out.
struct Written {
    starts: Vec<usize>,
    indices: Vec<u32>,
}

impl Written {
    fn get(&self, manifest: usize, number: usize) -> u32 {
        let start = self.starts.get(manifest).copied().unwrap_or(usize::MAX);
        self.indices.get(start.saturating_add(number)).copied().unwrap_or(NONE)
    }
}

fn objects(writer: &mut Writer, manifests: &[Manifest], notes: &Notes, scopes: &Scopes, offsets: &[u32]) -> Written {
    let subjects = subjects(manifests, notes);
    let mut written = Written {
        starts: Vec::new(),
        indices: Vec::new(),
    };
    let mut next = 0;
    for (index, manifest) in manifests.iter().enumerate() {
        written.starts.push(written.indices.len());
        for number in 0..manifest.objects.len() {
            let dropped = notes.get(index, number).dropped;
            written.indices.push(if dropped { NONE } else { next });
            next += u32::from(!dropped);
        }
    }
    for (index, (manifest, offset)) in manifests.iter().zip(offsets).enumerate() {
        let file = writer.intern(&manifest.path);
        let scope = scopes.find(scopes::directory(&manifest.path)).unwrap_or(0);
        for (number, object) in manifest.objects.iter().enumerate() {
            let note = notes.get(index, number);
            if note.dropped {
                continue;
            }
            let owner = match object.owner {
                Some(owner) => written.get(index, owner as usize),
                None if note.flags.role() == Role::Previous => subjects
                    .get(&identity(manifest, notes, index, number))
                    .map_or(NONE, |&(index, number)| written.get(index, number)),
                None => NONE,
            };
            let record = Object {
                root: offset.saturating_add(object.root),
                end: offset.saturating_add(manifest.part.end(object.root)),
                flags: note.flags,
                file,
                scope,
                document: object.document,
                group: writer.intern(&object.group),
                version: writer.intern(&object.version),
                kind: writer.intern(&object.kind),
                namespace: match &note.namespace {
                    Namespace::Named(name) => writer.intern(name).0,
                    Namespace::Unset => NONE,
                    Namespace::Unknown => UNKNOWN,
                },
                name: writer.intern(&object.name),
                owner,
            };
            writer.object(record);
        }
    }
    written
}

type Identity<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

fn identity<'a>(manifest: &'a Manifest, notes: &'a Notes, index: usize, number: usize) -> Identity<'a> {
    let namespace = match &notes.get(index, number).namespace {
        Namespace::Named(name) => Some(name.as_str()),
        Namespace::Unset | Namespace::Unknown => None,
    };
    let object = &manifest.objects[number];
    (&object.group, &object.kind, namespace, &object.name)
}

/// The subjects by identity, if there are previous states that look for theirs.
fn subjects<'a>(manifests: &'a [Manifest], notes: &'a Notes) -> HashMap<Identity<'a>, (usize, usize)> {
    let mut subjects = HashMap::new();
    if !(0..manifests.len()).any(|index| notes.role(index) == Role::Previous) {
        return subjects;
    }
    for (index, manifest) in manifests.iter().enumerate() {
        for number in 0..manifest.objects.len() {
            if notes.get(index, number).flags.role() == Role::Subject {
                subjects
                    .entry(identity(manifest, notes, index, number))
                    .or_insert((index, number));
            }
        }
    }
    subjects
}

fn write_scopes(
    writer: &mut Writer,
    manifests: &[Manifest],
    notes: &Notes,
    scopes: &Scopes,
    found: &[Found],
    options: &Options,
) {
    let mut marks = if options.no_alternatives {
        vec![Vec::new(); scopes.len()]
    } else {
        scopes::marks(scopes.len(), definitions(manifests, notes, scopes))
    };
    let closures: Vec<BTreeSet<u32>> = found
        .iter()
        .map(|closure| {
            closure
                .directories
                .iter()
                .filter_map(|path| scopes.find(path))
                .collect()
        })
        .collect();
    let mut closed = scopes::closed(scopes.len(), &closures);
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
    scopes: &'a Scopes,
) -> impl Iterator<Item = Definition<'a>> {
    manifests.iter().enumerate().flat_map(move |(index, manifest)| {
        let scope = scopes.find(scopes::directory(&manifest.path)).unwrap_or(0);
        manifest.objects.iter().enumerate().filter_map(move |(number, object)| {
            let note = notes.get(index, number);
            let counts = !object.name.is_empty()
                && !note.flags.has(ObjectFlags::PATCH)
                && note.flags.role() != Role::Previous
                && kinds::makes_alternatives(&object.group, &object.kind);
            counts.then(|| Definition {
                group: &object.group,
                kind: &object.kind,
                name: &object.name,
                namespace: &note.namespace,
                scope,
            })
        })
    })
}

/// For each object of the tree the closures that include it: ranges, and what they range over.
fn includes(written: &Written, found: &[Found]) -> (Vec<(u32, u32)>, Vec<u32>) {
    let pairs = found.iter().zip(0_u32..).flat_map(|(closure, number)| {
        closure
            .objects
            .iter()
            .map(move |&(index, object)| (written.get(index, object), number))
    });
    let mut pairs: Vec<(u32, u32)> = pairs.filter(|&(object, _)| object != NONE).collect();
    pairs.sort_unstable();
    pairs.dedup();
    if pairs.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let count = written.indices.iter().filter(|&&index| index != NONE).count();
    let mut ranges = vec![(0, 0); count];
    for (position, &(object, _)) in (0_u32..).zip(&pairs) {
        if let Some(range) = ranges.get_mut(object as usize) {
            *range = (if range.1 == 0 { position } else { range.0 }, position + 1);
        }
    }
    (ranges, pairs.into_iter().map(|(_, closure)| closure).collect())
}
