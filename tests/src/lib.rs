//! What the end-to-end tests share: running the program with nothing of the environment, scratch folders, and a real API
//! server.

pub mod certificates;
pub mod cluster;
pub mod guarded;
pub mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

mod repository;
mod tools;
pub use repository::Repository;
pub use tools::{handed_over, on_path, skip, tool};

/// A Deployment `quay` that listens on 3000 and gives no reason to be named.
pub const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: quay }
spec:
  selector: { matchLabels: { app: quay } }
  template:
    metadata: { labels: { app: quay } }
    spec:
      containers:
        - name: web
          image: registry.invalid/quay:1
          env: [ { name: PORT, value: \"3000\" } ]
          ports: [ { containerPort: 3000 } ]
          readinessProbe: { httpGet: { path: /, port: 3000 } }
          livenessProbe: { httpGet: { path: /alive, port: 3000 } }
";

/// What a run of the program left.
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("not JSON ({error}): {}\n{}", self.stdout, self.stderr),
        }
    }

    /// The findings of JSON output as `rule severity file:line:column kind/name`, in order.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        list(&self.json(), "findings").iter().map(line).collect()
    }
}

/// A member of a JSON report that is a list.
#[must_use]
pub fn list(report: &Value, member: &str) -> Vec<Value> {
    report[member].as_array().cloned().unwrap_or_default()
}

/// A finding of a JSON report in one line.
#[must_use]
pub fn line(finding: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {}:{}:{} {}/{}",
        text(&finding["rule"]),
        text(&finding["severity"]),
        text(&finding["file"]),
        finding["start"]["line"],
        finding["start"]["column"],
        text(&finding["object"]["kind"]),
        text(&finding["object"]["name"]),
    )
}

/// Runs the program in a folder, with an empty environment but for a home of its own.
///
/// `program` is `env!("CARGO_BIN_EXE_plimsoll-under-test")`.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(program: &str, folder: &Path, arguments: &[&str]) -> Run {
    run_with(program, folder, arguments, None)
}

/// The same with this text on standard input.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run_with(program: &str, folder: &Path, arguments: &[&str], input: Option<&[u8]>) -> Run {
    let home = std::env::temp_dir().join("plimsoll-tests-home");
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    if let (Some(text), Some(mut standard)) = (input, child.stdin.take()) {
        // Who ends early does not read all.
        let _ = std::io::Write::write_all(&mut standard, text);
    }
    let output = child
        .wait_with_output()
        .unwrap_or_else(|error| panic!("{program} cannot be waited for: {error}"));
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A scratch folder with these files, gone when it is dropped. It is a repository of its own, so that paths count from it.
///
/// # Panics
/// When it cannot be written.
#[must_use]
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch folder: {error}"));
    let written = std::fs::create_dir(folder.path().join(".git"));
    written.unwrap_or_else(|error| panic!("no scratch folder: {error}"));
    for (path, text) in files {
        write(&folder.path().join(path), text.as_bytes());
    }
    folder
}

/// Writes a file and the folders above it.
///
/// # Panics
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) {
    let done = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, bytes));
    done.unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}

/// The project's own folder.
#[must_use]
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The folders `samples/*/SIDE`, of `broken` or `fixed`, by name.
///
/// # Panics
/// When they cannot be listed, or are few.
#[must_use]
pub fn samples(side: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project().join("samples")).unwrap_or_else(|error| panic!("samples/: {error}"));
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path().join(side))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 3, "samples are missing");
    folders
}

/// The one YAML block of a page of the project that holds these words: what readers copy is what is tested.
///
/// # Panics
/// When there is no such block, or several.
#[must_use]
pub fn fenced(page: &str, words: &str) -> String {
    let text = std::fs::read_to_string(project().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let found: Vec<&str> = blocks.filter(|block| block.contains(words)).collect();
    match found.as_slice() {
        [block] => (*block).to_owned(),
        _ => panic!("{page} has {} blocks with `{words}`", found.len()),
    }
}

/// A folder of real manifests or of cases made by others, from this environment variable; says so when it is missing.
#[must_use]
pub fn outside(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    if found.is_none() {
        say(&format!("skipped: {variable} is not set"));
    }
    found
}

/// Says something to whoever runs the tests.
#[allow(clippy::print_stderr, reason = "tests talk to whoever runs them")]
pub fn say(text: &str) {
    eprintln!("{text}");
}
