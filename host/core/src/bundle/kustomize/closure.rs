//! One closure per leaf kustomization: what it includes, and what is done to it on the way up.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::effects::{Effects, Label};
use super::marks::Marks;
use super::model::{Kustomization, To};
use crate::bundle::scopes;
use crate::read::{Manifest, Namespace};

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
    pub(super) inline: HashMap<(usize, usize), Option<Manifest>>,
    /// What a kustomization has marked in an object already, and whether it patched its namespace.
    pub(super) done: HashMap<(usize, usize, usize), bool>,
    pub(super) steps: u64,
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

    /// The files of a directory.
    pub(super) fn files_of(&self, directory: &str) -> &[usize] {
        self.files.get(directory).map_or(&[], Vec::as_slice)
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
}

pub(super) fn object_of<'a>(manifests: &'a [Manifest], reached: &Reached) -> Option<&'a crate::read::ReadObject> {
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
/// Where labels of one kind go also covers where those of another go.
pub(super) fn covers(outer: To, inner: To) -> bool {
    (outer == To::Annotations) == (inner == To::Annotations) && outer >= inner
}
