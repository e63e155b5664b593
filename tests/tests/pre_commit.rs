//! The hooks under the real `pre-commit`, in scratch repositories: as this project publishes them, and as docs/ci.md has them.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run programs and write files"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_tests::{DEPLOYMENT, Repository, fenced, handed_over, project, samples, tool, write};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");
const CONFIG: &str = ".pre-commit-config.yaml";

/// Targets a port where nothing of the Deployment listens.
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: quay }
spec:
  selector: { app: quay }
  ports: [ { port: 80, targetPort: 80 } ]
";
const RULE: &str = "ports/target-port-mismatch";

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: { name: yard }\n";

fn right() -> String {
    SERVICE.replace("targetPort: 80", "targetPort: 3000")
}

/// A repository whose commits `pre-commit` judges.
struct Checkout {
    repository: Repository,
    /// What `pre-commit` keeps, and the program under its own name.
    home: tempfile::TempDir,
    pre_commit: PathBuf,
}

/// What a command printed, and whether it succeeded.
struct Outcome {
    ok: bool,
    text: String,
}

impl Checkout {
    /// With these files and this configuration committed; none where a program is missing.
    fn new(config: &str, files: &[(&str, &str)]) -> Option<Checkout> {
        let pre_commit = tool("pre-commit")?;
        let repository = Repository::new(files)?;
        repository.commit(&[(CONFIG, config)]);
        let home = tempfile::tempdir().expect("a scratch folder");
        std::fs::create_dir(home.path().join("bin")).expect("a folder can be made");
        std::fs::hard_link(PROGRAM, home.path().join("bin/plimsoll"))
            .or_else(|_| std::fs::copy(PROGRAM, home.path().join("bin/plimsoll")).map(|_| ()))
            .expect("the program can be put there");
        Some(Checkout {
            repository,
            home,
            pre_commit,
        })
    }

    /// With the hooks of docs/ci.md for who has installed the program.
    fn local(files: &[(&str, &str)]) -> Option<Checkout> {
        Checkout::new(&fenced("docs/ci.md", "language: system"), files)
    }

    fn path(&self) -> &Path {
        self.repository.path()
    }

