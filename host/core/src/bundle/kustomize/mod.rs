//! Kustomizations: what belongs together, and what is done to it before it is deployed.
//!
//! Namespaces, labels and annotations that all closures of an object agree on are applied. What patches, images, replicas,
//! replacements and transformers set is not final in what they set it in. Names stay as they are written, in
//! objects and references alike, so that both sides of a reference compare; prefixes count only for finding targets.

mod closure;
mod deploy;
mod effects;
mod fields;
mod labels;
pub(super) mod marks;
pub(super) mod model;
pub(super) mod roots;
mod set;

use std::collections::{BTreeSet, HashSet};

use plimsoll_tree::write::{Edit, Workers};
use plimsoll_tree::{Flags, Kind, ObjectFlags, Role, word};

pub(super) use self::closure::is_top;
use self::closure::{Closure, Walker};
use self::model::{Generator, Kustomization, Source};
use super::peek::Peek;
use super::{Notes, rewrite, scopes};
use crate::read::{Manifest, Namespace, ReadObject};

/// What a leaf kustomization includes.
pub(super) struct Found {
    /// The manifest of the kustomization.
    pub(super) manifest: usize,
    /// The directories it closes; none where it closes nothing.
    pub(super) directories: BTreeSet<String>,
    /// The directory that it lies in, where it closes any.
    own: Option<String>,
    /// Some of it is not in the input.
    pub(super) remote: bool,
    /// Objects, by manifest and number in it.
    pub(super) objects: Vec<(usize, usize)>,
}

/// All kustomizations of an input.
pub(super) struct Kustomizations(Vec<Kustomization>);

/// Files that are looked through at a time.
const BATCH: usize = 64;

/// Finds all kustomizations, and adds what they generate to their manifests.
pub(super) fn find(manifests: &mut [Manifest], workers: &dyn Workers) -> Kustomizations {
    let batches: Vec<&[Manifest]> = manifests.chunks(BATCH).collect();
    let found = workers.map(batches.len(), |batch| {
        let mut found: Vec<Kustomization> = Vec::new();
        let files = batches.get(batch).copied().unwrap_or_default();
        for (index, manifest) in (batch * BATCH..).zip(files) {
            if manifest.is_replaced() {
                continue;
            }
            if let Some((root, component)) = model::find(manifest) {
                found.push(model::read(manifest, index, root, component));
            }
            found.extend(deploy::read(manifest, index));
        }
        found
    });
    let mut all: Vec<Kustomization> = found.into_iter().flatten().collect();
    // A directory's kustomization is the file that kustomize takes; one of another name serves where there is none.
    all.sort_by_key(|each| !model::has_name(&manifests[each.manifest].path));
    for kustomization in &all {
        generate(
            &mut manifests[kustomization.manifest],
            &kustomization.transform.generators,
        );
    }
    Kustomizations(all)
}

/// Applies all kustomizations.
pub(super) fn apply(
    all: &Kustomizations,
    manifests: &mut [Manifest],
    notes: &mut Notes,
    workers: &dyn Workers,
) -> Vec<Found> {
    let Kustomizations(all) = all;
    if all.is_empty() {
        return Vec::new();
    }
    for kustomization in all {
        let count = manifests[kustomization.manifest].objects.len();
        for object in count - kustomization.transform.generators.len()..count {
            let note = notes.of(kustomization.manifest, object);
            note.flags = note.flags.with_role(Role::Context).with(ObjectFlags::RENDERED);
        }
    }
    let mut walker = Walker::new(manifests, all);
    let mut found = walk(&mut walker);
    for (file, object) in configuration(&walker) {
        notes.of(file, object).flags = notes.of(file, object).flags.with(ObjectFlags::PATCH);
    }
    own_directories(&walker, notes, &mut found);
    let Walker { effects, marks, .. } = walker;
    for (index, manifest) in manifests.iter().enumerate() {
        for object in 0..manifest.objects.len() {
            if let Some(effect) = effects.of(index, object) {
                let note = notes.of(index, object);
                note.namespace = effect.namespace.clone();
                note.included = true;
            }
        }
    }
    for (manifest, node, deep) in marks.iter() {
        rewrite::mark(&mut manifests[manifest].part, node, deep);
    }
    let touched = manifests.iter_mut().enumerate();
    let touched = touched.filter(|(index, manifest)| {
        let mut objects = 0..manifest.objects.len();
        objects.any(|number| effects.of(*index, number).is_some())
    });
    workers.each_of(touched.collect(), |_, (index, manifest)| {
        let mut edits: Vec<Edit<'_>> = Vec::new();
        for (number, object) in manifest.objects.iter().enumerate() {
            if let Some(effect) = effects.of(index, number) {
                let root = Peek::new(&manifest.part, object.root);
                labels::edits(root, &object.group, &object.kind, effect, &effects, &mut edits);
            }
        }
        if !edits.is_empty() {
            let spliced = manifest.part.splice(&edits);
            rewrite::splice(manifest, spliced);
        }
    });
    found
}

