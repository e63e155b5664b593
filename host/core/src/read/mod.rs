//! From bytes to objects with the place of every node, read as kubectl reads.

mod load;
mod manifest;
mod position;

pub use manifest::{
    Comment, Document, Encoding, Manifest, Namespace, ReadError, ReadFailure, ReadObject, Remark, RemarkKind, Skip,
    Span,
};
pub use position::{Lines, Position};

use std::sync::Arc;

/// What reading accepts. Every limit has an error of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a file.
    pub size: u64,
    /// Levels of nesting.
    pub depth: u32,
    /// Nodes that aliases and merge keys may add in one file.
    pub aliases: u32,
    /// Documents in one file.
    pub documents: u32,
    /// Nodes in one file.
    pub nodes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            size: 64 << 20,
            depth: 128,
            aliases: 1 << 20,
            documents: 10_000,
            nodes: 1 << 24,
        }
    }
}

/// Reads a file's bytes: decodes, cuts into documents, builds nodes and finds the objects. Never fails as a whole: what
/// could not be read is in [`Manifest::failures`].
#[must_use]
pub fn manifest(path: &str, bytes: &[u8], limits: &Limits) -> Manifest {
    let text: Arc<str> = Arc::from(String::from_utf8_lossy(bytes).as_ref());
    load::quick(path, text, limits)
}
