//! The YAML test suite: never a panic, and never another value than the suite's or, where they differ, kubectl's.
//!
//! `PLIMSOLL_CONFORMANCE` names the folder that holds `yaml-test-suite/cases.json`, `KUBECTL_READ` a program as for
//! `read_kubectl`. Without them the test says that it is skipped.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "core has no powers; what it is compared with comes from outside"
)]
#![allow(clippy::expect_used, clippy::print_stderr, reason = "a test that reports")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_core::read::{Limits, manifest};
use plimsoll_tree::Tree;
use serde_json::{Deserializer, Value};

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
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

fn all_same(left: &[Value], right: &[Value]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

/// What kubectl's decoder reads of a file; none when it refuses it.
fn kubectl(program: &str, file: &Path) -> Option<Vec<Value>> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("KUBECTL_READ starts");
    let mut input = child.stdin.take().expect("piped");
    writeln!(input, "{}", file.display()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("KUBECTL_READ ends");
    let reading: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let documents = reading.get("documents")?.as_array()?.clone();
    reading.get("error").is_none().then_some(documents)
}

#[test]
fn no_case_panics_or_has_another_value() {
    let Ok(folder) = std::env::var("PLIMSOLL_CONFORMANCE") else {
        eprintln!("skipped: PLIMSOLL_CONFORMANCE is not set");
        return;
    };
    let program = std::env::var("KUBECTL_READ").ok();
    let suite = PathBuf::from(folder).join("yaml-test-suite");
    let cases = std::fs::read(suite.join("cases.json")).expect("cases.json");
    let cases: Vec<Value> = serde_json::from_slice(&cases).expect("JSON");
    let (mut as_suite, mut as_kubectl, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    for case in &cases {
        let name = case.get("path").and_then(Value::as_str).expect("a path");
        let path = suite.join(name);
        let bytes = std::fs::read(&path).expect("a case");
        let read = manifest(name, &bytes, &Limits::default());
        let words = read.part.to_tree().expect("small");
        let tree = Tree::read(&words).expect("a valid tree");
        let ours: Vec<Value> = read
            .documents
            .iter()
            .map(|document| serde_json::from_str(&tree.json(document.root)).expect("valid JSON"))
            .collect();
        if !read.failures.is_empty() || read.skipped == Some(plimsoll_core::read::Skip::Template) {
            refused += 1;
            if let Some(theirs) = program.as_deref().and_then(|program| kubectl(program, &path)) {
                let reasons: Vec<_> = read.failures.iter().map(|failure| failure.error.to_string()).collect();
                eprintln!(
                    "{name}: refused ({}), kubectl reads {}",
                    reasons.join("; "),
                    theirs.len()
                );
            }
            continue;
        }
        let wanted: Option<Vec<Value>> = case.get("json").and_then(Value::as_str).map(|json| {
            let text = std::fs::read(suite.join(json)).expect("the case's JSON");
            let values = Deserializer::from_slice(&text).into_iter::<Value>();
            values
                .map(|value| value.expect("JSON"))
                .filter(|value| !value.is_null())
                .collect()
        });
        let expected = case.get("expect").and_then(Value::as_str) == Some("ok");
        if expected && wanted.as_deref().is_some_and(|wanted| all_same(&ours, wanted)) {
            as_suite += 1;
            continue;
        }
        match program.as_deref().map(|program| kubectl(program, &path)) {
            Some(Some(theirs)) if all_same(&ours, &theirs) => as_kubectl += 1,
            Some(Some(theirs)) => wrong.push(format!(
                "{name}: {}, kubectl {}, suite {wanted:?}",
                Value::from(ours),
                Value::from(theirs)
            )),
            Some(None) => wrong.push(format!(
                "{name}: {}, kubectl refuses, suite {wanted:?}",
                Value::from(ours)
            )),
            None => {}
        }
    }
    eprintln!(
        "{} cases: {as_suite} as the suite, {as_kubectl} as kubectl alone, {refused} refused, {} otherwise",
        cases.len(),
        wrong.len()
    );
    for line in &wrong {
        eprintln!("otherwise: {line}");
    }
}
