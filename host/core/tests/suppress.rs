//! Waivers: what they hold back, what is wrong with them, and the baseline.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read the pages"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::config::Config;
use plimsoll_core::finding::{Finding, Judgement, accept};
use plimsoll_core::policy::{Confidence, Description, Place, Rule, Severity, Violation};
use plimsoll_core::read::{Limits, manifest_of_text};
use plimsoll_core::suppress::{Baseline, Context, Known, RULES, suppress};

fn policy() -> Description {
    let rule = |id: &str| Rule {
        id: id.to_owned(),
        title: "A rule".to_owned(),
        severity: Severity::Error,
        kinds: Vec::new(),
        context: Vec::new(),
        previous: false,
    };
    Description {
        name: "hold".to_owned(),
        version: "1".to_owned(),
        summary: "Finds what it is told.".to_owned(),
        rules: vec![rule("cargo"), rule("ballast"), rule("off")],
        settings_schema: String::new(),
    }
}

fn bundle(texts: &[&str]) -> Bundle {
    let manifests = texts
        .iter()
        .enumerate()
        .map(|(number, text)| manifest_of_text(&format!("{number}.yaml"), Arc::from(*text), &Limits::default()))
        .collect();
    Bundle::build(manifests, &Options::default()).expect("it is small")
}

/// Findings of `hold/cargo` (rule 0) and `hold/ballast` (1) at these places.
fn found(bundle: &Bundle, places: &[(u32, u32, &str)]) -> Vec<Finding> {
    let description = policy();
    let violations = places.iter().map(|&(rule, object, path)| Violation {
        rule,
        severity: None,
        confidence: Confidence::Certain,
        message: format!("found at {path}"),
        help: None,
        at: Place::Pointer {
            object,
            path: path.to_owned(),
        },
        within: None,
        sensitive: false,
        related: Vec::new(),
        fix: None,
    });
    let judgement = Judgement {
        policy: &description,
        verdict: Ok(violations.collect()),
        reported: vec![0, 1],
    };
    accept(bundle, vec![judgement]).0
}

struct World {
    config: Config,
    baseline: Option<Baseline>,
}

impl World {
    fn judge(&self, bundle: &Bundle, findings: Vec<Finding>) -> Vec<Finding> {
        let mut known: BTreeSet<String> = ["hold/cargo", "hold/ballast", "hold/off"].map(str::to_owned).into();
        let judged = ["hold/cargo", "hold/ballast"].map(str::to_owned).into();
        known.extend(RULES.iter().map(|rule| format!("plimsoll/{}", rule.id)));
        known.insert("secrets/configmap-credential".to_owned());
        let mut judged: BTreeSet<String> = judged;
        judged.insert("secrets/configmap-credential".to_owned());
        let context = Context {
            today: "2026-06-01",
            known: &known,
            judged: &judged,
            config: &self.config,
            config_manifest: None,
            baseline: self.baseline.as_ref(),
        };
        suppress(bundle, findings, &context)
    }
}

/// As `rule line`, with `(by reason)` where it is suppressed.
fn said(bundle: &Bundle, findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            let manifest = &bundle.manifests[finding.place.manifest];
            let line = manifest.position(finding.place.span.start).line;
            let held = finding.suppressed.as_ref().map_or_else(String::new, |held| {
                format!(" ({} {})", held.by, held.reason.as_deref().unwrap_or("-"))
            });
            format!("{} {line}{held}", finding.rule)
        })
        .collect()
}

fn judge(text: &str, places: &[(u32, u32, &str)]) -> Vec<String> {
    let bundle = bundle(&[text]);
    let world = World {
        config: Config::default(),
        baseline: None,
    };
    let findings = world.judge(&bundle, found(&bundle, places));
    said(&bundle, &findings)
}

const TEXT: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: hull
  labels: { a: b } # plimsoll: allow hold/cargo reason=\"known\"
data:
  # plimsoll: allow hold/cargo, hold/ballast
  # a word in between
  one: x
  two: y
";

