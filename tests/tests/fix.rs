//! `plimsoll fix` in scratch folders: what is repaired, what is left, and what the files look like.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plimsoll_tests::{DEPLOYMENT, Run, folder, list, project, run, run_with, samples, write};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// Its targetPort is a number in quotes, which the API server refuses.
const SERVICE: &str = "\
# the quay
apiVersion: v1
kind: Service
metadata: { name: quay }
spec:
  selector: { app: quay }
  ports:
    - port: 80 # outside
      targetPort: \"3000\" # inside
";

fn repaired() -> String {
    SERVICE.replace("\"3000\"", "3000")
}

fn text(folder: &Path, file: &str) -> String {
    let bytes = std::fs::read(folder.join(file)).expect("the file is there");
    String::from_utf8(bytes).expect("UTF-8")
}

fn fix(folder: &Path, arguments: &[&str]) -> Run {
    run(PROGRAM, folder, &[&["fix"], arguments].concat())
}

/// One run on a Service and its Deployment; what became of the Service.
fn on_service(service: &str, arguments: &[&str]) -> (Run, String) {
    let files = folder(&[("a.yaml", service), ("b.yaml", DEPLOYMENT)]);
    let run = fix(files.path(), arguments);
    assert_eq!(text(files.path(), "b.yaml"), DEPLOYMENT);
    (run, text(files.path(), "a.yaml"))
}

#[test]
fn a_safe_fix_is_applied_once() {
    let files = folder(&[("a.yaml", SERVICE), ("b.yaml", DEPLOYMENT)]);
    let first = fix(files.path(), &[]);
    assert_eq!(text(files.path(), "a.yaml"), repaired());
    assert!(first.stderr.contains("fixed 1 finding in 1 file"), "{}", first.stderr);
    assert_eq!(first.code, 0, "{}", first.stdout);
    let second = fix(files.path(), &[]);
    assert!(
        second.stderr.contains("fixed 0 findings in 0 files"),
        "{}",
        second.stderr
    );
    assert_eq!(text(files.path(), "a.yaml"), repaired());
}

#[test]
fn line_ends_and_the_mark_are_kept() {
    let service = format!("\u{FEFF}{}", SERVICE.replace('\n', "\r\n"));
    let (_, after) = on_service(&service, &[]);
    assert_eq!(after, service.replace("\"3000\"", "3000"));
}

#[test]
fn utf_16_is_left_and_said() {
    let files = folder(&[("b.yaml", DEPLOYMENT)]);
    let units = SERVICE.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = [0xFF, 0xFE].into_iter().chain(units).collect();
    write(&files.path().join("a.yaml"), &bytes);
    let run = fix(files.path(), &[]);
    assert_eq!(std::fs::read(files.path().join("a.yaml")).expect("there"), bytes);
    assert!(run.stderr.contains("a.yaml is UTF-16"), "{}", run.stderr);
    assert!(run.stderr.contains("1 cannot be applied here"), "{}", run.stderr);
    assert_eq!(run.code, 1);
}

#[test]
fn a_diff_changes_nothing() {
    let (run, after) = on_service(SERVICE, &["--diff"]);
    assert_eq!(after, SERVICE);
    assert_eq!(
        run.stdout,
        "--- a/a.yaml\n+++ b/a.yaml\n@@ -6,4 +6,4 @@\n   selector: { app: quay }\n   ports:\n     - port: 80 # outside\n-      \
         targetPort: \"3000\" # inside\n+      targetPort: 3000 # inside\n"
    );
    assert!(run.stderr.contains("would fix 1 finding in 1 file"), "{}", run.stderr);
}

#[test]
fn a_diff_shows_no_secret() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: quay }\nstringData:\n  key: made-up-value-7\n---\n";
    let (run, _) = on_service(&format!("{secret}{SERVICE}"), &["--diff"]);
    let behind = format!("{SERVICE}---\n{}", secret.trim_end_matches("---\n"));
    let (near, _) = on_service(&behind, &["--diff"]);
    for shown in [&run.stdout, &near.stdout] {
        assert!(shown.contains("+      targetPort: 3000"), "{shown}");
        assert!(!shown.contains("made-up"), "{shown}");
    }
}

#[test]
fn what_changes_what_runs_needs_a_word() {
    let service = SERVICE.replace("\"3000\"", "80");
    let (held, after) = on_service(&service, &[]);
    assert_eq!(after, service);
    assert!(held.stderr.contains("1 needs --unsafe"), "{}", held.stderr);
    assert_eq!(held.code, 1);
    let (done, after) = on_service(&service, &["--unsafe"]);
    assert_eq!(after, repaired());
    assert_eq!(done.code, 0, "{}", done.stdout);
    // A member that is missing is put behind the others.
    let without = SERVICE.replace("      targetPort: \"3000\" # inside\n", "");
    let (_, after) = on_service(&without, &["--unsafe"]);
    assert_eq!(after, format!("{without}      targetPort: 3000\n"));
}

