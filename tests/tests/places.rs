//! Every line, column and offset of JSON output, computed again from the source by other means.

use plimsoll_tests::{list, project, run, samples};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// Line and column of a byte offset, counted the slow way.
fn position(text: &str, offset: usize) -> (u64, u64) {
    let before = &text[..offset];
    let line = before.matches('\n').count() as u64 + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|&c| c != '\u{feff}')
        .count() as u64
        + 1;
    (line, column)
}

fn check(file: &Value, start: &Value, end: &Value) -> String {
    let path = project().join(file.as_str().expect("a file"));
    let text = std::fs::read_to_string(&path).expect("a sample can be read");
    let (from, to) = (
        start["offset"].as_u64().expect("an offset") as usize,
        end["offset"].as_u64().expect("an offset") as usize,
    );
    assert!(from <= to && to <= text.len(), "{}", path.display());
    for (point, offset) in [(start, from), (end, to)] {
        let (line, column) = position(&text, offset);
        assert_eq!(
            (point["line"].as_u64(), point["column"].as_u64()),
            (Some(line), Some(column)),
            "{} {offset}",
            path.display()
        );
    }
    text[from..to].to_owned()
}

#[test]
fn lines_columns_and_offsets_agree() {
    let folders = samples("broken");
    let mut arguments = vec!["check", "--format", "json"];
    arguments.extend(folders.iter().map(|folder| folder.to_str().expect("UTF-8")));
    let run = run(PROGRAM, &project(), &arguments);
    let report = run.json();
    let findings = list(&report, "findings");
    assert!(findings.len() > 20, "{}", findings.len());
    for finding in &findings {
        let text = check(&finding["file"], &finding["start"], &finding["end"]);
        for related in list(finding, "related") {
            check(&related["file"], &related["start"], &related["end"]);
        }
        match finding["rule"].as_str() {
            // A port is a number or name, nothing around it.
            Some("ports/target-port-mismatch") => {
                assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{text}")
            }
            Some("cors/wildcard-origin") => assert!(text.contains('*'), "{text}"),
            _ => {}
        }
    }
}

#[test]
fn read_prints_spans_that_hold_the_values() {
    let run = run(
        PROGRAM,
        &project(),
        &["read", "--spans", "samples/three-tier-shop/broken/web.yaml"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut seen = 0;
    for line in run.stdout.lines() {
        let node: Value = serde_json::from_str(line).expect("a line is a node");
        let text = check(&node["file"], &node["start"], &node["end"]);
        if node["path"] == "/kind" {
            assert!(["Deployment", "Service"].contains(&text.as_str()), "{text}");
            seen += 1;
        }
    }
    assert!(seen >= 2);
}
