//! Policies that misbehave, built as components from `hostile/examples`, a constant each.
//!
//! They say by their names what they do. One, `harmless`, does nothing wrong: what the others are compared with.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
