//! Writing trees: a [`Part`] for each file, in parallel; a [`Writer`] that joins them.
//!
//! Both number their texts on their own; joining renames the symbols of a part to those of the whole.

mod interner;
mod part;
mod splice;
mod texts;
mod workers;
mod writer;

use crate::MAX_SYMBOLS;

pub use part::{Part, Removed};
pub use splice::{Change, Edit, Spliced};
pub use workers::{Alone, Workers};
pub use writer::{NewScope, Writer};

/// The tree would not fit its 32-bit words: 4 GiB, or 2²⁴ - 2 different texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "more than one tree can hold: 4 GiB, or {MAX_SYMBOLS} different texts"
        )
    }
}

impl std::error::Error for TooLarge {}

/// A scalar's value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Scalar<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
}
