//! Scratch repositories of git.

use std::path::Path;
use std::process::Command;

use crate::{Run, tool, write};

/// A repository, gone when it is dropped.
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// With a first commit of these files, on the branch `main`. None where there is no git, which is said.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Option<Repository> {
        let repository = Repository::empty()?;
        repository.commit(files);
        Some(repository)
    }

    /// Without a commit.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn empty() -> Option<Repository> {
        tool("git")?;
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch folder: {error}"));
        let repository = Repository { folder };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        // For those too who type git in it by themselves.
        for (key, value) in [
            ("user.name", "Test"),
            ("user.email", "test@example.invalid"),
            ("core.autocrlf", "false"),
        ] {
            repository.git(&["config", key, value]);
        }
        Some(repository)
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs git in it.
    ///
    /// # Panics
    /// When that fails.
    pub fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_INDEX_FILE")
            .output();
        let output = output.unwrap_or_else(|error| panic!("git cannot be run: {error}"));
        assert!(
            output.status.success(),
            "{arguments:?} {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Writes a file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        write(&self.path().join(path), text.as_bytes());
    }

    /// Writes files and stages them.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn put(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.write(path, text);
            self.git(&["add", path]);
        }
    }

    /// Writes files and commits them.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn commit(&self, files: &[(&str, &str)]) {
        self.put(files);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "Change"]);
    }

    /// Runs the program in it, or in a folder of it, with these variables beside those of the test.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, program: &str, folder: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.path().join(folder))
            .env_remove("PRE_COMMIT_FROM_REF")
            .env_remove("PRE_COMMIT_TO_REF")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GITHUB_ACTIONS")
            .envs(environment.iter().copied())
            .output();
        let output = output.unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