#[test]
fn aliases_templates_and_waived_findings_are_left() {
    let alias = SERVICE
        .replace(
            "metadata: { name: quay }",
            "metadata: { name: quay, annotations: { port: &port \"3000\" } }",
        )
        .replace("targetPort: \"3000\"", "targetPort: *port");
    let template = SERVICE.replace("name: quay", "name: {{ .Values.name }}");
    let waived = SERVICE.replace(
        " # inside",
        " # plimsoll: allow ports/target-port-quoted-number reason=\"the old cluster\"",
    );
    for service in [&alias, &template, &waived] {
        let (run, after) = on_service(service, &[]);
        assert_eq!(&after, service, "{}", run.stderr);
        assert!(run.stderr.contains("fixed 0 findings"), "{}", run.stderr);
    }
}

#[test]
fn a_read_only_file_is_no_success() {
    let files = folder(&[("a.yaml", SERVICE), ("b.yaml", DEPLOYMENT)]);
    let path = files.path().join("a.yaml");
    let mut permissions = std::fs::metadata(&path).expect("there").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).expect("can be set");
    let run = fix(files.path(), &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("a.yaml is not repaired: it is read-only"),
        "{}",
        run.stderr
    );
    assert_eq!(text(files.path(), "a.yaml"), SERVICE);
}

#[test]
fn the_hook_runs_on_what_changes_alone() {
    let hooks = text(&project(), ".pre-commit-hooks.yaml");
    let (_, hook) = hooks.split_once("- id: plimsoll-fix\n").expect("the hook is there");
    let hook = hook.split("- id:").next().unwrap_or_default();
    assert!(hook.contains("  entry: plimsoll fix\n"), "{hook}");
    assert!(hook.contains("  require_serial: true\n"), "{hook}");
    assert!(!hook.contains("always_run"), "{hook}");
}

#[test]
fn tabs_and_json_are_kept() {
    let service = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Service\",\n\t\"metadata\": {\"name\": \"quay\"},\n\t\"spec\": \
                   {\n\t\t\"selector\": {\"app\": \"quay\"},\n\t\t\"ports\": [\n\t\t\t{\n\t\t\t\t\"port\": 80\n\t\t\t}\n\t\t]\n\t}\n}\n";
    let files = folder(&[("a.json", service), ("b.yaml", DEPLOYMENT)]);
    let _ = fix(files.path(), &["--unsafe"]);
    let wanted = service.replace("\"port\": 80\n", "\"port\": 80,\n\t\t\t\t\"targetPort\": 3000\n");
    assert_eq!(text(files.path(), "a.json"), wanted);
}

#[test]
fn standard_input_is_refused() {
    let files = folder(&[]);
    let run = run_with(PROGRAM, files.path(), &["fix", "-"], Some(SERVICE.as_bytes()));
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("standard input cannot be repaired"),
        "{}",
        run.stderr
    );
}

/// Files of a folder by name.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("can be listed");
    let files = entries
        .map(|entry| entry.expect("can be listed").path())
        .filter(|path| path.is_file());
    files
        .map(|path| {
            let bytes = std::fs::read(&path).expect("can be read");
            (path, bytes)
        })
        .collect()
}

/// Rule, file and message of the findings that count, and how many of them have a fix that may be applied.
fn judged(folder: &Path, also_unsafe: bool) -> (BTreeSet<String>, usize) {
    let report = run(PROGRAM, folder, &["check", "--format", "json"]).json();
    let findings = list(&report, "findings");
    let counting = findings.iter().filter(|finding| finding["suppressed"].is_null());
    let fixable = |finding: &&Value| finding["fix"]["safe"] == true || (also_unsafe && finding["fix"]["safe"] == false);
    let names = counting
        .clone()
        .map(|finding| format!("{} {} {}", finding["rule"], finding["file"], finding["object"]));
    (names.collect(), counting.filter(fixable).count())
}

#[test]
fn samples_are_repaired_and_nothing_new_appears() {
    let mut repaired = 0;
    for sample in samples("broken") {
        for arguments in [&[][..], &["--unsafe"]] {
            let files: Vec<(String, String)> = contents(&sample)
                .into_iter()
                .filter(|(path, _)| path.extension().is_some_and(|extension| extension == "yaml"))
                .map(|(path, bytes)| {
                    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                    (name, String::from_utf8(bytes).expect("UTF-8"))
                })
                .collect();
            let borrowed: Vec<(&str, &str)> = files
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect();
            let scratch = folder(&borrowed);
            let with_unsafe = !arguments.is_empty();
            let (before, fixable) = judged(scratch.path(), with_unsafe);
            let run = fix(scratch.path(), arguments);
            assert!(run.code < 2, "{}", run.stderr);
            let (after, left) = judged(scratch.path(), with_unsafe);
            assert_eq!(left, 0, "{} {arguments:?}: {}", sample.display(), run.stderr);
            if !with_unsafe {
                let new: Vec<&String> = after.difference(&before).collect();
                assert!(new.is_empty(), "{} {arguments:?}: {new:?}", sample.display());
            }
            repaired += fixable;
            let once = contents(scratch.path());
            let again = fix(scratch.path(), arguments);
            assert!(again.stderr.contains("fixed 0 findings in 0 files"), "{}", again.stderr);
            assert_eq!(contents(scratch.path()), once);
        }
    }
    assert!(repaired > 0, "no sample has a fix");
}
