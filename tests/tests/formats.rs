//! The other formats say what JSON says: each is read by other means and compared with it.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

use plimsoll_tests::{folder, list, outside, project, run};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// Manifests with findings of several severities, one suppressed, a fix, odd file names, and what cannot be read.
fn input() -> tempfile::TempDir {
    let sample =
        |path: &str| std::fs::read_to_string(project().join("samples").join(path)).expect("a sample can be read");
    let web = sample("three-tier-shop/broken/web.yaml");
    let policies = sample("three-tier-shop/broken/network-policies.yaml");
    folder(&[
        ("a b/wéb,1:2%.yaml", &web),
        ("copy/web.yaml", &web),
        ("policies.yaml", &policies),
        (
            "broken.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: { name: 'never closed\n",
        ),
        (
            "plimsoll.yaml",
            "rules: { ports/target-port-mismatch: { exclude: [ { path: copy, reason: \"a copy\" } ] } }\n",
        ),
    ])
}

fn report(format: &str, more: &[&str]) -> (Value, String) {
    let files = input();
    let json = run(PROGRAM, files.path(), &[&["check", "--format", "json"], more].concat());
    let other = run(PROGRAM, files.path(), &[&["check", "--format", format], more].concat());
    assert_eq!((json.code, other.code), (2, 2), "{}", other.stderr);
    (json.json(), other.stdout)
}

/// Findings that count, advice too.
fn counting(report: &Value) -> Vec<Value> {
    let mut findings = list(report, "findings");
    findings.retain(|finding| finding["suppressed"].is_null());
    assert!(findings.len() > 4, "{}", findings.len());
    findings
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn percent_decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [a, b, tail @ ..]) => {
                let digits = String::from_utf8(vec![*a, *b]).expect("ASCII");
                bytes.push(u8::from_str_radix(&digits, 16).expect("two digits"));
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn sarif_says_what_json_says() {
    let (json, sarif) = report("sarif", &[]);
    let sarif: Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
    let run = &sarif["runs"][0];
    let findings = list(&json, "findings");
    let results = list(run, "results");
    assert_eq!(findings.len(), results.len());
    let rules = list(&run["tool"]["driver"], "rules");
    let mut fingerprints = std::collections::BTreeSet::new();
    let (mut suppressed, mut fixes) = (0, 0);
    for (finding, result) in findings.iter().zip(&results) {
        assert_eq!(finding["rule"], result["ruleId"]);
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], finding["rule"]);
        assert!(text(&rules[index]["help"]["markdown"]).contains("## How to fix"));
        let level = text(&finding["severity"]).replace("info", "note");
        assert_eq!(text(&result["level"]), level);
        assert!(text(&result["message"]["text"]).starts_with(text(&finding["message"])));
        let same_place = |location: &Value, wanted: &Value| {
            let physical = &location["physicalLocation"];
            let region = &physical["region"];
            assert_eq!(
                percent_decoded(text(&physical["artifactLocation"]["uri"])),
                text(&wanted["file"])
            );
            assert_eq!(region["startLine"], wanted["start"]["line"]);
            assert_eq!(region["startColumn"], wanted["start"]["column"]);
            assert_eq!(region["endLine"], wanted["end"]["line"]);
            assert_eq!(region["endColumn"], wanted["end"]["column"]);
        };
        same_place(&result["locations"][0], finding);
        let related = list(finding, "related");
        let locations = list(result, "relatedLocations");
        assert_eq!(related.len(), locations.len());
        related
            .iter()
            .zip(&locations)
            .for_each(|(wanted, location)| same_place(location, wanted));
        assert_eq!(finding["suppressed"].is_null(), result["suppressions"].is_null());
        suppressed += usize::from(!finding["suppressed"].is_null());
        let edits = list(&finding["fix"], "edits");
        let replaced: usize = list(&result["fixes"][0], "artifactChanges")
            .iter()
            .map(|change| list(change, "replacements").len())
            .sum();
        assert_eq!(edits.len(), replaced);
        fixes += edits.len();
        let fingerprint = text(&result["partialFingerprints"]["plimsoll/v1"]).to_owned();
        assert!(fingerprint.starts_with(text(&finding["fingerprint"])));
        assert!(fingerprints.insert(fingerprint), "fingerprints are unique");
    }
    assert!(suppressed > 0 && fixes > 0, "{suppressed} suppressed, {fixes} edits");
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        list(invocation, "toolExecutionNotifications").len(),
        list(&json, "inputs-failed").len()
    );
}