#[test]
fn a_comment_covers_what_starts_on_its_line_or_below() {
    assert_eq!(
        judge(
            TEXT,
            &[
                (0, 0, "/metadata/labels/a"),
                (1, 0, "/metadata/labels"),
                (0, 0, "/data/one"),
                (1, 0, "/data/one")
            ]
        ),
        [
            "hold/ballast 5",
            "hold/cargo 5 (comment known)",
            "hold/ballast 9 (comment -)",
            "hold/cargo 9 (comment -)",
        ]
    );
    assert_eq!(
        judge(TEXT, &[(0, 0, "/data/two"), (0, 0, "/metadata/labels/a")]),
        [
            "hold/cargo 5 (comment known)",
            "plimsoll/unused-suppression 7",
            "plimsoll/unused-suppression 7",
            "hold/cargo 10",
        ]
    );
}

#[test]
fn above_the_first_key_it_covers_the_object() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: one }
data: { a: x }
---
# plimsoll: allow hold/*
apiVersion: v1
kind: ConfigMap
metadata: { name: two }
data: { a: x }
";
    assert_eq!(
        judge(text, &[(0, 0, "/data/a"), (0, 1, "/data/a"), (1, 1, "")]),
        [
            "hold/cargo 4",
            "hold/ballast 7 (comment -)",
            "hold/cargo 10 (comment -)"
        ]
    );
}

#[test]
fn an_item_and_all_inside_it() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: { name: p }
spec:
  containers:
    - name: a # plimsoll: allow hold/cargo
      image: x
    - name: b
      image: y
";
    assert_eq!(
        judge(
            text,
            &[(0, 0, "/spec/containers/0/image"), (0, 0, "/spec/containers/1/image")]
        ),
        ["hold/cargo 7 (comment -)", "hold/cargo 9"]
    );
}

#[test]
fn annotations_cover_their_object_or_template() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  annotations:
    plimsoll.dev/allow: |
      hold/cargo until=2026-06-01: carried by hand
      hold/ballst: mistyped
spec:
  template:
    metadata:
      annotations: { plimsoll.dev/allow: 'hold/ballast: in the template' }
    spec: { containers: [ { name: a } ] }
";
    assert_eq!(
        judge(
            text,
            &[
                (0, 0, "/spec/replicas"),
                (1, 0, "/spec"),
                (1, 0, "/spec/template/spec/containers")
            ]
        ),
        [
            "plimsoll/unknown-rule 8",
            "hold/ballast 10",
            "hold/cargo 10 (annotation carried by hand)",
            "hold/ballast 13 (annotation in the template)",
        ]
    );
}

#[test]
fn a_day_that_is_over_holds_nothing_back() {
    let text = TEXT.replace("reason=\"known\"", "until=2026-05-31 reason=\"known\"");
    let found = judge(
        &text,
        &[(0, 0, "/metadata/labels/a"), (0, 0, "/data/one"), (1, 0, "/data/one")],
    );
    assert_eq!(found[..2], ["hold/cargo 5", "plimsoll/expired-suppression 5"]);
}

#[test]
fn only_rules_that_were_judged_are_unused() {
    assert_eq!(
        judge(
            &TEXT
                .replace("hold/cargo, hold/ballast", "hold/off")
                .replace("hold/cargo reason", "hold/off reason"),
            &[]
        ),
        [""; 0]
    );
}

#[test]
fn the_baseline_counts() {
    let two = bundle(&[TEXT, TEXT]);
    let one = bundle(&[TEXT]);
    let places = [(0, 0, "/data/two")];
    let baseline = Baseline::of(&found(&one, &places), |_| "0.yaml");
    let baseline = Baseline::parse(&baseline.text(), "base.json").expect("it reads itself");
    let world = World {
        config: Config::default(),
        baseline: Some(baseline.clone()),
    };
    let held = |findings: &[Finding]| {
        let by = findings.iter().filter_map(|finding| finding.suppressed.as_ref());
        by.filter(|held| held.by == "baseline").count()
    };
    assert_eq!(held(&world.judge(&one, found(&one, &places))), 1);
    // The copies share a fingerprint: one of the two is new.
    let both = found(&two, &[(0, 0, "/data/two"), (0, 1, "/data/two")]);
    assert_eq!(both.len(), 2);
    assert_eq!(held(&world.judge(&two, both)), 1);
    assert_eq!(baseline.gone(&[]), 1);
    assert_eq!(baseline.gone(&found(&one, &places)), 0);
    assert!(Baseline::parse("{\"version\": 2, \"findings\": []}", "b").is_err());
    let error = Baseline::parse("{\"version\": 1,\n \"password\": 1}", "b").expect_err("unknown");
    assert!(error.starts_with("2:") && !error.contains("password"), "{error}");
}

