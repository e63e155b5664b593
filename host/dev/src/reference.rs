//! The reference of the rules, `docs/rules`: by a program of its own, for it runs the policies, and `cargo dev` must start
//! when they do not compile.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Writes the reference, or only compares it.
///
/// # Errors
/// When the program does not build, a page does not hold, or (`check`) a file is not as it would be written.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "-q", "-p", "plimsoll-reference", "--"]);
    command.args(check.then_some("--check")).current_dir(root);
    let status = command.status().context("cargo cannot be run")?;
    ensure!(status.success(), "the reference of the rules is not as it should be");
    Ok(())
}
