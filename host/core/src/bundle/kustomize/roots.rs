//! Kustomizations that stand for themselves, and the files that each is made of: what a renderer takes, and where its output
//! came from.

use std::collections::{HashMap, HashSet};

use super::model::{self, Kustomization, Source};
use crate::bundle::scopes;
use crate::read::Manifest;

/// Levels of kustomizations below each other that are followed.
const MAX_DEPTH: usize = 32;

/// Files that are listed of one kustomization.
const MAX_FILES: usize = 20_000;

/// A kustomization that no other includes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KustomizationRoot {
    /// Its folder, as reports show it; empty for the root of the input.
    pub directory: String,
    /// Its own file.
    pub file: String,
    /// The files of the input that it is made of, its own among them.
    pub files: Vec<String>,
    /// Files and folders that it names and that are not in the input.
    pub missing: Vec<String>,
    /// What it names that lies elsewhere: addresses of repositories and files.
    pub remote: Vec<String>,
}

/// What a file is to a kustomization.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::bundle) enum Use {
    /// A kustomization itself.
    Kustomization,
    /// It holds objects.
    Resource,
    /// A patch: in a file of its own, or this number of the kustomization's.
    Patch(usize),
    /// It is only named.
    Other,
}

/// A file in the closure of a kustomization.
pub(in crate::bundle) struct Part {
    pub(in crate::bundle) manifest: usize,
    /// The kustomization that names it.
    pub(in crate::bundle) by: usize,
    pub(in crate::bundle) used: Use,
    /// What comes before and behind the names of its objects.
    pub(in crate::bundle) prefix: String,
    pub(in crate::bundle) suffix: String,
}

/// What a kustomization is made of, in order: what has the last word comes first.
#[derive(Default)]
pub(in crate::bundle) struct Listing {
    pub(in crate::bundle) parts: Vec<Part>,
    missing: Vec<String>,
    remote: Vec<String>,
    open: Vec<usize>,
}

/// The kustomizations of an input, rendered or not.
pub(in crate::bundle) struct Known<'a> {
    manifests: &'a [Manifest],
    pub(in crate::bundle) all: Vec<Kustomization>,
    by_directory: HashMap<String, usize>,
    by_path: HashMap<&'a str, usize>,
}

/// Kustomizations that no other of the input includes, in the order of their files. Only files that kustomize takes by their
/// name are looked at.
#[must_use]
pub fn kustomization_roots(manifests: &[Manifest]) -> Vec<KustomizationRoot> {
    let known = Known::new(manifests);
    let mut included: HashSet<usize> = HashSet::new();
    for kustomization in &known.all {
        for path in kustomization.resources.iter().chain(&kustomization.components) {
            included.extend(known.directory(kustomization, path));
        }
    }
    let stands = |index: &usize| {
        let kustomization = &known.all[*index];
        let replaced = manifests[kustomization.manifest].is_replaced();
        !kustomization.component && !replaced && !included.contains(index)
    };
    (0..known.all.len())
        .filter(stands)
        .map(|index| known.root(index))
        .collect()
}

impl<'a> Known<'a> {
    pub(in crate::bundle) fn new(manifests: &'a [Manifest]) -> Self {
        let mut known = Known {
            manifests,
            all: Vec::new(),
            by_directory: HashMap::new(),
            by_path: HashMap::new(),
        };
        for (index, manifest) in manifests.iter().enumerate() {
            known.by_path.entry(manifest.path.as_str()).or_insert(index);
            if !model::has_name(&manifest.path) {
                continue;
            }
            if let Some((root, component)) = model::find(manifest) {
                let kustomization = model::read(manifest, index, root, component);
                let number = known.all.len();
                known
                    .by_directory
                    .entry(kustomization.directory.clone())
                    .or_insert(number);
                known.all.push(kustomization);
            }
        }
        known
    }

    /// The files of the kustomization in this folder.
    pub(in crate::bundle) fn listing(&self, directory: &str) -> Listing {
        let mut listing = Listing::default();
        if let Some(&index) = self.by_directory.get(directory) {
            self.walk(index, "", "", &mut listing);
        }
        listing
    }

