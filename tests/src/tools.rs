//! Programs of others that tests run where they are found.

use std::path::PathBuf;

use crate::say;

/// A program in PATH. Without it a line says so and the test is to be skipped; where PLIMSOLL_TESTS is `all` nothing is
/// skipped.
///
/// # Panics
/// When it is missing and PLIMSOLL_TESTS is `all`.
#[must_use]
pub fn tool(name: &str) -> Option<PathBuf> {
    needed(&format!("{name} is not installed"), on_path(name))
}

/// A program in PATH, for a test that can do without it.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// What an environment variable names, a file or a folder that a run of CI hands over; else as [`tool`].
///
/// # Panics
/// When it is missing and PLIMSOLL_TESTS is `all`.
#[must_use]
pub fn handed_over(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.exists());
    needed(&format!("{variable} names nothing that is there"), found)
}

/// Says what is missing, or fails for it.
fn needed<T>(missing: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        skip(missing);
    }
    found
}

/// Says why a test is skipped.
///
/// # Panics
/// When PLIMSOLL_TESTS is `all`.
pub fn skip(missing: &str) {
    let all = std::env::var_os("PLIMSOLL_TESTS").is_some_and(|value| value == "all");
    assert!(!all, "{missing}, and PLIMSOLL_TESTS=all skips nothing");
    say(&format!("skipped: {missing}"));
}
