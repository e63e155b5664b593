//! Puts the built-in policies where `cargo package` finds them: a published crate has no `policies/` beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// What is packed, below the target folder of the policies and below `host/builtin`.
const COMPONENT: &str = "components/policies.wasm";

/// Builds the policies and copies their component to `host/builtin/components/`, which is not checked in. Returns what was
/// written.
///
/// # Errors
/// When the build fails, or a file cannot be written.
pub fn run(root: &Path) -> Result<PathBuf> {
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
    let packed = root.join("host/builtin").join(COMPONENT);
    copy(&target.join("policies").join(COMPONENT), &packed)?;
    Ok(packed)
}

/// The target folder, from cargo's metadata.
fn target_folder(metadata: &str) -> Option<PathBuf> {
    let (_, rest) = metadata.split_once(r#""target_directory":""#)?;
    let (path, _) = rest.split_once('"')?;
    Some(PathBuf::from(path.replace(r"\\", r"\")))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(())
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
        let (from, to) = (folder.path().join("built.wasm"), folder.path().join(COMPONENT));
        assert!(copy(&from, &to).is_err(), "nothing was built");
        for text in ["old", "new"] {
            fs::write(&from, text)?;
            copy(&from, &to)?;
        }
        assert_eq!(fs::read_to_string(&to)?, "new");
        Ok(())
    }
}
