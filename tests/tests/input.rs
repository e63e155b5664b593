//! Bad input gets a message with the place and the cure, exit code 2, and everything readable is still judged.

use plimsoll_tests::{folder, list, run, run_with, write};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// A workload with one fault that needs no other object: a password in its environment.
const FAULTY: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: pier }
spec:
  selector: { matchLabels: { app: pier } }
  template:
    metadata: { labels: { app: pier } }
    spec:
      containers:
        - name: pier
          image: registry.invalid/pier:1
          env:
            - name: DB_PASSWORD
              value: Fak3-Pier-Pw-77
";
const RULE: &str = "secrets/plaintext-env";

fn rules(run: &plimsoll_tests::Run) -> Vec<String> {
    list(&run.json(), "findings")
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_missing_path_does_not_hide_what_is_there() {
    let files = folder(&[("a.yaml", FAULTY)]);
    let run = run(
        PROGRAM,
        files.path(),
        &["check", "--format", "json", "a.yaml", "b.yaml"],
    );
    assert_eq!(run.code, 2);
    assert!(rules(&run).contains(&RULE.to_owned()));
    let failed = list(&run.json(), "inputs-failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["file"], "b.yaml");
    assert!(
        failed[0]["message"]
            .as_str()
            .unwrap_or_default()
            .contains("no such file")
    );
}

#[test]
fn broken_yaml_that_looks_like_a_manifest_fails_found_or_named() {
    let broken = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n spec: [\n";
    let files = folder(&[("a.yaml", FAULTY), ("b.yaml", broken)]);
    for paths in [&["."] as &[&str], &["a.yaml", "b.yaml"]] {
        let run = run(PROGRAM, files.path(), &[&["check", "--format", "json"], paths].concat());
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(rules(&run).contains(&RULE.to_owned()));
        let failed = list(&run.json(), "inputs-failed");
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0]["file"], "b.yaml");
        assert!(
            failed[0]["line"].as_u64().is_some_and(|line| (1..=6).contains(&line)),
            "{failed:?}"
        );
    }
}

#[test]
fn what_is_no_manifest_fails_only_when_named() {
    let files = folder(&[
        ("a.yaml", FAULTY),
        (
            "tsconfig.json",
            "{\n  // strict\n  \"compilerOptions\": { \"strict\": true, },\n}\n",
        ),
        ("notes.yaml", "tides: [high, low\nships: 2\n"),
        ("page.yaml", "{% if wanted %}\nkey: value\n{% endif %}\n"),
        (
            "chart/templates/x.yaml",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n",
        ),
        (
            "workload.yaml",
            "apiVersion: openchoreo.dev/v1alpha1\nmetadata: { name: quay }\nendpoints: []\n",
        ),
    ]);
    let run1 = run(
        PROGRAM,
        files.path(),
        &["check", "--format", "json", "--fail-on", "never", "."],
    );
    assert_eq!(run1.code, 0, "{}", run1.stdout);
    let skipped = run1.json()["summary"]["skipped"].clone();
    assert_eq!(
        skipped,
        json!([
            {"file": "chart/templates/x.yaml", "reason": "template"},
            {"file": "notes.yaml", "reason": "not a manifest"},
            {"file": "page.yaml", "reason": "template"},
            {"file": "tsconfig.json", "reason": "not a manifest"},
            {"file": "workload.yaml", "reason": "no kind"},
        ])
    );
    assert_eq!(run(PROGRAM, files.path(), &["check", "notes.yaml"]).code, 2);
    assert_eq!(run(PROGRAM, files.path(), &["check", "chart/templates/x.yaml"]).code, 0);
    let read = run(PROGRAM, files.path(), &["read", "chart/templates/x.yaml"]);
    assert_eq!(read.code, 2);
    assert!(read.stderr.contains("helm template"), "{}", read.stderr);
}

#[test]
fn a_folder_without_manifests_is_a_warning() {
    let files = folder(&[("notes.txt", "nothing"), ("data.json", "{\"a\": 1}")]);
    let run = run(PROGRAM, files.path(), &["check"]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("no Kubernetes manifest"), "{}", run.stderr);
}

#[test]
fn what_is_named_is_read_though_it_is_left_out() {
    let files = folder(&[
        ("plimsoll.yaml", "exclude: [ vendor/**, \"**/old\" ]\n"),
        ("a.yaml", FAULTY),
        ("vendor/deep/b.yaml", FAULTY),
        ("vendor/old/c.yaml", FAULTY),
    ]);
    let read = |path: &str| {
        let run = run(PROGRAM, files.path(), &["check", "--format", "json", path]);
        run.json()["summary"]["files"].clone()
    };
    assert_eq!(read("."), 1);
    assert_eq!(read("vendor/old/c.yaml"), 1);
    // Another glob leaves out `vendor/old` still.
    assert_eq!(read("vendor"), 1);
    assert_eq!(read("vendor/deep"), 1);
    assert_eq!(read("vendor/old"), 1);
}

#[test]
fn large_and_binary_files() {
    let files = folder(&[("a.yaml", FAULTY)]);
    let huge = files.path().join("huge.yaml");
    write(&huge, b"apiVersion: v1\nkind: ConfigMap\n");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&huge)
        .expect("it was just written");
    file.set_len(100 << 20).expect("a sparse file");
    write(
        &files.path().join("logo.png"),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe\0\0",
    );
    let run1 = run(PROGRAM, files.path(), &["check", "--format", "json", "."]);
    assert_eq!(run1.code, 2);
    let failed = list(&run1.json(), "inputs-failed");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0]["message"]
            .as_str()
            .unwrap_or_default()
            .contains("document size"),
        "{failed:?}"
    );
    assert!(rules(&run1).contains(&RULE.to_owned()));
    let run2 = run(
        PROGRAM,
        files.path(),
        &["check", "--format", "json", "logo.png", "a.yaml"],
    );
    assert_eq!(run2.code, 2);
    assert!(
        list(&run2.json(), "inputs-failed")[0]["message"]
            .as_str()
            .unwrap_or_default()
            .contains("binary")
    );
    assert!(rules(&run2).contains(&RULE.to_owned()));
}

