//! Puts the built-in policies where `cargo package` finds them: a published crate has no `policies/` beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Builds the policies and copies their components to `host/builtin/components/`, which is not checked in. Returns what
/// was written.
///
/// # Errors
/// When the build fails, or a file cannot be written.
pub fn run(root: &Path) -> Result<Vec<PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(&cargo)
        .current_dir(root)
        .arg("build")
        .status()
        .context("cannot start cargo")?;
    ensure!(built.success(), "the policies cannot be built");
    let metadata = Command::new(&cargo)
        .current_dir(root)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo")?;
    let metadata = String::from_utf8(metadata.stdout).context("cargo's metadata is not UTF-8")?;
    let target = target_folder(&metadata).context("cargo does not say where it builds")?;
    copy(
        &target.join("policies/components"),
        &root.join("host/builtin/components"),
    )
}

/// The target folder, from cargo's metadata.
fn target_folder(metadata: &str) -> Option<PathBuf> {
    let (_, rest) = metadata.split_once(r#""target_directory":""#)?;
    let (path, _) = rest.split_once('"')?;
    Some(PathBuf::from(path.replace(r"\\", r"\")))
}

/// Copies every component, and removes those that are no more.
fn copy(from: &Path, to: &Path) -> Result<Vec<PathBuf>> {
    if to.is_dir() {
        fs::remove_dir_all(to).with_context(|| to.display().to_string())?;
    }
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    let mut written = Vec::new();
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        if let (Some("wasm"), Some(name)) = (
            path.extension().and_then(|extension| extension.to_str()),
            path.file_name(),
        ) {
            let copied = to.join(name);
            fs::copy(&path, &copied).with_context(|| path.display().to_string())?;
            written.push(copied);
        }
    }
    written.sort();
    ensure!(!written.is_empty(), "{} holds no components", from.display());
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_read_from_metadata() {
        let metadata = r#"{"packages":[],"target_directory":"/somewhere/target","version":1}"#;
        assert_eq!(target_folder(metadata), Some(PathBuf::from("/somewhere/target")));
        assert_eq!(target_folder("{}"), None);
    }

    #[test]
    fn what_is_packed_is_what_was_built() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(&from)?;
        fs::create_dir_all(&to)?;
        assert!(copy(&from, &to).is_err());
        fs::write(from.join("a.wasm"), "a")?;
        fs::write(from.join("note.txt"), "n")?;
        fs::write(to.join("old.wasm"), "o")?;
        assert_eq!(copy(&from, &to)?, [to.join("a.wasm")]);
        assert!(!to.join("old.wasm").exists());
        Ok(())
    }
}