/// The files of findings that a state of before holds back.
fn not_new(before: &[Finding], mut now: Vec<Finding>, moved: &str) -> Vec<usize> {
    let names = ["0.yaml", "1.yaml"];
    let file = |finding: &Finding| names[finding.place.manifest];
    Known::of(before, |finding| if moved.is_empty() { file(finding) } else { moved }).hold_back(&mut now, file);
    let held = now.iter().filter(|finding| finding.suppressed.is_some());
    held.map(|finding| finding.place.manifest).collect()
}

#[test]
fn what_was_there_before_is_no_news() {
    let one = found(&bundle(&[TEXT]), &[(0, 0, "/data/two")]);
    let [first] = &one[..] else {
        panic!("there is one");
    };
    let mut second = first.clone();
    second.place.manifest = 1;
    let both = || vec![first.clone(), second.clone()];
    assert_eq!(not_new(&both(), both(), ""), [0, 1]);
    assert_eq!(not_new(&[], both(), ""), [0; 0]);
    // Of a file and its new copy the copy's is new, whichever comes first.
    assert_eq!(not_new(std::slice::from_ref(first), both(), ""), [0]);
    assert_eq!(not_new(std::slice::from_ref(&second), both(), ""), [1]);
    assert_eq!(not_new(std::slice::from_ref(&second), both(), "old.yaml"), [0]);
    // What was held back before counts when nothing holds it back any more.
    let mut waived = first.clone();
    waived.suppressed = Some(plimsoll_core::finding::Suppression {
        by: "comment".to_owned(),
        reason: None,
        until: None,
        file: None,
        line: None,
    });
    assert_eq!(not_new(&[waived], both(), ""), [0; 0]);
}

#[test]
fn many_waivers_and_findings_take_no_time() {
    let mut text = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n");
    for _ in 0..20_000 {
        text.push_str("  # plimsoll: allow hold/cargo\n");
    }
    text.push_str("  k: { a: 1 }\n");
    let places: Vec<(u32, u32, &str)> = (0..20_000).map(|_| (1, 0, "/data/k/a")).collect();
    let found = judge(&text, &places);
    assert_eq!(
        found.iter().filter(|line| *line == "hold/ballast 20005").count(),
        20_000
    );
}

/// The pages' examples: `bad` ones give the findings that their marks name, on the marks' lines; `good` ones none.
#[test]
fn pages() {
    for rule in RULES {
        let mut examples = 0;
        for (number, block) in rule.page.split("```yaml ").skip(1).enumerate() {
            let (head, text) = block.split_once('\n').expect("a block has lines");
            let text = text.split("```").next().unwrap_or_default();
            let mut wanted = Vec::new();
            let mut plain = String::new();
            for (line, written) in (1..).zip(text.lines()) {
                let marks = written
                    .rsplit_once(" # ")
                    .filter(|(_, marks)| marks.contains("suppression") || marks.contains(": unknown-rule"));
                let (left, marks) = marks.unwrap_or((written, ""));
                plain.push_str(left);
                plain.push('\n');
                for mark in marks.split(", ").filter(|mark| !mark.is_empty()) {
                    let (severity, id) = mark.split_once(": ").expect("severity and rule");
                    wanted.push(format!("{severity} plimsoll/{id} {line}"));
                }
            }
            let config = Config {
                require_reasons: text.starts_with("# require-reasons"),
                ..Config::default()
            };
            let bundle = bundle(&[&plain]);
            let findings = World { config, baseline: None }.judge(&bundle, Vec::new());
            let mut found: Vec<String> = findings
                .iter()
                .map(|finding| {
                    let manifest = &bundle.manifests[finding.place.manifest];
                    let line = manifest.position(finding.place.span.start).line;
                    format!("{} {} {line}", finding.severity, finding.rule)
                })
                .collect();
            found.sort();
            wanted.sort();
            assert_eq!(found, wanted, "{} block {number}", rule.id);
            assert_eq!(head == "bad", !wanted.is_empty(), "{}", rule.id);
            examples += 1;
        }
        assert!(examples >= 2, "{}", rule.id);
    }
}
