//! What a kustomization sets in what it includes, other than namespace and labels: patches, replacements, images,
//! replicas. (What `vars` replace, every `$(NAME)`, is not final from the start.)

use std::collections::{HashMap, HashSet};

use super::closure::{Reached, Walker, object_of};
use super::fields;
use super::marks::{self, Object};
use super::model::{Kustomization, Patch, Source, Target, Transform};
use crate::bundle::peek::Peek;
use crate::bundle::scopes;
use crate::read::{Limits, Manifest, Namespace};

impl<'a> Walker<'a> {
    /// Marks what a kustomization sets in what was reached, once for each object.
    pub(super) fn mark(&mut self, index: usize, reached: &mut [Reached]) {
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
                if fields::operations(patch, object, &mut self.marks) {
                    reached[position].namespace = Some(Namespace::Unknown);
                }
            } else {
                marks::merge(patch, object, &mut self.marks);
            }
        }
    }

    /// Everything that a target matches is unknown; without a target that is everything.
    fn unknown(&mut self, target: Option<&Target>, reached: &mut [Reached], found: &Candidates) {
        let everything = Target::default();
        let target = target.unwrap_or(&everything);
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
                        if fields::field_path(path, object, &mut self.marks) {
                            reached[position].namespace = Some(Namespace::Unknown);
                        }
                    }
                }
            }
        }
    }

    /// Images, replicas, and transformers that may do anything.
    fn set(&mut self, transform: &Transform, reached: &mut [Reached], found: &Candidates) {
        let images: HashSet<&str> = transform.images.iter().map(String::as_str).collect();
        for &position in &found.everything {
            let Some((object, _)) = self.target(&reached[position], &Target::default()) else {
                continue;
            };
            if !images.is_empty() || transform.opaque {
                self.steps += u64::from(marks::size(object.root));
            }
            if !images.is_empty() {
                fields::images(&images, object, &mut self.marks);
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
                    fields::replicas(object, &mut self.marks);
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
/// The group of an `apiVersion`.
fn group_of(version: &str) -> &str {
    version.rsplit_once('/').map_or("", |(group, _)| group)
}

fn read_inline(text: &str) -> Manifest {
    crate::read::manifest("", text.as_bytes(), &Limits::default())
}
