//! What the tree promises, held against plain models of it.
#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

mod changes;
mod format;
mod hostile;
mod model;
mod probe;
mod relation;
mod roundtrip;
mod vocabulary;
