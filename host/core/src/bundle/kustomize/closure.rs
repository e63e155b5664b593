//! One closure per leaf kustomization: what it includes, and what is done to it on the way up.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::effects::{Effects, Label};
use super::marks::{self, Marks, Object};
use super::model::{Kustomization, Patch, Source, Target, To, Transform};
use crate::bundle::peek::Peek;
use crate::bundle::scopes;
use crate::read::{Limits, Manifest, Namespace};

/// Levels of kustomizations below each other that are followed.
const MAX_DEPTH: usize = 32;

/// Nodes and objects that may be visited for all closures together; beyond, what kustomizations include is unknown.
const MAX_STEPS: u64 = 50_000_000;

/// An object that a closure includes, as it stands at some level.
pub(super) struct Reached {
    pub(super) manifest: usize,
    pub(super) object: usize,
    /// Set by a kustomization below; none: as the object states it.
    pub(super) namespace: Option<Namespace>,
    /// Labels added so far, later ones over earlier ones.
    pub(super) labels: Vec<u32>,
    /// The name with prefixes and suffixes, when it has any.
    pub(super) name: Option<String>,
}

/// What all walks share.
pub(super) struct Walker<'a> {
    pub(super) manifests: &'a [Manifest],
    pub(super) all: &'a [Kustomization],
    pub(super) by_path: HashMap<&'a str, usize>,
    pub(super) by_directory: HashMap<&'a str, usize>,
    /// Files by directory, kustomizations left out.
    files: HashMap<&'a str, Vec<usize>>,
    /// Kustomizations that some closure reached.
    pub(super) touched: HashSet<usize>,
    pub(super) effects: Effects,
    pub(super) marks: Marks,
    /// Inline patches, read once: by kustomization and number of the patch.
    inline: HashMap<(usize, usize), Option<Manifest>>,
    /// What a kustomization has marked in an object already, and whether it patched its namespace.
    done: HashMap<(usize, usize, usize), bool>,
    steps: u64,
}

