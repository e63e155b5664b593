//! One file for each command: a struct of arguments with `run`.

pub mod check;
pub mod explain;
pub mod fix;
pub mod hook;
pub mod policies;
pub mod read;
pub mod rules;