#[test]
fn an_alias_bomb_is_stopped() {
    let mut bomb = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bomb }\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
    );
    for level in 1..12 {
        let below = level - 1;
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{below}"); 10].join(", ")
        ));
    }
    let files = folder(&[("a.yaml", FAULTY), ("bomb.yaml", &bomb)]);
    let run = run(PROGRAM, files.path(), &["check", "--format", "json"]);
    assert_eq!(run.code, 2);
    let failed = list(&run.json(), "inputs-failed");
    assert!(
        failed[0]["message"]
            .as_str()
            .unwrap_or_default()
            .contains("alias expansion"),
        "{failed:?}"
    );
    assert!(rules(&run).contains(&RULE.to_owned()));
}

#[test]
fn deep_nesting_is_stopped() {
    let deep = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: deep }}\ndata: {}\n",
        "[".repeat(100_000)
    );
    let files = folder(&[("a.yaml", FAULTY), ("deep.yaml", &deep)]);
    let run = run(PROGRAM, files.path(), &["check", "--format", "json"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(rules(&run).contains(&RULE.to_owned()));
}

#[test]
fn standard_input() {
    let files = folder(&[]);
    let run = run_with(
        PROGRAM,
        files.path(),
        &["check", "--format", "json", "-"],
        Some(FAULTY.as_bytes()),
    );
    assert_eq!(run.code, 1);
    assert_eq!(run.json()["findings"][0]["file"], "<stdin>");
}

#[test]
fn failures_never_show_source_text() {
    let secret = "canary-4711-value";
    let broken = format!("apiVersion: v1\nkind: Secret\nstringData:\n  password: \"{secret}\n  x: ]{secret}[\n");
    let files = folder(&[("a.yaml", &broken)]);
    for format in ["human", "json"] {
        let run = run(PROGRAM, files.path(), &["check", "--format", format]);
        assert_eq!(run.code, 2);
        assert!(
            !run.stdout.contains(secret) && !run.stderr.contains(secret),
            "{}{}",
            run.stdout,
            run.stderr
        );
    }
}
