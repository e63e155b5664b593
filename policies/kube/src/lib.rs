//! Kubernetes semantics over the tree: what every rule depends on, once.
//!
//! Three-valued throughout ([`Value`]): what is not final in the source (templates, `${…}`, patches) is unknown, and unknown
//! never matches and never mismatches.

pub mod base64;
mod bundle;
pub mod bytes;
pub mod command;
mod container;
pub mod dashboard;
pub mod duration;
mod env;
mod environment;
mod hook;
pub mod hosts;
pub mod image;
pub mod listen;
mod lookup;
mod mounts;
mod namespace;
mod near;
pub mod netpol;
mod node;
pub mod openchoreo;
pub mod operators;
mod quantity;
pub mod routes;
pub mod selector;
mod service;
pub mod shell;
mod stage;
mod symbols;
mod visible;
mod work;
mod workload;

pub use bundle::{Bundle, Join, Object};
pub use container::{Container, ContainerClass, ContainerPort};
pub use env::{EnvEntry, EnvFrom, EnvFromSource, EnvSource, KeyRef};
pub use environment::{Environment, Variable};
pub use hook::Hook;
pub use mounts::{MountedFile, Mounts, mounts_of};
pub use near::near_miss;
pub use node::{Node, Value};
pub use operators::{Made, Operators, Place, Product};
pub use plimsoll_tree::glob;
pub use plimsoll_tree::{Flags, Kind, ObjectFlags, Role, Symbol, Tree, vocabulary, word};
pub use quantity::Quantity;
pub use service::{Selected, Selection, ServicePort, Target, is_headless, service_ports};
pub use stage::{Stage, Staged};
pub use workload::{Class, Dialect, WORKLOAD_KINDS, Workload, joined, workloads_of};

#[cfg(test)]
mod scaling;