    fn root(&self, index: usize) -> KustomizationRoot {
        let mut listing = Listing::default();
        self.walk(index, "", "", &mut listing);
        let path = |part: &Part| self.manifests[part.manifest].path.clone();
        let mut files: Vec<String> = listing.parts.iter().map(path).collect();
        for list in [&mut files, &mut listing.missing, &mut listing.remote] {
            list.sort();
            list.dedup();
        }
        let kustomization = &self.all[index];
        KustomizationRoot {
            directory: kustomization.directory.clone(),
            file: self.manifests[kustomization.manifest].path.clone(),
            files,
            missing: listing.missing,
            remote: listing.remote,
        }
    }

    fn directory(&self, from: &Kustomization, path: &str) -> Option<usize> {
        let path = scopes::join(&from.directory, path)?;
        self.by_directory.get(path.as_str()).copied()
    }

    fn walk(&self, index: usize, prefix: &str, suffix: &str, listing: &mut Listing) {
        let Some(kustomization) = self.all.get(index) else {
            return;
        };
        let full = listing.open.len() >= MAX_DEPTH || listing.parts.len() >= MAX_FILES;
        if full || listing.open.contains(&index) {
            return;
        }
        listing.open.push(index);
        let transform = &kustomization.transform;
        let inner_prefix = format!("{prefix}{}", transform.prefix);
        let inner_suffix = format!("{}{suffix}", transform.suffix);
        let add = |listing: &mut Listing, manifest: usize, used: Use| {
            listing.parts.push(Part {
                manifest,
                by: index,
                used,
                prefix: inner_prefix.clone(),
                suffix: inner_suffix.clone(),
            });
        };
        add(listing, kustomization.manifest, Use::Kustomization);
        for (number, patch) in transform.patches.iter().enumerate() {
            match &patch.source {
                Source::Path(path) => match self.file(kustomization, path, listing) {
                    Some(file) => add(listing, file, Use::Patch(number)),
                    None => continue,
                },
                Source::Inline(_) | Source::Node(_) => add(listing, kustomization.manifest, Use::Patch(number)),
            }
        }
        for path in &kustomization.components {
            match self.directory(kustomization, path) {
                Some(next) => self.walk(next, prefix, suffix, listing),
                None => note(kustomization, path, listing),
            }
        }
        let replacements = transform.replacements.iter().filter_map(|source| match source {
            Source::Path(path) => Some(path),
            Source::Inline(_) | Source::Node(_) => None,
        });
        for path in replacements.chain(&kustomization.configuration) {
            if let Some(file) = self.file(kustomization, path, listing) {
                add(listing, file, Use::Other);
            }
        }
        for path in &kustomization.resources {
            if let Some(next) = self.directory(kustomization, path) {
                self.walk(next, &inner_prefix, &inner_suffix, listing);
            } else if let Some(file) = self.file(kustomization, path, listing) {
                add(listing, file, Use::Resource);
            }
        }
        listing.open.pop();
    }

    /// A file of the input; else it is noted as missing.
    fn file(&self, from: &Kustomization, path: &str, listing: &mut Listing) -> Option<usize> {
        let joined = scopes::join(&from.directory, path);
        let found = joined.and_then(|path| self.by_path.get(path.as_str()).copied());
        if found.is_none() {
            note(from, path, listing);
        }
        found
    }
}

fn note(from: &Kustomization, path: &str, listing: &mut Listing) {
    if is_remote(path) {
        listing.remote.push(path.to_owned());
    } else if let Some(path) = scopes::join(&from.directory, path) {
        listing.missing.push(path);
    }
}

/// Whether a resource lies in another repository or on a server, as kustomize takes it.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md>
fn is_remote(path: &str) -> bool {
    let hosts = ["github.com", "gitlab.com", "bitbucket.org", "gh:", "git@", "git::"];
    path.contains("://") || path.contains("?ref=") || hosts.iter().any(|host| path.starts_with(host))
}
