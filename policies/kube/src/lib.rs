//! Kubernetes semantics over the tree: what every rule depends on, once.
//!
//! Three-valued throughout ([`Value`]): what is not final in the source (templates, `${…}`, patches) is unknown, and unknown
//! never matches and never mismatches.

mod bundle;
mod node;

pub use bundle::{Bundle, Join, Object};
pub use node::{Node, Value};
pub use plimsoll_tree::{Flags, Kind, ObjectFlags, Role, Symbol, Tree, word};
