//! One file for each command: a struct of arguments with `run`.

pub mod check;
pub mod completions;
pub mod explain;
pub mod fix;
pub mod hook;
pub mod init;
pub mod man;
pub mod policies;
pub mod read;
pub mod rules;
pub mod serve;
