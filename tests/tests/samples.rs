//! `samples/*/broken` gives exactly the expected findings, `samples/*/fixed` nothing at warning or above; alone and
//! together.

use std::path::{Path, PathBuf};

use plimsoll_tests::{list, project, run, samples};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// `rule severity file:line:column object` of what a folder's `expected.json` lists, files as from the project's folder.
fn expected(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("every side has an expected.json");
    let report: Value = serde_json::from_str(&text).expect("expected.json is JSON");
    let root = project();
    let mut lines: Vec<String> = list(&report, "findings")
        .iter()
        .map(|finding| {
            let file = folder.join(finding["file"].as_str().expect("a file"));
            let file = file
                .strip_prefix(&root)
                .expect("samples lie in the project")
                .display()
                .to_string();
            format!(
                "{} {} {file}:{}:{} {}",
                finding["rule"].as_str().expect("a rule"),
                finding["severity"].as_str().expect("a severity"),
                finding["line"],
                finding["column"],
                finding["object"].as_str().expect("an object"),
            )
        })
        .collect();
    lines.sort();
    lines
}

fn found(folders: &[PathBuf]) -> (i32, Vec<String>) {
    let mut arguments = vec!["check", "--format", "json"];
    arguments.extend(folders.iter().map(|folder| folder.to_str().expect("UTF-8")));
    let run = run(PROGRAM, &project(), &arguments);
    let report = run.json();
    assert_eq!(report["failures"], serde_json::json!([]));
    assert_eq!(report["inputs-failed"], serde_json::json!([]));
    let mut lines: Vec<String> = run
        .findings()
        .into_iter()
        .filter(|line| !line.contains(" info "))
        .collect();
    lines.sort();
    (run.code, lines)
}

#[test]
fn each_broken_side_alone() {
    for folder in samples("broken") {
        let (code, lines) = found(std::slice::from_ref(&folder));
        assert_eq!(lines, expected(&folder), "{}", folder.display());
        assert_eq!(code, 1, "{}", folder.display());
    }
}

#[test]
fn all_broken_sides_together() {
    let folders = samples("broken");
    let mut all: Vec<String> = folders.iter().flat_map(|folder| expected(folder)).collect();
    all.sort();
    assert_eq!(found(&folders), (1, all));
}

#[test]
fn fixed_sides_have_nothing() {
    let folders = samples("fixed");
    for folder in &folders {
        assert_eq!(
            found(std::slice::from_ref(folder)),
            (0, Vec::new()),
            "{}",
            folder.display()
        );
        assert_eq!(expected(folder), Vec::<String>::new());
    }
    assert_eq!(found(&folders), (0, Vec::new()));
}

#[test]
fn everything_together_is_broken_as_broken_is() {
    let mut all: Vec<String> = samples("broken").iter().flat_map(|folder| expected(folder)).collect();
    all.sort();
    let (_, lines) = found(&[samples("broken"), samples("fixed")].concat());
    assert_eq!(lines, all);
}
