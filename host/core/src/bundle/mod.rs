//! The objects judged together, as one tree with the place of every node.
//!
//! Files are joined in the order given. Before, kustomizations are applied, patches recognised, namespaces settled, exact
//! duplicates dropped, and directories that are alternatives told apart; see the modules.

pub(crate) mod back;
mod content;
mod copies;
mod duplicates;
mod facts;
mod identity;
mod index;
mod kinds;
mod kustomize;
mod notes;
mod partial;
mod peek;
mod place;
mod rewrite;
mod scopes;
mod write;

use std::sync::{Arc, OnceLock};

pub use self::kustomize::roots::{KustomizationRoot, kustomization_roots};
pub use plimsoll_tree::write::Workers;
use plimsoll_tree::write::{Alone, TooLarge};
use plimsoll_tree::{Role, Tree};
use serde_json::{Map, Value};

use self::notes::Notes;
pub use self::place::Location;
use crate::read::Manifest;

/// The bundle: what policies are lent, and what the host needs to find its way back to the sources.
pub struct Bundle {
    /// The flat tree that is lent.
    pub words: Arc<Vec<u32>>,
    /// The files, in the order of the tree. Their nodes may have been changed by kustomizations.
    pub manifests: Vec<Manifest>,
    /// For each manifest, where its nodes start in the tree; ascending. The nodes of the facts come after the last.
    pub offsets: Vec<u32>,
    /// The first node after those of the manifests.
    end: u32,
    places: place::Places,
    closures: Vec<Closure>,
    /// For each object the closures that include it, as a range of `included`.
    includes: Vec<(u32, u32)>,
    included: Vec<u32>,
    indexes: OnceLock<index::Indexes>,
    copies: OnceLock<Vec<u32>>,
}

/// What is said of the whole beside the files.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// Namespace of objects that name none and that no kustomization gives one. None: they are in "the bundle's namespace".
    pub default_namespace: Option<String>,
    /// Kubernetes version, such as `1.35`.
    pub kubernetes: Option<String>,
    /// OpenChoreo version, such as `1.2`.
    pub openchoreo: Option<String>,
    /// Namespaces whose objects are all in the input.
    pub closed_world: Vec<String>,
    /// Environments by glob of paths.
    pub environments: Map<String, Value>,
    /// The environment of everything: `dev`, `staging`, `prod`.
    pub environment: Option<String>,
    /// What is known of the cluster.
    pub cluster: Map<String, Value>,
    /// The admission request.
    pub request: Option<Value>,
    /// Why each manifest is in the bundle, by its index; those that are missing here are judged.
    pub roles: Vec<Role>,
    /// Directories mean nothing, and namespaces alone hold things apart: where all objects are those of one cluster.
    pub no_alternatives: bool,
    /// What is only looked at lies in no directory: every file sees it, and it sees every file. Where files are judged in
    /// the light of a cluster.
    pub everywhere: bool,
}

/// What one leaf kustomization (or what deploys a path: an Argo CD Application, a Flux Kustomization) includes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closure {
    /// Path of the file that says so.
    pub path: String,
    /// Index of its manifest.
    pub manifest: usize,
    /// Whether some of it is not in the input: remote resources, inflated charts.
    pub remote: bool,
}

impl Bundle {
    /// Joins manifests. Their paths are relative to the root of the input, with `/`; what has no `/` lies in the root.
    ///
    /// # Errors
    /// When they are more than one tree can hold.
    pub fn build(manifests: Vec<Manifest>, options: &Options) -> Result<Bundle, TooLarge> {
        Self::build_with(manifests, options, &Alone)
    }

    /// The same by several threads. The bundle is the same whoever works.
    ///
    /// # Errors
    /// When they are more than one tree can hold.
    pub fn build_with(
        mut manifests: Vec<Manifest>,
        options: &Options,
        workers: &dyn Workers,
    ) -> Result<Bundle, TooLarge> {
        let kustomizations = kustomize::find(&mut manifests, workers);
        let mut notes = Notes::new(&manifests, &options.roles);
        let closures = kustomize::apply(&kustomizations, &mut manifests, &mut notes, workers);
        partial::apply(&mut manifests, &mut notes, workers);
        write::join(manifests, notes, &closures, options, workers)
    }

    /// A bundle of a tree that was made elsewhere, such as in a test. Files may be missing: then no node is located.
    #[must_use]
    pub fn from_tree(words: Arc<Vec<u32>>, manifests: Vec<Manifest>, offsets: Vec<u32>) -> Bundle {
        let end = match (offsets.last(), manifests.last()) {
            (Some(offset), Some(manifest)) => offset.saturating_add(manifest.part.len()),
            _ => 0,
        };
        let places = Tree::read(&words).map(place::Places::new).unwrap_or_default();
        Bundle {
            words,
            manifests,
            offsets,
            end,
            places,
            closures: Vec::new(),
            includes: Vec::new(),
            included: Vec::new(),
            indexes: OnceLock::new(),
            copies: OnceLock::new(),
        }
    }

    /// The tree, to be read in place.
    ///
    /// # Panics
    /// When the bundle was made of words that are no tree.
    #[must_use]
    pub fn tree(&self) -> Tree<'_> {
        Tree::read(&self.words).expect("the words of a bundle are a tree")
    }

    /// All closures, in the order of their files.
    #[must_use]
    pub fn closures(&self) -> &[Closure] {
        &self.closures
    }

    /// The closures that include an object.
    pub fn closures_of(&self, object: u32) -> impl Iterator<Item = &Closure> {
        let (start, end) = self.includes.get(object as usize).copied().unwrap_or_default();
        let numbers = self.included.get(start as usize..end as usize).unwrap_or_default();
        numbers.iter().filter_map(|&number| self.closures.get(number as usize))
    }

    /// Of an object that is the copy of a text, such as a template inside a ComponentRelease: the first source with equal
    /// content that it sees. None for sources and for objects that are no copies.
    #[must_use]
    pub fn copy_of(&self, object: u32) -> Option<u32> {
        let copies = self.copies.get_or_init(|| copies::find(&self.tree()));
        copies
            .get(object as usize)
            .copied()
            .filter(|&source| source != plimsoll_tree::NONE)
    }
}