#[test]
fn sarif_is_valid() {
    let Some(conformance) = outside("PLIMSOLL_CONFORMANCE") else {
        return;
    };
    let schema = std::fs::read_to_string(conformance.join("schemas/sarif-2.1.0.json")).expect("the schema is there");
    let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    for more in [&[][..], &["--strict"]] {
        let (_, sarif) = report("sarif", more);
        let sarif: Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
        let errors: Vec<String> = validator
            .iter_errors(&sarif)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn github_says_what_json_says() {
    let (json, github) = report("github", &["-v"]);
    let findings = counting(&json);
    let lines: Vec<&str> = github.lines().collect();
    assert_eq!(lines.len(), findings.len() + list(&json, "inputs-failed").len());
    let decode = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    };
    for (finding, line) in findings.iter().zip(&lines) {
        let (command, rest) = line[2..].split_once(' ').expect("a command");
        let level = text(&finding["severity"]).replace("info", "notice");
        assert_eq!(command, level);
        let (properties, message) = rest.split_once("::").expect("a message");
        let property = |name: &str| {
            let found = properties
                .split(',')
                .find_map(|part| part.strip_prefix(&format!("{name}=")));
            decode(found.unwrap_or_default())
        };
        assert_eq!(property("file"), text(&finding["file"]));
        assert_eq!(property("line"), finding["start"]["line"].to_string());
        assert_eq!(property("title"), text(&finding["rule"]));
        if finding["start"]["line"] == finding["end"]["line"] {
            assert_eq!(property("col"), finding["start"]["column"].to_string());
            assert_eq!(property("endColumn"), finding["end"]["column"].to_string());
        }
        assert!(decode(message).starts_with(text(&finding["message"])));
    }
}

#[test]
fn annotations_come_by_themselves_on_github() {
    let files = input();
    let on = |variable: &str| {
        let output = std::process::Command::new(PROGRAM)
            .args(["check"])
            .current_dir(files.path())
            .env_clear()
            .env("GITHUB_ACTIONS", variable)
            .output()
            .expect("the program runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(on("true").contains("\n::error file="));
    assert!(!on("false").contains("::error"));
}

#[test]
fn gitlab_says_what_json_says() {
    let (json, gitlab) = report("gitlab", &["-v"]);
    let issues: Value = serde_json::from_str(&gitlab).expect("JSON");
    let issues = issues.as_array().expect("a list");
    let findings = counting(&json);
    assert_eq!(issues.len(), findings.len() + list(&json, "inputs-failed").len());
    let mut fingerprints = std::collections::BTreeSet::new();
    for issue in issues {
        assert!(
            fingerprints.insert(text(&issue["fingerprint"])),
            "fingerprints are unique"
        );
        let known = ["info", "minor", "major", "critical", "blocker"];
        assert!(known.contains(&text(&issue["severity"])));
    }
    for (finding, issue) in findings.iter().zip(issues) {
        assert_eq!(finding["message"], issue["description"]);
        assert_eq!(finding["rule"], issue["check_name"]);
        assert_eq!(finding["file"], issue["location"]["path"]);
        assert_eq!(finding["start"]["line"], issue["location"]["lines"]["begin"]);
        assert_eq!(finding["end"]["line"], issue["location"]["lines"]["end"]);
    }
}

#[test]
fn junit_says_what_json_says() {
    for (more, failing) in [(&["-v"][..], "error"), (&["--strict"], "error warning")] {
        let (json, junit) = report("junit", more);
        let document = roxmltree::Document::parse(&junit).expect("XML");
        let cases: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name("testcase"))
            .collect();
        let findings = counting(&json);
        assert_eq!(cases.len(), findings.len() + list(&json, "inputs-failed").len());
        let count = |tag: &str| document.descendants().filter(|node| node.has_tag_name(tag)).count();
        let fails = |finding: &&Value| failing.contains(text(&finding["severity"]));
        assert_eq!(count("failure"), findings.iter().filter(fails).count());
        assert_eq!(count("error"), list(&json, "inputs-failed").len());
        for finding in &findings {
            let line = finding["start"]["line"].to_string();
            let found = cases.iter().any(|case| {
                case.attribute("file") == Some(text(&finding["file"]))
                    && case.attribute("line") == Some(&line)
                    && case.attribute("classname") == Some(text(&finding["rule"]))
            });
            assert!(found, "{finding}");
        }
        for suite in document.descendants().filter(|node| node.has_tag_name("testsuite")) {
            let cases = suite.children().filter(|node| node.has_tag_name("testcase")).count();
            assert_eq!(suite.attribute("tests"), Some(cases.to_string().as_str()));
        }
    }
}

#[test]
fn tap_says_what_json_says() {
    let (json, tap) = report("tap", &["-v"]);
    let findings = counting(&json);
    let points: Vec<&str> = tap
        .lines()
        .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "))
        .collect();
    let wanted = findings.len() + list(&json, "inputs-failed").len();
    assert!(tap.starts_with(&format!("TAP version 14\n1..{wanted}\n")), "{tap}");
    assert_eq!(points.len(), wanted);
    for ((number, finding), point) in (1..).zip(&findings).zip(&points) {
        let not = if finding["severity"] == "error" { "not " } else { "" };
        let start = format!("{not}ok {number} - {}: ", text(&finding["rule"]));
        assert!(point.starts_with(&start), "{point}");
    }
}

#[test]
fn nothing_found_is_said_too() {
    let files = folder(&[("a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: { name: quiet }\n")]);
    for (format, wanted) in [
        ("sarif", "\"results\": []"),
        ("github", ""),
        ("gitlab", "[]"),
        ("junit", "<testcase name=\"no finding\""),
        ("tap", "1..1\nok 1 - no finding"),
    ] {
        let run = run(PROGRAM, files.path(), &["check", "--format", format]);
        assert_eq!(run.code, 0, "{format}: {}", run.stderr);
        assert!(run.stdout.contains(wanted), "{format}: {}", run.stdout);
    }
}