    fn run(&self, mut command: Command) -> Outcome {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.home.path().join("bin")).chain(std::env::split_paths(&path));
        let output = command
            .current_dir(self.path())
            .env("PATH", std::env::join_paths(folders).expect("PATH can be joined"))
            .env("PRE_COMMIT_HOME", self.home.path().join("kept"))
            .env("PRE_COMMIT_COLOR", "never")
            .env_remove("PRE_COMMIT_FROM_REF")
            .env_remove("PRE_COMMIT_TO_REF")
            .env_remove("GITHUB_ACTIONS")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .expect("the command runs");
        let text = [output.stdout, output.stderr].concat();
        Outcome {
            ok: output.status.success(),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    fn pre_commit(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(&self.pre_commit);
        command.args(arguments);
        self.run(command)
    }

    /// A commit as people make it, with the hooks in place.
    fn git(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new("git");
        command.args(arguments);
        self.run(command)
    }

    /// Commits past the hooks.
    fn slip(&self, files: &[(&str, &str)]) {
        self.repository.put(files);
        self.repository
            .git(&["commit", "--quiet", "--no-verify", "-m", "Slipped in"]);
    }
}

/// The hook ran, and let it pass.
fn passes(outcome: &Outcome) {
    assert!(outcome.ok, "{}", outcome.text);
    assert!(outcome.text.contains("Passed"), "{}", outcome.text);
}

/// The hook found this, and nothing else broke.
fn finds(outcome: &Outcome, rule: &str) {
    assert!(!outcome.ok && outcome.text.contains(rule), "{}", outcome.text);
    assert!(outcome.text.contains("exit code: 1"), "{}", outcome.text);
}

/// A clone of what this project publishes to `pre-commit`, and a configuration that uses it.
fn published() -> Option<(Repository, String)> {
    let hooks = std::fs::read_to_string(project().join(".pre-commit-hooks.yaml")).expect("the hooks are there");
    let source = Repository::new(&[(".pre-commit-hooks.yaml", &hooks)])?;
    let config = format!(
        "repos:\n  - repo: {}\n    rev: main\n    hooks: [ {{ id: plimsoll-fix }}, {{ id: plimsoll }} ]\n",
        source.path().display()
    );
    Some((source, config))
}

#[test]
fn published_hooks_guard_commits() {
    let Some((_source, config)) = published() else { return };
    let Some(checkout) = Checkout::new(&config, &[("app/deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    assert!(checkout.pre_commit(&["install"]).ok);
    // The Deployment that it contradicts is not in the commit.
    checkout.repository.put(&[("app/service.yaml", SERVICE)]);
    finds(&checkout.git(&["commit", "-m", "Service"]), RULE);
    // Part of the index, which git then keeps in another file.
    checkout.repository.put(&[("app/namespace.yaml", NAMESPACE)]);
    finds(&checkout.git(&["commit", "-m", "Service", "app/service.yaml"]), RULE);
    passes(&checkout.git(&["commit", "-m", "Namespace", "app/namespace.yaml"]));
    checkout.repository.put(&[("app/service.yaml", &right())]);
    passes(&checkout.git(&["commit", "-m", "Service"]));
    assert_eq!(checkout.git(&["status", "--porcelain"]).text, "");
}

#[test]
fn published_fix_repairs_what_is_safe() {
    let Some((_source, config)) = published() else { return };
    let Some(checkout) = Checkout::new(&config, &[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    let quoted = right().replace("3000", "\"3000\"");
    checkout.repository.put(&[("service.yaml", &quoted)]);
    let first = checkout.pre_commit(&["run", "plimsoll-fix"]);
    assert!(!first.ok, "{}", first.text);
    assert!(
        first.text.contains("files were modified by this hook"),
        "{}",
        first.text
    );
    let repaired = std::fs::read_to_string(checkout.path().join("service.yaml")).expect("it is there");
    assert_eq!(repaired, right());
    checkout.repository.put(&[("service.yaml", &repaired)]);
    passes(&checkout.pre_commit(&["run", "plimsoll-fix"]));
    passes(&checkout.pre_commit(&["run", "plimsoll"]));
}

#[test]
fn only_what_touches_the_change_is_reported() {
    let Some(checkout) = Checkout::local(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    checkout.slip(&[("service.yaml", SERVICE)]);
    checkout.repository.put(&[("namespace.yaml", NAMESPACE)]);
    passes(&checkout.pre_commit(&["run"]));
    checkout.repository.put(&[("README.md", "# Quay\n")]);
    passes(&checkout.pre_commit(&["run"]));
    // The other end of the fault.
    let newer = DEPLOYMENT.replace("quay:1", "quay:2");
    checkout.repository.put(&[("deployment.yaml", &newer)]);
    finds(&checkout.pre_commit(&["run"]), RULE);
}

#[test]
fn what_is_staged_is_judged() {
    let Some(checkout) = Checkout::local(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    checkout.repository.put(&[("service.yaml", SERVICE)]);
    checkout.repository.write("service.yaml", &right());
    finds(&checkout.pre_commit(&["run"]), RULE);
    // With names, pre-commit leaves the working tree as it is.
    finds(&checkout.pre_commit(&["run", "--files", "service.yaml"]), RULE);
    checkout.repository.put(&[("service.yaml", &right())]);
    checkout.repository.write("service.yaml", SERVICE);
    passes(&checkout.pre_commit(&["run"]));
    passes(&checkout.pre_commit(&["run", "--files", "service.yaml"]));
}

#[test]
fn all_files_and_ranges() {
    let Some(checkout) = Checkout::local(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    checkout.slip(&[("service.yaml", SERVICE)]);
    checkout.slip(&[("namespace.yaml", NAMESPACE)]);
    finds(&checkout.pre_commit(&["run", "--all-files"]), RULE);
    passes(&checkout.pre_commit(&["run"]));
    let range = |from: &str, to: &str| checkout.pre_commit(&["run", "--from-ref", from, "--to-ref", to]);
    finds(&range("HEAD~2", "HEAD"), RULE);
    passes(&range("HEAD~1", "HEAD"));
    // Nothing staged: the files as they lie there.
    checkout.repository.write("service.yaml", &right());
    passes(&checkout.pre_commit(&["run", "--all-files"]));
}

#[test]
fn what_is_deleted_or_renamed() {
    let owner = "owner: { projectName: ferry, componentName: ferry-api }";
    let release = format!(
        "apiVersion: openchoreo.dev/v1alpha1\nkind: ComponentRelease\nmetadata: {{ name: ferry-api-1, namespace: harbour }}\n\
         spec:\n  {owner}\n  workload: {{ container: {{ image: \"registry.invalid/api:3\" }} }}\n"
    );
    let binding = format!(
        "apiVersion: openchoreo.dev/v1alpha1\nkind: ReleaseBinding\nmetadata: {{ name: ferry-api-dev, namespace: harbour }}\n\
         spec:\n  {owner}\n  environment: development\n  releaseName: ferry-api-1\n"
    );
    let rule = "openchoreo/binding-release-unresolved";
    let Some(checkout) = Checkout::local(&[
        ("plimsoll.yaml", "closed-world: [ harbour ]\n"),
        ("binding.yaml", &binding),
        ("release.yaml", &release),
    ]) else {
        return;
    };
    // A file of another name, the object as it was.
    checkout.repository.git(&["mv", "release.yaml", "moved.yaml"]);
    passes(&checkout.pre_commit(&["run"]));
    checkout.repository.git(&["commit", "--quiet", "-m", "Moved"]);
    // The object under another name, in the same file.
    checkout
        .repository
        .put(&[("moved.yaml", &release.replace("ferry-api-1", "ferry-api-2"))]);
    finds(&checkout.pre_commit(&["run"]), rule);
    checkout.repository.git(&["reset", "--quiet", "--hard"]);
    // Nothing but a deletion: pre-commit passes no file.
    checkout.repository.git(&["rm", "--quiet", "moved.yaml"]);
    finds(&checkout.pre_commit(&["run"]), rule);
    checkout
        .repository
        .git(&["commit", "--quiet", "--no-verify", "-m", "Deleted"]);
    finds(
        &checkout.pre_commit(&["run", "--from-ref", "HEAD~1", "--to-ref", "HEAD"]),
        rule,
    );
}

#[test]
fn thousands_of_files() {
    let Some(checkout) = Checkout::local(&[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    // More names than one command line takes: pre-commit calls the hook several times.
    let folder = "a-folder-whose-name-takes-its-time-until-it-comes-to-an-end";
    for number in 0..2_500 {
        checkout.repository.write(
            &format!("{folder}/n{}/c{number}.yaml", number % 40),
            &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{number} }}\ndata: {{ a: b }}\n"),
        );
    }
    checkout.repository.git(&["add", "."]);
    passes(&checkout.pre_commit(&["run"]));
    checkout.repository.git(&["commit", "--quiet", "-m", "Many"]);
    passes(&checkout.pre_commit(&["run", "--all-files"]));
    checkout.slip(&[("service.yaml", SERVICE)]);
    finds(&checkout.pre_commit(&["run", "--all-files"]), RULE);
}

#[test]
fn no_manifests_and_no_commit() {
    let Some(checkout) = Checkout::local(&[("README.md", "# Nothing\n")]) else {
        return;
    };
    passes(&checkout.pre_commit(&["run", "--all-files"]));
    checkout.repository.put(&[("values.yaml", "a: 'never closed\n")]);
    passes(&checkout.pre_commit(&["run"]));
}

/// The files of a folder as a repository would hold them, without what is built.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder can be listed") {
        let entry = entry.expect("a folder can be listed");
        let (name, kind) = (entry.file_name(), entry.file_type().expect("it has a type"));
        if [".git", "target", "node_modules"].iter().any(|other| name == *other) {
            // Not part of what is committed.
        } else if kind.is_dir() {
            copy(&entry.path(), &to.join(name));
        } else if kind.is_file() {
            write(
                &to.join(name),
                &std::fs::read(entry.path()).expect("a file can be read"),
            );
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).expect("a link can be read");
            std::fs::create_dir_all(to).expect("a folder can be made");
            std::os::unix::fs::symlink(target, to.join(name)).expect("a link can be made");
        }
    }
}

#[test]
fn the_project_passes_its_own_hooks() {
    let config = std::fs::read_to_string(project().join(CONFIG)).expect("the project has hooks");
    let Some(checkout) = Checkout::new(&config, &[]) else {
        return;
    };
    copy(&project(), checkout.path());
    checkout.repository.git(&["add", "."]);
    let outcome = checkout.pre_commit(&["run", "--all-files"]);
    passes(&outcome);
    assert_eq!(outcome.text.matches("Passed").count(), 2, "{}", outcome.text);
    // What is wrong on purpose is left out, and the rest is not.
    let quoted = right().replace("3000", "\"3000\"");
    checkout.repository.put(&[("policies/ports/src/oar.yaml", &quoted)]);
    passes(&checkout.pre_commit(&["run", "plimsoll"]));
    checkout
        .repository
        .put(&[("samples/disc-golf-api/fixed/oar.yaml", &quoted)]);
    finds(
        &checkout.pre_commit(&["run", "plimsoll"]),
        "ports/target-port-quoted-number",
    );
}

#[test]
fn fixed_samples_pass_and_broken_ones_do_not() {
    for (side, right) in [("fixed", true), ("broken", false)] {
        for sample in samples(side) {
            let Some(checkout) = Checkout::local(&[]) else { return };
            copy(&sample, checkout.path());
            checkout.repository.git(&["add", "."]);
            let outcome = checkout.pre_commit(&["run", "--all-files"]);
            assert_eq!(outcome.ok, right, "{}\n{}", sample.display(), outcome.text);
        }
    }
}

#[test]
fn the_wheel_serves_who_has_no_rust() {
    let Some(wheels) = handed_over("PLIMSOLL_WHEELS") else {
        return;
    };
    let wheel = std::fs::read_dir(&wheels)
        .expect("the folder of wheels can be listed")
        .map(|entry| entry.expect("it can be listed").path())
        .find(|path| path.to_string_lossy().contains("plimsoll_lint-"))
        .expect("a wheel of plimsoll-lint");
    let config =
        fenced("docs/ci.md", "language: python").replace("/path/to/plimsoll_lint.whl", &wheel.to_string_lossy());
    assert!(config.contains(&*wheel.to_string_lossy()), "{config}");
    let Some(checkout) = Checkout::new(&config, &[("deployment.yaml", DEPLOYMENT)]) else {
        return;
    };
    // It must be the wheel's, and come without a network.
    std::fs::remove_file(checkout.home.path().join("bin/plimsoll")).expect("it was there");
    let run = || {
        let mut command = Command::new(&checkout.pre_commit);
        command.args(["run", "--all-files"]);
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", &wheels);
        command.env("VIRTUALENV_NO_DOWNLOAD", "1");
        checkout.run(command)
    };
    passes(&run());
    checkout.repository.put(&[("service.yaml", SERVICE)]);
    finds(&run(), RULE);
}
