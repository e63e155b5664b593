//! The schemas of Kubernetes' own kinds, `host/schema/schemas/`: made from `k8s-openapi` for the newest versions it knows,
//! with what `host/schema/facts.txt` adds.
//!
//! `k8s-openapi` holds one version of Kubernetes a build, so a small program is made and built once for each
//! ([`inner`]), all are merged ([`merge`]) and written as text ([`text`]).

mod inner;
mod merge;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// How many versions of Kubernetes there are schemas of.
const VERSIONS: usize = 5;

/// Writes the files that differ, and removes those that are no more. Gives their paths.
///
/// # Errors
/// When the crates cannot be fetched or built, a fact speaks of nothing, or a file cannot be written.
pub fn write(root: &Path) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    let wanted = generate(root)?;
    for path in existing(root)? {
        if !wanted.contains_key(&path) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
            changed.push(path);
        }
    }
    for (path, text) in wanted {
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::create_dir_all(folder(root))?;
            fs::write(&path, text).with_context(|| path.display().to_string())?;
            changed.push(path);
        }
    }
    Ok(changed)
}

/// Fails when a file is not as it would be written.
///
/// # Errors
/// As [`write()`]; names the files and the command that mends them.
pub fn check(root: &Path) -> Result<()> {
    let wanted = generate(root)?;
    let mut stale: Vec<String> = Vec::new();
    for path in existing(root)? {
        if !wanted.contains_key(&path) {
            stale.push(path.display().to_string());
        }
    }
    for (path, text) in &wanted {
        if fs::read_to_string(path).ok().as_ref() != Some(text) {
            stale.push(path.display().to_string());
        }
    }
    if !stale.is_empty() {
        bail!("not up to date: {}: run `cargo dev schemas`", stale.join(", "));
    }
    Ok(())
}

fn folder(root: &Path) -> PathBuf {
    root.join("host/schema/schemas")
}

fn existing(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder(root);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        files.push(entry?.path());
    }
    Ok(files)
}

/// All files as they should be.
fn generate(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let facts = root.join("host/schema/facts.txt");
    let facts = fs::read_to_string(&facts).with_context(|| facts.display().to_string())?;
    let source = inner::run(root)?;
    let mut types = merge::merge(&source.versions)?;
    merge::apply(&mut types, &facts)?;
    let folder = folder(root);
    Ok(text::files(&types, &source)
        .into_iter()
        .map(|(name, text)| (folder.join(name), text))
        .collect())
}
