//! From bytes to objects with the place of every node, read as kubectl reads.

mod builder;
mod decode;
mod fallback;
mod input;
mod json;
mod load;
mod manifest;
mod marks;
mod mend;
mod number;
mod objects;
mod pending;
mod place;
mod position;
mod raw;
mod scalar;
mod split;
mod template;
mod yaml;

pub use load::{manifest, manifest_of_text};
pub use manifest::{
    Comment, Document, Encoding, Manifest, Namespace, ReadError, ReadFailure, ReadObject, Remark, RemarkKind, Renderer,
    Rendering, Skip, Span, Standing,
};
pub use position::{Lines, Position};
pub use raw::{Broken, Members, members, members_along};
pub use template::looks_like_manifest;

/// Whether a text that stands without quotes is read as a text.
pub(crate) fn is_plain_text(text: &str) -> bool {
    matches!(scalar::plain(text), scalar::Value::Text(_))
}

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