/// What one walk gathers.
#[derive(Default)]
pub(super) struct Closure {
    pub(super) reached: Vec<Reached>,
    pub(super) directories: BTreeSet<String>,
    pub(super) remote: bool,
    /// A directory without a kustomization is part of it: it closes nothing.
    pub(super) plain: bool,
    /// Kustomizations that are being followed, outermost first.
    open: Vec<usize>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(manifests: &'a [Manifest], all: &'a [Kustomization]) -> Self {
        let mut by_path = HashMap::new();
        let mut files: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, manifest) in manifests.iter().enumerate() {
            by_path.entry(manifest.path.as_str()).or_insert(index);
            files.entry(scopes::directory(&manifest.path)).or_default().push(index);
        }
        let mut by_directory = HashMap::new();
        for (index, kustomization) in all.iter().enumerate().filter(|(_, each)| !each.deploys) {
            by_directory.entry(kustomization.directory.as_str()).or_insert(index);
        }
        Walker {
            manifests,
            all,
            by_path,
            by_directory,
            files,
            touched: HashSet::new(),
            effects: Effects::new(manifests),
            marks: Marks::default(),
            inline: HashMap::new(),
            done: HashMap::new(),
            steps: 0,
        }
    }

    /// Whether the budget is used up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps > MAX_STEPS
    }

    /// Follows a kustomization down, and applies it to all that it includes: what is reached from `from` on (a component
    /// changes what its includer has so far), without it from here on.
    pub(super) fn visit(&mut self, index: usize, from: Option<usize>, closure: &mut Closure) {
        let all = self.all;
        let Some(kustomization) = all.get(index) else { return };
        self.steps += 1000;
        if closure.open.len() >= MAX_DEPTH || self.is_exhausted() {
            closure.remote = true;
            return;
        }
        if closure.open.contains(&index) {
            return;
        }
        closure.open.push(index);
        self.touched.insert(index);
        let start = from.unwrap_or(closure.reached.len());
        closure.remote |= kustomization.remote;
        for path in &kustomization.resources {
            let path = scopes::join(&kustomization.directory, path);
            if let Some(&next) = path.as_ref().and_then(|path| self.by_directory.get(path.as_str())) {
                self.visit(next, None, closure);
            } else if let Some(&file) = path.as_ref().and_then(|path| self.by_path.get(path.as_str())) {
                self.include(file, closure);
            } else if !self.plain_directory(kustomization, path.as_deref(), closure) {
                closure.remote = true;
            }
        }
        for path in &kustomization.components {
            let next = scopes::join(&kustomization.directory, path)
                .and_then(|path| self.by_directory.get(path.as_str()).copied());
            match next {
                Some(next) => self.visit(next, Some(start), closure),
                None => closure.remote = true,
            }
        }
        self.generated(kustomization, closure);
        self.apply(index, start, closure);
        closure.open.pop();
    }

    /// What deploys a directory without a kustomization applies to the files in it, and does not close it.
    fn plain_directory(&mut self, kustomization: &Kustomization, path: Option<&str>, closure: &mut Closure) -> bool {
        let Some(path) = path.filter(|path| kustomization.deploys && !path.is_empty()) else {
            return false;
        };
        let files: Vec<usize> = self.files.get(path).cloned().unwrap_or_default();
        for &file in &files {
            self.include(file, closure);
        }
        closure.plain = true;
        !files.is_empty()
    }

    /// All objects of a file, but those inside others (a List's items are their own).
    fn include(&mut self, file: usize, closure: &mut Closure) {
        let Some(manifest) = self.manifests.get(file) else {
            return;
        };
        closure.directories.insert(scopes::directory(&manifest.path).to_owned());
        for (object, _) in manifest
            .objects
            .iter()
            .enumerate()
            .filter(|&(object, _)| is_top(manifest, object))
        {
            self.steps += 1;
            closure.reached.push(Reached {
                manifest: file,
                object,
                namespace: None,
                labels: Vec::new(),
                name: None,
            });
        }
    }

    /// What a kustomization generates was appended to its manifest's objects.
    fn generated(&mut self, kustomization: &Kustomization, closure: &mut Closure) {
        let count = kustomization.transform.generators.len();
        let Some(manifest) = self.manifests.get(kustomization.manifest).filter(|_| count > 0) else {
            return;
        };
        closure.directories.insert(kustomization.directory.clone());
        for object in manifest.objects.len().saturating_sub(count)..manifest.objects.len() {
            closure.reached.push(Reached {
                manifest: kustomization.manifest,
                object,
                namespace: None,
                labels: Vec::new(),
                name: None,
            });
        }
    }

    /// Applies a kustomization to what was reached from a position on.
    fn apply(&mut self, index: usize, start: usize, closure: &mut Closure) {
        let Some(kustomization) = self.all.get(index) else {
            return;
        };
        let transform = &kustomization.transform;
        let reached = closure.reached.get_mut(start..).unwrap_or_default();
        let added: usize = transform.labels.iter().map(|labels| labels.pairs.len()).sum();
        self.steps += (reached.len() * (1 + added * added)) as u64;
        if self.is_exhausted() {
            return;
        }
        if transform.marks() {
            self.mark(index, reached);
        }
        let labels: Vec<u32> = transform
            .labels
            .iter()
            .flat_map(|labels| labels.pairs.iter().map(|pair| (pair, labels.to)))
            .map(|((key, value), to)| {
                self.effects.label(Label {
                    key: key.clone(),
                    value: value.clone(),
                    to,
                })
            })
            .collect();
        for reached in reached {
            let Some(object) = object_of(self.manifests, reached) else {
                continue;
            };
            if let Some(namespace) = &transform.namespace {
                let stated = reached.namespace.as_ref().unwrap_or(&object.namespace);
                let applies = !transform.only_unset || *stated == Namespace::Unset;
                if applies && !crate::bundle::kinds::is_cluster_scoped(&object.group, &object.kind) {
                    reached.namespace = Some(namespace.clone());
                }
            }
            if !(transform.prefix.is_empty() && transform.suffix.is_empty()) {
                let name = reached.name.as_deref().unwrap_or(&object.name);
                reached.name = Some(format!("{}{name}{}", transform.prefix, transform.suffix));
            }
            self.effects.add_labels(&mut reached.labels, &labels);
        }
    }

    /// Marks what a kustomization sets in what was reached, once for each object.
    fn mark(&mut self, index: usize, reached: &mut [Reached]) {
        let mut fresh: Vec<bool> = Vec::with_capacity(reached.len());
        for reached in &mut *reached {
            match self.done.get(&(index, reached.manifest, reached.object)) {
                Some(patched) => {
                    if *patched {
                        reached.namespace = Some(Namespace::Unknown);
                    }
                    fresh.push(false);
                }
                None => {
                    self.done.insert((index, reached.manifest, reached.object), false);
                    fresh.push(true);
                }
            }
        }
        if !fresh.contains(&true) {
            return;
        }
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, reached) in reached.iter().enumerate().filter(|&(position, _)| fresh[position]) {
            let Some(object) = object_of(self.manifests, reached) else {
                continue;
            };
            by_name.entry(object.name.clone()).or_default().push(position);
            if let Some(name) = reached.name.as_ref().filter(|name| **name != object.name) {
                by_name.entry(name.clone()).or_default().push(position);
            }
        }
        let everything: Vec<usize> = (0..reached.len()).filter(|&position| fresh[position]).collect();
        let all = self.all;
        let Some(kustomization) = all.get(index) else { return };
        let found = Candidates { by_name, everything };
        for number in 0..kustomization.transform.patches.len() {
            self.patch(index, number, reached, &found);
        }
        self.replace(kustomization, reached, &found);
        self.set(&kustomization.transform, reached, &found);
        for &position in &found.everything {
            if reached[position].namespace == Some(Namespace::Unknown) {
                self.done
                    .insert((index, reached[position].manifest, reached[position].object), true);
            }
        }
    }

    fn patch(&mut self, index: usize, number: usize, reached: &mut [Reached], found: &Candidates) {
        let all = self.all;
        let Some(kustomization) = all.get(index) else { return };
        let Some(Patch { source, target }) = kustomization.transform.patches.get(number) else {
            return;
        };
        let manifests = self.manifests;
        let mut documents: Vec<Peek<'_>> = Vec::new();
        // Out of the map while it is used, so that the walker can be changed.
        let mut inline = None;
        match source {
            Source::Path(path) => {
                let file = scopes::join(&kustomization.directory, path)
                    .and_then(|path| self.by_path.get(path.as_str()).copied())
                    .and_then(|file| manifests.get(file));
                match file {
                    Some(file) => documents.extend(file.documents.iter().map(|each| Peek::new(&file.part, each.root))),
                    // A patch that is not in the input could set anything in its target.
                    None => return self.unknown(target.as_ref(), reached, found),
                }
            }
            Source::Inline(text) => {
                inline = self
                    .inline
                    .remove(&(index, number))
                    .unwrap_or_else(|| Some(read_inline(text)));
                if let Some(inline) = &inline {
                    documents.extend(inline.documents.iter().map(|each| Peek::new(&inline.part, each.root)));
                }
                if documents.is_empty() {
                    self.unknown(target.as_ref(), reached, found);
                }
            }
            Source::Node(node) => {
                if let Some(manifest) = manifests.get(kustomization.manifest) {
                    documents.push(Peek::new(&manifest.part, *node));
                }
            }
        }
        for document in documents {
            self.apply_patch(document, target.as_ref(), reached, found);
        }
        if inline.is_some() {
            self.inline.insert((index, number), inline);
        }
    }

    fn apply_patch(&mut self, patch: Peek<'_>, target: Option<&Target>, reached: &mut [Reached], found: &Candidates) {
        let named = Target {
            group: patch
                .get("apiVersion")
                .and_then(Peek::text)
                .map(|version| group_of(version).to_owned()),
            kind: patch.get("kind").and_then(Peek::text).map(str::to_owned),
            name: patch.at(&["metadata", "name"]).and_then(Peek::text).map(str::to_owned),
            namespace: None,
        };
        // Without a target, a patch that does not say which object it means could mean any of its kind.
        let target = target.unwrap_or(&named);
        for &position in found.matching(target) {
            self.steps += 1;
            let Some((object, _)) = self.target(&reached[position], target) else {
                continue;
            };
            self.steps += u64::from(marks::size(object.root)) + u64::from(marks::size(patch));
            if self.is_exhausted() {
                return;
            }
            if patch.is_sequence() {
                if marks::operations(patch, object, &mut self.marks) {
                    reached[position].namespace = Some(Namespace::Unknown);
                }
            } else {
                marks::merge(patch, object, &mut self.marks);
            }
        }
    }

    /// Everything that a target matches is unknown.
    fn unknown(&mut self, target: Option<&Target>, reached: &mut [Reached], found: &Candidates) {
        // Without a target the patch named one, and cannot be read.
        let Some(target) = target else { return };
        for &position in found.matching(target) {
            if let Some((object, _)) = self.target(&reached[position], target) {
                object.mark_all(&mut self.marks);
                reached[position].namespace = Some(Namespace::Unknown);
            }
        }
    }

    fn replace(&mut self, kustomization: &Kustomization, reached: &mut [Reached], found: &Candidates) {
        let manifests = self.manifests;
        for source in &kustomization.transform.replacements {
            let nodes: Vec<Peek<'_>> = match source {
                Source::Node(node) => manifests
                    .get(kustomization.manifest)
                    .map(|manifest| Peek::new(&manifest.part, *node))
                    .into_iter()
                    .collect(),
                Source::Path(path) => scopes::join(&kustomization.directory, path)
                    .and_then(|path| self.by_path.get(path.as_str()).copied())
                    .and_then(|file| manifests.get(file))
                    .into_iter()
                    .flat_map(|file| file.documents.iter().map(|each| Peek::new(&file.part, each.root)))
                    .flat_map(|node| {
                        if node.is_sequence() {
                            node.items().collect()
                        } else {
                            vec![node]
                        }
                    })
                    .collect(),
                Source::Inline(_) => Vec::new(),
            };
            for entry in nodes.iter().flat_map(|node| node.get("targets")).flat_map(Peek::items) {
                let target = entry.get("select").map(Target::read).unwrap_or_default();
                let paths: Vec<&str> = entry.texts_of("fieldPaths").collect();
                for &position in found.matching(&target) {
                    let Some((object, _)) = self.target(&reached[position], &target) else {
                        continue;
                    };
                    self.steps += u64::from(marks::size(object.root)) * (1 + paths.len() as u64);
                    if self.is_exhausted() {
                        return;
                    }
                    for path in &paths {
                        if marks::field_path(path, object, &mut self.marks) {
                            reached[position].namespace = Some(Namespace::Unknown);
                        }
                    }
                }
            }
        }
    }

    /// Images, replicas, variables, and transformers that may do anything.
    fn set(&mut self, transform: &Transform, reached: &mut [Reached], found: &Candidates) {
        let images: HashSet<&str> = transform.images.iter().map(String::as_str).collect();
        for &position in &found.everything {
            let Some((object, _)) = self.target(&reached[position], &Target::default()) else {
                continue;
            };
            if !images.is_empty() || transform.vars || transform.opaque {
                self.steps += u64::from(marks::size(object.root));
            }
            if !images.is_empty() {
                marks::images(&images, object, &mut self.marks);
            }
            if transform.vars {
                marks::variables(object, &mut self.marks);
            }
            if transform.opaque {
                object.mark_all(&mut self.marks);
                reached[position].namespace = Some(Namespace::Unknown);
            }
        }
        for name in &transform.replicas {
            for &position in found.by_name.get(name).into_iter().flatten() {
                let Some((object, kind)) = self.target(&reached[position], &Target::default()) else {
                    continue;
                };
                if matches!(
                    kind,
                    "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController"
                ) {
                    marks::replicas(object, &mut self.marks);
                }
            }
        }
    }

    /// What was reached as something to mark, if the target matches; with its kind.
    fn target(&self, reached: &Reached, target: &Target) -> Option<(Object<'a>, &'a str)> {
        let manifests = self.manifests;
        let manifest = manifests.get(reached.manifest)?;
        let object = manifest.objects.get(reached.object)?;
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let named = |namespace: &Namespace| match namespace {
            Namespace::Named(name) => is(&target.namespace, name),
            Namespace::Unset | Namespace::Unknown => true,
        };
        let namespace = reached.namespace.as_ref().is_none_or(named) || named(&object.namespace);
        let matches = is(&target.group, &object.group) && is(&target.kind, &object.kind) && namespace;
        matches.then(|| {
            let object_to_mark = Object {
                manifest: reached.manifest,
                root: Peek::new(&manifest.part, object.root),
                merges_lists: marks::merges_lists(&object.group),
            };
            (object_to_mark, object.kind.as_str())
        })
    }
}

