//! The root of the input: the folder that all paths count from.

use std::path::{Component, Path, PathBuf};

/// The repository that the working directory lies in, else the working directory itself.
#[derive(Clone)]
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

    /// The same, with paths counted from another folder.
    pub fn at(self, folder: PathBuf) -> Self {
        Root { root: folder, ..self }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// Whether the working directory is this folder.
    pub fn is_at_top(&self) -> bool {
        self.root == self.working
    }

    /// Where a config may be: from the working directory up to the root.
    pub fn upwards(&self) -> impl Iterator<Item = PathBuf> {
        self.working
            .ancestors()
            .take_while(|folder| folder.starts_with(&self.root))
            .map(|folder| folder.join(plimsoll_core::config::FILE_NAME))
    }

    /// The folder that a file lies in.
    pub fn folder_of(&self, file: &Path) -> PathBuf {
        let whole = normal(&self.working.join(file));
        whole.parent().unwrap_or(&self.root).to_path_buf()
    }

    /// The file that is shown so.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
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
