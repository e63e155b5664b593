//! What must pass before a change is handed in: the same as in CI.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{catalogue, reference};

/// The steps that cargo does, in order.
const STEPS: [&[&str]; 3] = [
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    &["test", "--workspace"],
];

/// Runs all steps in order and stops at the first that fails.
///
/// # Errors
/// Names the step.
pub fn run(root: &Path) -> Result<()> {
    catalogue::check(root)?;
    reference::run(root, true)?;
    for step in STEPS {
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(step)
            .current_dir(root)
            .status()
            .context("cargo cannot be run")?;
        if !status.success() {
            bail!("`cargo {}` failed", step.join(" "));
        }
    }
    Ok(())
}
