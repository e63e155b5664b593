//! The pre-commit hook in scratch repositories: what is judged, and what is reported.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run git and write files"
)]

use std::process::Command;

use plimsoll_tests::{DEPLOYMENT, Repository, Run, list};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: quay }
spec:
  selector: { app: quay }
  ports: [ { port: 80, targetPort: 80 } ]
";

const RULE: &str = "ports/target-port-mismatch";

/// Runs the hook.
trait Hook {
    fn hook(&self, files: &[&str]) -> Run {
        self.hook_with(files, &[])
    }

    fn hook_with(&self, files: &[&str], environment: &[(&str, &str)]) -> Run;
}

impl Hook for Repository {
    fn hook_with(&self, files: &[&str], environment: &[(&str, &str)]) -> Run {
        let arguments = [&["hook", "--format", "json"], files].concat();
        self.run(PROGRAM, ".", &arguments, environment)
    }
}

fn has(run: &Run, rule: &str) -> bool {
    list(&run.json(), "findings")
        .iter()
        .any(|finding| finding["rule"] == rule)
}

#[test]
fn a_changed_file_is_judged_in_the_light_of_the_others() {
    let Some(repository) = Repository::new(&[("app/deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    repository.put(&[("app/service.yaml", SERVICE)]);
    let run = repository.hook(&["app/service.yaml"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(has(&run, RULE));
    // Nothing is said of the Service alone, and nothing that does not touch what is committed.
    repository.git(&["commit", "--quiet", "-m", "second"]);
    repository.put(&[(
        "other.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: yard }\n",
    )]);
    let run = repository.hook(&["other.yaml"]);
    assert_eq!(
        (run.code, list(&run.json(), "findings").len()),
        (0, 0),
        "{}",
        run.stdout
    );
    // The other end of the same fault: a related place touches.
    repository.put(&[(
        "app/deployment.yaml",
        &DEPLOYMENT.replace("registry.invalid/quay:1", "registry.invalid/quay:2"),
    )]);
    assert!(has(&repository.hook(&["app/deployment.yaml"]), RULE));
}

#[test]
fn what_is_staged_is_judged_and_not_the_working_tree() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    repository.put(&[("service.yaml", SERVICE)]);
    repository.write("service.yaml", &SERVICE.replace("targetPort: 80", "targetPort: 3000"));
    assert!(has(&repository.hook(&["service.yaml"]), RULE));
    repository.put(&[("service.yaml", &SERVICE.replace("targetPort: 80", "targetPort: 3000"))]);
    repository.write("service.yaml", SERVICE);
    assert_eq!(repository.hook(&["service.yaml"]).code, 0);
    // Untracked files are out.
    repository.write("untracked.yaml", &SERVICE.replace("name: quay", "name: pier"));
    assert_eq!(repository.hook(&["service.yaml"]).code, 0);
}

#[test]
fn without_names_all_that_is_staged() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    repository.put(&[("service.yaml", SERVICE)]);
    assert!(has(&repository.hook(&[]), RULE));
    repository.git(&["commit", "--quiet", "-m", "second"]);
    let run = repository.hook(&[]);
    assert_eq!((run.code, list(&run.json(), "findings").len()), (0, 0));
}

#[test]
fn all_files_and_ranges_take_the_working_tree() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    repository.put(&[("service.yaml", SERVICE)]);
    repository.git(&["commit", "--quiet", "-m", "second"]);
    // As with --all-files: the index holds nothing new.
    assert!(has(&repository.hook(&["deployment.yaml", "service.yaml"]), RULE));
    let range = [("PRE_COMMIT_FROM_REF", "HEAD~1"), ("PRE_COMMIT_TO_REF", "HEAD")];
    assert!(has(&repository.hook_with(&["service.yaml"], &range), RULE));
}

#[test]
fn what_is_deleted_or_renamed_touches_who_speaks_of_it() {
    let ingress = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: gate }
spec:
  rules:
    - http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: quay, port: { number: 81 } } } }
";
    let Some(repository) = Repository::new(&[
        ("deployment.yaml", DEPLOYMENT),
        ("service.yaml", SERVICE),
        ("ingress.yaml", ingress),
        (
            "old.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: quay }\n",
        ),
    ]) else {
        return;
    };
    repository.git(&["rm", "--quiet", "old.yaml"]);
    // Findings that name `quay`, a name that a deleted file defined.
    assert!(has(&repository.hook(&[]), RULE));
    repository.git(&["commit", "--quiet", "-m", "second"]);
    repository.git(&["mv", "service.yaml", "moved.yaml"]);
    let run = repository.hook(&["moved.yaml"]);
    assert!(has(&run, RULE), "{}", run.stdout);
}

#[test]
fn nothing_to_judge_is_no_failure() {
    let Some(repository) = Repository::new(&[]) else {
        return;
    };
    assert_eq!(repository.hook(&[]).code, 0);
    repository.put(&[("README.md", "# A project\n"), ("broken.yaml", "a: 'never closed\n")]);
    assert_eq!(repository.hook(&["README.md", "broken.yaml"]).code, 0);
    // What looks like a manifest must parse, if it is what changes.
    repository.put(&[(
        "service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: { name: 'never closed\n",
    )]);
    assert_eq!(repository.hook(&["service.yaml"]).code, 2);
    repository.git(&["commit", "--quiet", "-m", "second"]);
    repository.put(&[(
        "other.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: yard }\n",
    )]);
    assert_eq!(repository.hook(&["other.yaml"]).code, 0);
}

#[test]
fn odd_names_and_subfolders() {
    let Some(repository) = Repository::new(&[("a b/dépl,oy\".yaml", DEPLOYMENT)]) else {
        return;
    };
    repository.put(&[("a b/sérvice.yaml", SERVICE)]);
    let run = repository.run(PROGRAM, "a b", &["hook", "--format", "json", "sérvice.yaml"], &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stdout.contains("a b/sérvice.yaml"));
}

#[test]
fn outside_of_a_repository_it_says_what_to_use() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let output = Command::new(PROGRAM)
        .arg("hook")
        .current_dir(folder.path())
        .env("GIT_CEILING_DIRECTORIES", folder.path().parent().expect("it has one"))
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("plimsoll check"));
}

#[test]
fn thousands_of_files() {
    let Some(repository) = Repository::new(&[]) else {
        return;
    };
    for number in 0..2_000 {
        repository.write(
            &format!("n{}/c{number}.yaml", number % 40),
            &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{number} }}\ndata: {{ a: b }}\n"),
        );
    }
    repository.git(&["add", "."]);
    let run = repository.hook(&[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.json()["summary"]["files"], 2_000);
}
