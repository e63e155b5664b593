//! Waivers and the baseline, as a team uses them.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

use plimsoll_tests::{DEPLOYMENT, folder, list, run, write};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: quay }
spec:
  selector: { app: quay }
  ports:
    - port: 80
      targetPort: 80
";

const RULE: &str = "ports/target-port-mismatch";

/// Findings of a rule, with what holds them back.
fn of(report: &Value, rule: &str) -> Vec<(u64, String, String)> {
    let found = list(report, "findings");
    let found = found.iter().filter(|finding| finding["rule"] == rule);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    found
        .map(|finding| {
            let held = &finding["suppressed"];
            (
                finding["start"]["line"].as_u64().unwrap_or_default(),
                text(&held["by"]),
                text(&held["reason"]),
            )
        })
        .collect()
}

fn check(service: &str, more: &[&str]) -> (i32, Value) {
    let files = folder(&[("a.yaml", service), ("b.yaml", DEPLOYMENT)]);
    let arguments = [&["check", "--format", "json"], more].concat();
    let run = run(PROGRAM, files.path(), &arguments);
    (run.code, run.json())
}

#[test]
fn a_comment_holds_a_finding_back() {
    assert_eq!(check(SERVICE, &[]).0, 1);
    let waived = SERVICE.replace(
        "targetPort: 80",
        &format!("targetPort: 80 # plimsoll: allow {RULE} reason=\"the proxy\""),
    );
    let (code, report) = check(&waived, &[]);
    assert_eq!(code, 0);
    assert_eq!(of(&report, RULE), [(8, "comment".to_owned(), "the proxy".to_owned())]);
    assert_eq!(report["summary"]["suppressed"], 1);
    let suppressed = list(&report, "findings")
        .into_iter()
        .find(|finding| finding["rule"] == RULE);
    let suppressed = &suppressed.expect("it is listed")["suppressed"];
    assert_eq!(
        (&suppressed["file"], &suppressed["line"]),
        (&"a.yaml".into(), &8.into())
    );
    let (code, report) = check(&waived, &["--no-suppress"]);
    assert_eq!(code, 1);
    assert_eq!(of(&report, RULE), [(8, String::new(), String::new())]);
}

#[test]
fn an_annotation_holds_a_finding_back() {
    let waived = SERVICE.replace(
        "metadata: { name: quay }",
        &format!("metadata:\n  name: quay\n  annotations:\n    plimsoll.dev/allow: |\n      {RULE} until=2999-01-01: the proxy"),
    );
    let (code, report) = check(&waived, &[]);
    assert_eq!(code, 0);
    assert_eq!(
        of(&report, RULE),
        [(12, "annotation".to_owned(), "the proxy".to_owned())]
    );
}

#[test]
fn waivers_are_looked_after() {
    let text = SERVICE
        .replace(
            "port: 80\n      target",
            "port: 80 # plimsoll: allow ports/target-port-mismtch\n      target",
        )
        .replace("selector: {", "# plimsoll: allow secrets/plaintext-env\n  selector: {")
        .replace(
            "targetPort: 80",
            "targetPort: 80 # plimsoll: allow ports/* until=2020-01-31",
        )
        + "# plimsoll: let it be\n";
    let (code, report) = check(&text, &[]);
    assert_eq!(code, 1);
    let lines = |rule: &str| of(&report, rule).iter().map(|found| found.0).collect::<Vec<_>>();
    assert_eq!(lines("plimsoll/unused-suppression"), [5]);
    assert_eq!(lines("plimsoll/unknown-rule"), [8]);
    assert_eq!(lines("plimsoll/expired-suppression"), [9]);
    assert_eq!(lines("plimsoll/misplaced-suppression"), [10]);
    // Rules of the host's own are rules like others.
    let files = folder(&[
        ("a.yaml", &text),
        (
            "plimsoll.yaml",
            "rules: { 'plimsoll/*': off, plimsoll/unknown-rule: { severity: error } }\n",
        ),
    ]);
    let report = run(PROGRAM, files.path(), &["check", "--format", "json"]).json();
    let own = list(&report, "findings");
    let own: Vec<&Value> = own.iter().filter(|finding| finding["policy"] == "plimsoll").collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["severity"], "error");
}

