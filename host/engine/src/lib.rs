//! Runs policy components in wasmtime: without any capability, and under limits of fuel, time, memory and answer.
//!
//! ```text
//! bytes ─ Component::new ─► compiled (or from the cache), imports checked ─ policy ─► Policy, described
//! Bundle + rules + settings ─ Judge::check ─► fresh instance, one call ─► Violations, or an EvaluationFailure
//! ```
//!
//! A policy is a pure function, so nothing of an instance is kept between two calls: what one review saw cannot reach the
//! next. What goes wrong in a policy is an [`EvaluationFailure`], told by the type of the error, never by its text.
//!
//! [`EvaluationFailure`]: plimsoll_core::policy::EvaluationFailure

mod bindings;
mod cache;
mod code;
mod compile;
mod component;
mod convert;
mod describe;
mod failure;
mod gate;
mod host;
mod limits;
mod options;
mod policy;
mod settings;

mod engine;

pub use cache::digest;
pub use component::{Component, MAX_PARTS, Origin};
pub use engine::Engine;
pub use options::{Allocation, EngineOptions, Limits};
pub use policy::Policy;

/// Least stack, in bytes, of a thread that calls a policy. Guests may use half of it; on a smaller one a guest that
/// recurses without end would end the process instead of its own call.
pub const GUEST_STACK: usize = 1 << 20;

/// Largest component, in bytes, that is loaded. A policy written in JavaScript, its interpreter included, has some 1.6 MB.
pub const MAX_COMPONENT: usize = 16 << 20;

/// Name of the one interface that a policy may import.
const IMPORT: &str = "plimsoll:policy/bundle@0.1.0";
/// Name of the interface that a policy exports.
const EXPORT: &str = "plimsoll:policy/judge@0.1.0";