/// One closure for each root: what no other includes, and what something deploys.
fn walk(walker: &mut Walker<'_>) -> Vec<Found> {
    let all = walker.all;
    let mut included: HashSet<usize> = HashSet::new();
    for kustomization in all {
        for path in kustomization.resources.iter().chain(&kustomization.components) {
            let path = scopes::join(&kustomization.directory, path);
            included.extend(path.and_then(|path| walker.by_directory.get(path.as_str()).copied()));
        }
    }
    let mut found = Vec::new();
    let leaves = (0..all.len()).filter(|index| !all[*index].component && !included.contains(index));
    for index in leaves {
        follow(walker, index, &mut found);
    }
    // Kustomizations that include each other in a circle.
    for index in (0..all.len()).filter(|&index| !all[index].component) {
        if !walker.touched.contains(&index) {
            follow(walker, index, &mut found);
        }
    }
    if walker.is_exhausted() {
        blur(walker);
    }
    found
}

fn follow(walker: &mut Walker<'_>, index: usize, found: &mut Vec<Found>) {
    let mut closure = Closure::default();
    walker.visit(index, None, &mut closure);
    // A path that is not in the input says nothing.
    if closure.reached.is_empty() && walker.all[index].deploys {
        return;
    }
    let number = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let mut objects = Vec::with_capacity(closure.reached.len());
    for reached in closure.reached {
        objects.push((reached.manifest, reached.object));
        let stated = &walker.manifests[reached.manifest].objects[reached.object].namespace;
        walker.effects.merge(reached, stated, number);
    }
    let kustomization = &walker.all[index];
    found.push(Found {
        own: (!kustomization.deploys && !closure.plain).then(|| kustomization.directory.clone()),
        manifest: walker.all[index].manifest,
        directories: if closure.plain {
            BTreeSet::new()
        } else {
            closure.directories
        },
        remote: closure.remote,
        objects,
    });
}

/// A kustomization's own directory belongs to what it closes, if only for its name, where nothing else lies in it.
fn own_directories(walker: &Walker<'_>, notes: &mut Notes, found: &mut [Found]) {
    for closure in found {
        let Some(own) = closure.own.take() else { continue };
        let is_free = walker.files_of(&own).iter().all(|&file| {
            let manifest = &walker.manifests[file];
            let mut objects = 0..manifest.objects.len();
            model::find(manifest).is_some()
                || objects.all(|object| notes.get(file, object).flags.has(ObjectFlags::PATCH))
        });
        if is_free {
            closure.directories.insert(own);
        }
    }
}

/// More than can be followed: of all that any kustomization includes, nothing is known.
fn blur(walker: &mut Walker<'_>) {
    let manifests = walker.manifests;
    for kustomization in walker.all {
        for path in &kustomization.resources {
            let path = scopes::join(&kustomization.directory, path);
            let Some(&file) = path.and_then(|path| walker.by_path.get(path.as_str())) else {
                continue;
            };
            for (number, object) in manifests[file].objects.iter().enumerate() {
                walker.effects.blur(file, number);
                walker.marks.add(file, object.root, true);
            }
        }
    }
}

/// Objects of files that are patches or configure kustomize, unless they are resources somewhere.
fn configuration(walker: &Walker<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for kustomization in walker.all {
        let patches = kustomization.transform.patches.iter().map(|patch| &patch.source);
        let files = patches
            .chain(&kustomization.transform.replacements)
            .filter_map(|source| match source {
                Source::Path(path) => Some(path),
                Source::Inline(_) | Source::Node(_) => None,
            })
            .chain(&kustomization.configuration);
        for path in files {
            let path = scopes::join(&kustomization.directory, path);
            let Some(&file) = path.and_then(|path| walker.by_path.get(path.as_str())) else {
                continue;
            };
            let count = walker.manifests[file].objects.len();
            found.extend(
                (0..count)
                    .filter(|&object| walker.effects.of(file, object).is_none())
                    .map(|object| (file, object)),
            );
        }
    }
    found
}

/// Adds the ConfigMaps and Secrets that a kustomization generates to its own manifest, so that nobody calls them missing.
/// What they hold is not known; their place is the generator's entry.
fn generate(manifest: &mut Manifest, generators: &[Generator]) {
    for generator in generators {
        let span = manifest.spans.get(generator.node as usize).copied().unwrap_or_default();
        let part = &mut manifest.part;
        let plain = Flags::default();
        let text = |text| plimsoll_tree::write::Scalar::Text(text);
        let root = part.open(Kind::Map, None, plain);
        part.scalar(Some(word!("apiVersion")), plain, text("v1"));
        part.scalar(Some(word!("kind")), plain, text(generator.kind));
        part.open(Kind::Map, Some(word!("metadata")), plain);
        part.scalar(Some(word!("name")), plain, text(&generator.name));
        part.close();
        part.open(Kind::Map, Some(word!("data")), Flags::NOT_FINAL);
        part.close();
        part.close();
        manifest.spans.resize(part.len() as usize, span);
        manifest.keys.resize(part.len() as usize, crate::read::Span::EMPTY);
        manifest.objects.push(ReadObject {
            root,
            document: 0,
            group: String::new(),
            version: "v1".to_owned(),
            kind: generator.kind.to_owned(),
            namespace: generator.namespace.clone().map_or(Namespace::Unset, Namespace::Named),
            name: generator.name.clone(),
            owner: None,
        });
    }
}
