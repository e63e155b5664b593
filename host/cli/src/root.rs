//! The root of the input: the folder that all paths count from.

use std::path::{Component, Path, PathBuf};

/// The repository that the working directory lies in, else the working directory itself.
pub struct Root {
    root: PathBuf,
    working: PathBuf,
}

impl Root {
    /// Looks upwards for a repository.
    pub fn find() -> std::io::Result<Self> {
        let working = std::env::current_dir()?;
        let root = working
            .ancestors()
            .find(|folder| folder.join(".git").exists())
            .unwrap_or(&working)
            .to_path_buf();
        Ok(Root { root, working })
    }

    /// A path as it is shown and judged: from the root, with `/`; the whole path where it lies outside.
    pub fn name(&self, path: &Path) -> String {
        let whole = normal(&self.working.join(path));
        let shown = whole.strip_prefix(&self.root).unwrap_or(&whole);
        let text = shown.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' {
            text.into_owned()
        } else {
            text.replace(std::path::MAIN_SEPARATOR, "/")
        }
    }
}

/// Without `.` and `..`, by text alone: links are not followed.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
