//! A third-party component that misbehaves is stopped or refused with a clear message and exit code 2, and the other
//! policies still judge.

use std::collections::BTreeMap;

use plimsoll_tests::{folder, line, list, run, write};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// One fault for the built-in policies to find.
const FAULTY: &str = "\
apiVersion: v1
kind: Service
metadata: { name: slip }
spec:
  selector: { app: slip }
  ports: [{ port: 80 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: slip }
spec:
  selector: { matchLabels: { app: slip } }
  template:
    metadata: { labels: { app: slip } }
    spec:
      containers:
        - name: slip
          image: registry.invalid/slip:1
          env: [{ name: PORT, value: \"3000\" }]
          ports: [{ containerPort: 3000 }]
";

/// What becomes of each guest: the kind of failure, or none where it is tamed and judged.
fn outcomes() -> BTreeMap<&'static str, Option<&'static str>> {
    BTreeMap::from([
        ("asks_for_a_clock", Some("import")),
        ("catastrophic_pattern", None),
        ("deep_recursion", Some("stack")),
        ("endless_loop", Some("fuel")),
        ("endless_policies", Some("answer")),
        ("escapes_in_texts", None),
        ("flood", None),
        ("giant_answer", Some("answer")),
        ("harmless", None),
        ("memory_bomb", Some("memory")),
        ("million_violations", Some("memory")),
        ("other_version", Some("version")),
        ("panics", Some("trap")),
        ("places_that_do_not_exist", None),
        ("refuses", Some("refused")),
        ("remote_schema", Some("answer")),
        ("rule_not_asked_for", Some("answer")),
        ("three_policies", None),
        ("tree_loop", Some("fuel")),
        ("unreadable_name", Some("answer")),
    ])
}

#[test]
fn each_guest_has_its_outcome_and_the_others_still_judge() {
    let files = folder(&[("a.yaml", FAULTY)]);
    let alone = run(PROGRAM, files.path(), &["check", "--format", "json", "a.yaml"]);
    let expected = alone.findings();
    assert!(
        expected
            .iter()
            .any(|line| line.starts_with("ports/target-port-mismatch error")),
        "{expected:?}"
    );
    let outcomes = outcomes();
    for (name, component) in plimsoll_test_guests::ALL {
        let outcome = outcomes
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no outcome in this test"));
        write(&files.path().join("guest.wasm"), component);
        let run = run(
            PROGRAM,
            files.path(),
            &["check", "--format", "json", "--policy", "guest.wasm", "a.yaml"],
        );
        let report = run.json();
        let failures = list(&report, "failures");
        let kinds: Vec<&str> = failures.iter().filter_map(|failure| failure["kind"].as_str()).collect();
        assert_eq!(
            kinds,
            outcome.iter().copied().collect::<Vec<_>>(),
            "{name}: {failures:?}"
        );
        assert_eq!(run.code, if outcome.is_some() { 2 } else { 1 }, "{name}");
        let others: Vec<String> = list(&report, "findings")
            .iter()
            .filter(|finding| alone.stdout.contains(&format!("\"policy\":{}", finding["policy"])))
            .map(line)
            .collect();
        assert_eq!(others, expected, "{name}");
    }
    assert_eq!(outcomes.len(), plimsoll_test_guests::ALL.len(), "a guest is missing");
}

#[test]
fn texts_of_guests_are_tame_in_every_output() {
    let files = folder(&[("a.yaml", FAULTY)]);
    for (name, component) in plimsoll_test_guests::ALL {
        write(&files.path().join("guest.wasm"), component);
        for arguments in [
            &[
                "check",
                "--verbose",
                "--color",
                "never",
                "--policy",
                "guest.wasm",
                "a.yaml",
            ] as &[&str],
            &["check", "--format", "json", "--policy", "guest.wasm", "a.yaml"],
            &["rules", "--policy", "guest.wasm"],
            &["policies", "--policy", "guest.wasm"],
        ] {
            let run = run(PROGRAM, files.path(), arguments);
            for text in [&run.stdout, &run.stderr] {
                let wild = text.chars().find(|character| {
                    (character.is_control() && *character != '\n')
                        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}')
                });
                assert_eq!(wild, None, "{name} {arguments:?}");
                assert!(text.len() < 4 << 20, "{name} {arguments:?}: {} bytes", text.len());
            }
        }
    }
}

#[test]
fn places_that_do_not_exist_are_said_to_be_near() {
    let files = folder(&[("a.yaml", FAULTY)]);
    write(
        &files.path().join("guest.wasm"),
        plimsoll_test_guests::PLACES_THAT_DO_NOT_EXIST,
    );
    let run = run(
        PROGRAM,
        files.path(),
        &["check", "--format", "json", "--policy", "guest.wasm", "a.yaml"],
    );
    let theirs: Vec<_> = list(&run.json(), "findings")
        .into_iter()
        .filter(|finding| {
            finding["help"]
                .as_str()
                .is_some_and(|help| help.contains("does not exist"))
        })
        .collect();
    assert!(!theirs.is_empty());
}

#[test]
fn a_file_may_hold_several_policies() {
    let files = folder(&[("a.yaml", FAULTY)]);
    write(&files.path().join("guest.wasm"), plimsoll_test_guests::THREE_POLICIES);
    let arguments = ["check", "--format", "json", "--policy", "guest.wasm", "a.yaml"];
    let report = run(PROGRAM, files.path(), &arguments).json();
    let findings = list(&report, "findings");
    for number in 0..3 {
        let rule = format!("three-{number}/some-rule");
        let found = findings.iter().find(|finding| finding["rule"] == *rule);
        let found = found.unwrap_or_else(|| panic!("{rule} is not in {findings:?}"));
        assert_eq!(found["message"], format!("found by {number}"));
    }
}