/// What a patch's target is looked for among: positions in what was reached.
struct Candidates {
    by_name: HashMap<String, Vec<usize>>,
    everything: Vec<usize>,
}

impl Candidates {
    fn matching(&self, target: &Target) -> &[usize] {
        match &target.name {
            Some(name) => self.by_name.get(name).map(Vec::as_slice).unwrap_or_default(),
            None => &self.everything,
        }
    }
}

fn object_of<'a>(manifests: &'a [Manifest], reached: &Reached) -> Option<&'a crate::read::ReadObject> {
    manifests.get(reached.manifest)?.objects.get(reached.object)
}

/// Whether an object stands for itself: in no other, or in a List.
pub(in crate::bundle) fn is_top(manifest: &Manifest, object: usize) -> bool {
    let mut at = manifest.objects.get(object);
    while let Some(owner) = at.and_then(|object| object.owner) {
        at = manifest
            .objects
            .get(owner as usize)
            .filter(|_| (owner as usize) < object);
        if !at.is_some_and(|owner| owner.kind.ends_with("List")) {
            return false;
        }
    }
    true
}

/// The group of an `apiVersion`.
fn group_of(version: &str) -> &str {
    version.rsplit_once('/').map_or("", |(group, _)| group)
}

fn read_inline(text: &str) -> Manifest {
    crate::read::manifest("", text.as_bytes(), &Limits::default())
}

/// Where labels of one kind go also covers where those of another go.
pub(super) fn covers(outer: To, inner: To) -> bool {
    (outer == To::Annotations) == (inner == To::Annotations) && outer >= inner
}
