//! The objects judged together, as one tree with the place of every node.

use std::sync::Arc;

use crate::read::Manifest;

/// The bundle: what policies are lent, and what the host needs to find its way back to the sources.
pub struct Bundle {
    /// The flat tree that is lent.
    pub words: Arc<[u32]>,
    /// The files, in the order of the tree.
    pub manifests: Vec<Manifest>,
    /// For each manifest, where its nodes start in the tree; ascending.
    pub offsets: Vec<u32>,
}
