//! `check --since`: what a change brings is reported, and what was there is not.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run git and write files"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_tests::{DEPLOYMENT, Repository, Run, list, samples};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const RULE: &str = "ports/target-port-mismatch";

/// A Service of this name in front of `quay` that targets a port where nothing listens.
fn service(name: &str) -> String {
    format!(
        "\
apiVersion: v1
kind: Service
metadata: {{ name: {name} }}
spec:
  selector: {{ app: quay }}
  ports: [ {{ port: 80, targetPort: 80 }} ]
"
    )
}

fn check(repository: &Repository, arguments: &[&str]) -> Run {
    let arguments = [&["check", "--format", "json"], arguments].concat();
    repository.run(PROGRAM, ".", &arguments, &[])
}

/// Names of the Services whose mismatch counts.
fn counted(run: &Run) -> Vec<String> {
    assert!(run.code < 2, "{}{}", run.stdout, run.stderr);
    let found = list(&run.json(), "findings");
    let found = found
        .iter()
        .filter(|finding| finding["rule"] == RULE && finding["suppressed"].is_null());
    found
        .map(|finding| finding["object"]["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn only_what_is_new_counts() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT), ("old.yaml", &service("old"))]) else {
        return;
    };
    assert_eq!(counted(&check(&repository, &[])), ["old"]);
    let run = check(&repository, &["--since", "main"]);
    assert_eq!((run.code, counted(&run).len()), (0, 0));
    // Committed or not, and lines that move do not matter.
    repository.write("new.yaml", &service("new"));
    repository.write("old.yaml", &format!("# moved\n\n{}", service("old")));
    for _ in 0..2 {
        let run = check(&repository, &["--since", "main"]);
        assert_eq!((run.code, counted(&run)), (1, vec!["new".to_owned()]));
        let report = run.json();
        let since = &report["summary"]["since"];
        assert_eq!(since["revision"], "main");
        assert_eq!(since["commit"].as_str().map(str::len), Some(40));
        let held = list(&report, "findings");
        let held = held.iter().filter(|finding| finding["suppressed"]["by"] == "since");
        assert_eq!(since["known"], held.count());
        repository.git(&["checkout", "--quiet", "-B", "branch"]);
        repository.commit(&[("new.yaml", &service("new"))]);
    }
    let run = repository.run(PROGRAM, ".", &["check", "--color", "never", "--since", "main"], &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("Service new") && !run.stdout.contains("Service old"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(" not new since main; "), "{}", run.stdout);
    // Without the flag nothing of it is there.
    assert!(check(&repository, &[]).json()["summary"].get("since").is_none());
    // What is mended is gone.
    repository.write(
        "new.yaml",
        &service("new").replace("targetPort: 80", "targetPort: 3000"),
    );
    assert_eq!(check(&repository, &["--since", "main"]).code, 0);
}

/// Copies the files of a folder into a repository, below this path of it, and stages them.
fn copy(repository: &Repository, from: &Path, to: &str) {
    for entry in fs::read_dir(from).expect("samples can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{to}/{name}");
        if entry.path().is_dir() {
            copy(repository, &entry.path(), &path);
        } else {
            repository.put(&[(&path, &fs::read_to_string(entry.path()).expect("samples are text"))]);
        }
    }
}

/// Rule, file and line of what counts.
fn all(run: &Run) -> Vec<String> {
    let found = list(&run.json(), "findings");
    let counted = found.iter().filter(|finding| finding["suppressed"].is_null());
    counted
        .map(|finding| format!("{} {} {}", finding["rule"], finding["file"], finding["start"]["line"]))
        .collect()
}

/// Of every rule that the samples know: what is there is no news, moved or not; what comes is.
#[test]
fn the_samples_from_fixed_to_broken() {
    for broken in samples("broken") {
        let Some(repository) = Repository::new(&[]) else {
            return;
        };
        copy(&repository, &broken.with_file_name("fixed"), "app");
        repository.commit(&[]);
        let advice = all(&check(&repository, &[]));
        assert_eq!(
            all(&check(&repository, &["--since", "HEAD"])),
            [""; 0],
            "{}",
            broken.display()
        );
        repository.git(&["rm", "-r", "--quiet", "app"]);
        copy(&repository, &broken, "app");
        let faults: Vec<String> = all(&check(&repository, &[]));
        let new = all(&check(&repository, &["--since", "HEAD"]));
        assert!(
            new.iter().all(|finding| faults.contains(finding)),
            "{}",
            broken.display()
        );
        assert!(
            new.len() + advice.len() >= faults.len(),
            "{}: {new:?}",
            broken.display()
        );
        assert_eq!(check(&repository, &["--since", "HEAD"]).code, 1, "{}", broken.display());
        repository.commit(&[]);
        repository.git(&["mv", "app", "shop"]);
        assert_eq!(
            all(&check(&repository, &["--since", "HEAD"])),
            [""; 0],
            "{}",
            broken.display()
        );
    }
}

#[test]
fn a_change_elsewhere_makes_news() {
    let whole = service("quay").replace("targetPort: 80", "targetPort: 3000");
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT), ("service.yaml", &whole)]) else {
        return;
    };
    repository.write("deployment.yaml", &DEPLOYMENT.replace("3000", "3001"));
    assert_eq!(counted(&check(&repository, &["--since", "HEAD"])), ["quay"]);
}

