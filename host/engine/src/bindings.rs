//! What wasmtime generates from the contract. Nothing of it leaves this crate.
//!
//! Only types and exports are used. The imports are lent by hand (`host`), as generated ones get no store: they could not
//! charge fuel.

#![allow(missing_docs, reason = "generated; the contract holds the comments")]
#![allow(clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "wit",
    world: "policy",
});
