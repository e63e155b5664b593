//! Reads real files and compares with what kubectl's own decoder reads.
//!
//! `PLIMSOLL_CORPORA` names a folder of manifests, `KUBECTL_READ` a program that takes file names, one a line, and prints
//! a JSON object for each: `{"file", "documents": [values], "error"}`. Without them the test says that it is skipped.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "core has no powers; what it is compared with comes from outside"
)]
#![allow(clippy::expect_used, clippy::print_stderr, reason = "a test that reports")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_core::read::{Limits, Manifest, Skip, manifest};
use plimsoll_tree::Tree;
use serde_json::Value;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json")
        {
            found.push(path);
        }
    }
}

/// The values of all documents.
fn values(manifest: &Manifest) -> Vec<Value> {
    let words = manifest.part.to_tree().expect("not too large");
    let tree = Tree::read(&words).expect("a valid tree");
    let documents = manifest.documents.iter();
    documents
        .map(|document| serde_json::from_str(&tree.json(document.root)).expect("valid JSON"))
        .collect()
}

/// Whether two values are the same, numbers by their value.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// What kubectl's decoder reads of these files.
fn readings(program: &str, files: &[PathBuf]) -> Vec<(Vec<Value>, String)> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("KUBECTL_READ starts");
    let mut input = child.stdin.take().expect("piped");
    let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    let writer = std::thread::spawn(move || input.write_all(names.as_bytes()));
    let output = child.wait_with_output().expect("KUBECTL_READ ends");
    writer.join().expect("written").expect("all names");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| {
            let reading: Value = serde_json::from_str(line).expect("JSON");
            let documents = reading.get("documents").and_then(Value::as_array);
            let error = reading.get("error").and_then(Value::as_str);
            (
                documents.cloned().unwrap_or_default(),
                error.unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn files_are_read_as_kubectl_reads_them() {
    let (Ok(corpora), Ok(program)) = (std::env::var("PLIMSOLL_CORPORA"), std::env::var("KUBECTL_READ")) else {
        eprintln!("skipped: PLIMSOLL_CORPORA or KUBECTL_READ is not set");
        return;
    };
    let mut found = Vec::new();
    files(Path::new(&corpora), &mut found);
    let readings = readings(&program, &found);
    assert_eq!(readings.len(), found.len(), "a reading for every file");
    let (mut equal, mut templates, mut refused, mut more) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for (path, (theirs, error)) in found.iter().zip(&readings) {
        let bytes = std::fs::read(path).expect("a readable file");
        let read = manifest(&path.display().to_string(), &bytes, &Limits::default());
        if read.skipped == Some(Skip::Template) {
            templates += 1;
            if error.is_empty() {
                wrong.push(format!("{}: taken for a template", path.display()));
            }
            continue;
        }
        let ours = values(&read);
        let agree = ours.len() >= theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs));
        match (agree, error.is_empty(), read.failures.is_empty()) {
            (true, true, true) if ours.len() == theirs.len() => equal += 1,
            // kubectl stops at the first error, we read on.
            (true, false, false) => refused += 1,
            (true, false, true) => {
                more += 1;
                eprintln!("read although kubectl says `{error}`: {}", path.display());
            }
            _ => wrong.push(format!("{}: {:?} / {error}", path.display(), read.failures)),
        }
    }
    eprintln!(
        "{} files: {equal} equal, {refused} refused by both, {more} refused by kubectl only, {templates} templates, {} otherwise",
        found.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