#[test]
fn moves_are_no_news() {
    let Some(repository) = Repository::new(&[
        ("app/deployment.yaml", DEPLOYMENT),
        ("app/service.yaml", &service("quay")),
    ]) else {
        return;
    };
    repository.git(&["mv", "app", "quay"]);
    assert_eq!(counted(&check(&repository, &["--since", "HEAD"])).len(), 0);
    // Nor where only the new place is judged.
    assert_eq!(counted(&check(&repository, &["quay", "--since", "HEAD"])).len(), 0);
    assert_eq!(
        counted(&check(
            &repository,
            &["quay/service.yaml", "quay/deployment.yaml", "--since", "HEAD"]
        ))
        .len(),
        0
    );
    // A copy is.
    repository.write("copy/deployment.yaml", DEPLOYMENT);
    repository.write("copy/service.yaml", &service("quay"));
    assert_eq!(counted(&check(&repository, &["--since", "HEAD"])).len(), 1);
}

#[test]
fn paths_and_configuration_hold_for_both() {
    let Some(repository) = Repository::new(&[
        ("app/deployment.yaml", DEPLOYMENT),
        ("app/service.yaml", &service("quay")),
        ("vendor/service.yaml", &service("quay")),
        ("vendor/deployment.yaml", DEPLOYMENT),
        ("plimsoll.yaml", "exclude: [ vendor/** ]\n"),
        (".gitignore", "/made/\n"),
    ]) else {
        return;
    };
    // What the configuration took out before counts when it no longer does.
    assert_eq!(counted(&check(&repository, &["--since", "main"])).len(), 0);
    let run = repository.run(
        PROGRAM,
        "app",
        &["check", "--format", "json", "--since", "main", "."],
        &[],
    );
    assert_eq!(
        (run.code, run.json()["summary"]["since"]["known"].as_u64() > Some(0)),
        (0, true)
    );
    repository.write("plimsoll.yaml", "rules: { ports/target-port: off }\n");
    let run = check(&repository, &["--since", "main"]);
    assert_eq!(counted(&run).len(), 0, "the same configuration for both");
    // What is wrong with a changed configuration is new, what was wrong with it before is not.
    let unknown = |run: &Run| {
        let found = list(&run.json(), "findings");
        let mut found = found
            .iter()
            .filter(|finding| finding["rule"] == "plimsoll/unknown-rule");
        found.any(|finding| finding["suppressed"].is_null())
    };
    assert!(unknown(&run));
    repository.commit(&[("plimsoll.yaml", "rules: { ports/target-port: off }\n")]);
    assert!(!unknown(&check(&repository, &["--since", "HEAD"])));
    // A waiver that is taken away makes its finding count.
    let waived = service("crane").replace("spec:", &format!("# plimsoll: allow {RULE} reason=\"known\"\nspec:"));
    repository.commit(&[("app/crane.yaml", &waived)]);
    repository.write("app/crane.yaml", &service("crane"));
    assert_eq!(counted(&check(&repository, &["--since", "HEAD"])), ["crane"]);
    repository.commit(&[("app/crane.yaml", &service("crane"))]);
    // What is ignored is judged in neither.
    repository.write("made/deployment.yaml", DEPLOYMENT);
    repository.write("made/service.yaml", &service("quay"));
    repository.git(&["add", "--force", "made"]);
    repository.git(&["commit", "--quiet", "-m", "Change"]);
    repository.write("shop/deployment.yaml", DEPLOYMENT);
    repository.write("shop/service.yaml", &service("quay"));
    assert_eq!(counted(&check(&repository, &["--since", "HEAD"])), ["quay"]);
    // Unless it is named.
    assert_eq!(counted(&check(&repository, &["--since", "HEAD", "made"])).len(), 0);
}