#[test]
fn the_config_is_looked_after() {
    let config =
        "rules:\n  ports/target-port: off\n  ports/*:\n    exclude:\n      - { kind: Service, until: 2020-01-31 }\n";
    for arguments in [
        &["check", "--format", "json"][..],
        &["check", "--format", "json", "a.yaml", "b.yaml"],
    ] {
        let files = folder(&[("a.yaml", SERVICE), ("b.yaml", DEPLOYMENT), ("plimsoll.yaml", config)]);
        let run = run(PROGRAM, files.path(), arguments);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let report = run.json();
        let findings = list(&report, "findings");
        let own: Vec<String> = findings
            .iter()
            .filter(|finding| finding["policy"] == "plimsoll")
            .map(|finding| {
                format!(
                    "{} {}:{}:{}",
                    finding["rule"], finding["file"], finding["start"]["line"], finding["start"]["column"]
                )
            })
            .collect();
        assert_eq!(
            own,
            [
                "\"plimsoll/unknown-rule\" \"plimsoll.yaml\":2:3",
                "\"plimsoll/expired-suppression\" \"plimsoll.yaml\":5:9"
            ]
        );
        // The configuration is no input.
        assert_eq!(list(&report["summary"], "skipped").len(), 0);
    }
}

#[test]
fn a_baseline_lets_only_new_findings_fail() {
    let files = folder(&[("a.yaml", SERVICE), ("b.yaml", DEPLOYMENT)]);
    let base = |more: &[&str]| {
        run(
            PROGRAM,
            files.path(),
            &[&["check", "--baseline", "base.json"], more].concat(),
        )
    };
    let missing = base(&[]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("--write-baseline"), "{}", missing.stderr);
    assert_eq!(base(&["--write-baseline"]).code, 0);
    let written = std::fs::read_to_string(files.path().join("base.json")).expect("it was written");
    assert_eq!(base(&[]).code, 0);
    // Lines move, files move: the same findings.
    std::fs::remove_file(files.path().join("a.yaml")).expect("it was there");
    write(
        &files.path().join("moved.yaml"),
        format!("# a line more\n{SERVICE}").as_bytes(),
    );
    assert_eq!(base(&[]).code, 0);
    // A second one is new.
    write(
        &files.path().join("c.yaml"),
        SERVICE.replace("name: quay", "name: pier").as_bytes(),
    );
    assert_eq!(base(&[]).code, 1);
    // Mended: the baseline can shrink, and is told so.
    std::fs::remove_file(files.path().join("c.yaml")).expect("it was there");
    write(
        &files.path().join("moved.yaml"),
        SERVICE.replace("targetPort: 80", "targetPort: 3000").as_bytes(),
    );
    let mended = base(&[]);
    assert_eq!(mended.code, 0);
    assert!(mended.stderr.contains("no longer found"), "{}", mended.stderr);
    assert_eq!(base(&["--write-baseline"]).code, 0);
    let shrunk = std::fs::read_to_string(files.path().join("base.json")).expect("it was written");
    assert!(shrunk.len() < written.len());
    assert!(!base(&[]).stderr.contains("no longer found"));
    // The default's place, and the config's word.
    assert_eq!(run(PROGRAM, files.path(), &["check", "--write-baseline"]).code, 0);
    assert!(files.path().join(".plimsoll-baseline.json").is_file());
    write(&files.path().join("moved.yaml"), SERVICE.as_bytes());
    write(&files.path().join("plimsoll.yaml"), b"baseline: base.json\n");
    assert_eq!(run(PROGRAM, files.path(), &["check"]).code, 1);
    assert_eq!(run(PROGRAM, files.path(), &["check", "--write-baseline"]).code, 0);
    assert_eq!(run(PROGRAM, files.path(), &["check"]).code, 0);
}

#[test]
fn a_built_in_policy_that_does_not_exist_is_no_silence() {
    let config = "fail-on: never\npolicies:\n  - builtin: netwrok\n    enabled: false\n";
    let files = folder(&[("b.yaml", DEPLOYMENT), ("plimsoll.yaml", config)]);
    let run = run(PROGRAM, files.path(), &["check", "--format", "json"]);
    assert_eq!(run.code, 2);
    let failures = list(&run.json(), "failures");
    assert_eq!(failures[0]["policy"], "netwrok");
    assert!(
        failures[0]["message"]
            .as_str()
            .is_some_and(|message| message.contains("line 3")),
        "{failures:?}"
    );
    let known = config.replace("netwrok", "network");
    let files = folder(&[("b.yaml", DEPLOYMENT), ("plimsoll.yaml", &known)]);
    let run = plimsoll_tests::run(PROGRAM, files.path(), &["check", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(
        list(&run.json(), "findings")
            .iter()
            .all(|finding| finding["policy"] != "network")
    );
}
