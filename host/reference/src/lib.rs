//! The reference of the rules, `docs/rules/`: one page a rule, with the same text as `plimsoll explain`, and an index.
//! `cargo dev reference` writes it.
//!
//! Severities, confidences and fixes are those of the findings that a rule's page and cases show, so the reference says
//! what the rule does, not what somebody meant it to do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

pub mod catalogue;
mod index;
mod page;

/// Where the pages lie, from the checkout's root.
pub const FOLDER: &str = "docs/rules";

/// All files of the reference, by their paths from the checkout's root. Runs every page's examples and every case.
///
/// # Errors
/// When a page or a case does not hold, or settings are of a form that the index does not know.
pub fn files(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let catalogue = catalogue::read(root)?;
    let known = catalogue::ids(&catalogue);
    let mut files = BTreeMap::new();
    for policy in &catalogue {
        for rule in &policy.rules {
            let path = Path::new(FOLDER).join(&policy.name).join(format!("{}.md", rule.id));
            files.insert(path, page::text(policy, rule, &known)?);
        }
    }
    files.insert(Path::new(FOLDER).join("README.md"), index::text(&catalogue)?);
    Ok(files)
}

/// Writes the files that differ and removes pages of rules that are no more. Returns what was written or removed.
///
/// # Errors
/// Those of [`files`], and when a file cannot be read, written or removed.
pub fn write(root: &Path) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for (path, text) in stale(root)? {
        let whole = root.join(&path);
        match text {
            Some(text) => {
                whole.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(&whole, text)
            }
            None => fs::remove_file(&whole),
        }
        .with_context(|| whole.display().to_string())?;
        changed.push(path);
    }
    Ok(changed)
}

/// Fails when a file is not as it would be written.
///
/// # Errors
/// Names the files and the command that mends them; those of [`files`].
pub fn check(root: &Path) -> Result<()> {
    let stale: Vec<String> = stale(root)?.keys().map(|path| path.display().to_string()).collect();
    if !stale.is_empty() {
        bail!("not up to date: {}: run `cargo dev reference`", stale.join(", "));
    }
    Ok(())
}

/// The files that differ from what they should be, with what they should be; nothing for those that should not be.
fn stale(root: &Path) -> Result<BTreeMap<PathBuf, Option<String>>> {
    let mut stale = BTreeMap::new();
    for path in pages(root, Path::new(FOLDER))? {
        stale.insert(path, None);
    }
    for (path, text) in files(root)? {
        if fs::read_to_string(root.join(&path)).ok().as_ref() == Some(&text) {
            stale.remove(&path);
        } else {
            stale.insert(path, Some(text));
        }
    }
    Ok(stale)
}

/// The Markdown files under a folder, by their paths from the root.
fn pages(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return Ok(found);
    };
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.extend(pages(root, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    Ok(found)
}