#[test]
fn a_baseline_and_a_revision_add_up() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT), ("a.yaml", &service("quay"))]) else {
        return;
    };
    assert_eq!(check(&repository, &["--write-baseline"]).code, 0);
    repository.write("dev/deployment.yaml", DEPLOYMENT);
    repository.write("dev/service.yaml", &service("quay"));
    // Two of a fingerprint: the one of the baseline is not held back a second time by the revision.
    let baseline = ["--baseline", ".plimsoll-baseline.json"];
    let run = check(&repository, &[&baseline[..], &["--since", "main"]].concat());
    assert_eq!(counted(&run), ["quay"]);
    assert_eq!(check(&repository, &["--since", "main", "--write-baseline"]).code, 2);
}

#[test]
fn what_cannot_be_judged_there_does_not_fail_here() {
    let broken = "apiVersion: v1\nkind: Service\nmetadata: { name: 'never closed\n";
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT), ("service.yaml", broken)]) else {
        return;
    };
    repository.write("service.yaml", &service("quay"));
    let run = check(&repository, &["--since", "main"]);
    assert_eq!((run.code, counted(&run)), (1, vec!["quay".to_owned()]));
    assert!(
        run.stderr.contains("note: not all of main can be read") && run.stderr.contains("service.yaml"),
        "{}",
        run.stderr
    );
    assert_eq!(list(&run.json(), "inputs-failed").len(), 0);
    // The other way round it does.
    repository.commit(&[("service.yaml", &service("quay"))]);
    repository.write("service.yaml", broken);
    assert_eq!(check(&repository, &["--since", "HEAD"]).code, 2);
}

#[test]
fn the_first_commit_may_be_the_one_before_any_manifest() {
    let Some(repository) = Repository::new(&[]) else {
        return;
    };
    repository.commit(&[("deployment.yaml", DEPLOYMENT), ("service.yaml", &service("quay"))]);
    assert_eq!(counted(&check(&repository, &["--since", "HEAD~1"])), ["quay"]);
}

#[test]
fn what_git_cannot_answer_is_said() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    let outside = tempfile::tempdir().expect("a scratch folder");
    let outside = outside.path().to_str().expect("it is UTF-8");
    let says = |arguments: &[&str], what: &str| {
        let run = check(&repository, arguments);
        assert_eq!(run.code, 2, "{arguments:?} {}", run.stderr);
        assert!(
            run.stderr.contains(what) && run.stdout.is_empty(),
            "{arguments:?} {}",
            run.stderr
        );
    };
    says(&["--since", "nowhere"], "there is no commit `nowhere` here");
    says(&["--since", ""], "there is no commit");
    says(
        &["--since=--upload-pack=touch marker"],
        "there is no commit `--upload-pack=touch marker`",
    );
    says(&["--since=-h"], "there is no commit `-h`");
    says(&["--since=main main"], "there is no commit");
    says(&["--since", "main", "-"], "standard input");
    says(&["--since", "main", outside], "lies outside of the repository");
    let run = check(&repository, &["--since", "main", "missing.yaml"]);
    assert_eq!(list(&run.json(), "inputs-failed").len(), 1);
    assert!(!repository.path().join("marker").exists());
    // Only the remote's branch is there.
    repository.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    says(&["--since", "trunk"], "did you mean `origin/trunk`?");
    let run = |program: &mut Command| {
        let output = program
            .args(["check", "--since", "main"])
            .current_dir(outside)
            .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
            .output();
        let output = output.expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(run(&mut Command::new(PROGRAM)).contains("not a git repository"));
    let without = run(Command::new(PROGRAM).env("PATH", outside));
    assert!(without.contains("git cannot be run; --since compares"), "{without}");
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let Some(repository) = Repository::new(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    repository.commit(&[("service.yaml", &service("quay"))]);
    let clone = Repository::empty().expect("git is there");
    let address = format!("file://{}", repository.path().display());
    clone.git(&["fetch", "--quiet", "--depth=1", &address, "main"]);
    clone.git(&["checkout", "--quiet", "FETCH_HEAD"]);
    let run = check(&clone, &["--since", "HEAD^1"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
    // What is there will do.
    assert_eq!(check(&clone, &["--since", "HEAD"]).code, 0);
    clone.git(&["fetch", "--quiet", "--depth=2", &address, "main"]);
    assert_eq!(counted(&check(&clone, &["--since", "HEAD^1"])), ["quay"]);
}
