//! `plimsoll init`: what it writes works when it is typed as it says, and nothing that is there is touched.

#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run shells and write files"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plimsoll_tests::{Repository, Run, folder, project, run, tool, write};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const HOOKS: &str = ".pre-commit-config.yaml";
const GITHUB: &str = ".github/workflows/plimsoll.yml";
const GITLAB: &str = ".gitlab-ci.yml";

fn init(repository: &Repository) -> Run {
    let run = repository.run(PROGRAM, ".", &["init"], &[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    run
}

fn has(repository: &Repository, path: &str) -> bool {
    repository.path().join(path).exists()
}

fn text(repository: &Repository, path: &str) -> String {
    fs::read_to_string(repository.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file as YAML.
fn yaml(folder: &Path, path: &str) -> Value {
    let read = run(PROGRAM, folder, &["read", path]);
    assert_eq!(read.code, 0, "{path} {}", read.stderr);
    read.json()
}

/// A folder with the program under its own name, to put first into PATH; and an empty home.
struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let installed = Installed { folder };
        fs::create_dir(installed.bin()).expect("a folder can be made");
        std::os::unix::fs::symlink(PROGRAM, installed.bin().join("plimsoll")).expect("a link can be made");
        installed
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Runs a line as a shell does in which the program is installed.
    fn shell(&self, folder: &Path, line: &str, environment: &[(&str, &str)]) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new("sh")
            .args(["-e", "-c", line])
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", self.bin().display()))
            .env("HOME", self.folder.path())
            .env("PRE_COMMIT_HOME", self.folder.path().join("pre-commit"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GITHUB_ACTIONS")
            .envs(environment.iter().copied())
            .output()
            .expect("a shell runs")
    }

    /// A program that notes how it is called.
    fn stub(&self, name: &str) {
        let file = self.bin().join(name);
        let log = self.folder.path().join("calls");
        write(
            &file,
            format!("#!/bin/sh\necho {name} \"$@\" >> '{}'\n", log.display()).as_bytes(),
        );
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&file, executable).expect("it is ours");
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }
}

/// The commands that `init` says to type.
fn commands(run: &Run) -> Vec<String> {
    let (_, next) = run.stdout.split_once("\nnext:\n").expect("it says what is next");
    let lines = next.lines().take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_newcomer_types_what_it_says() {
    let Some(repository) = Repository::empty() else {
        return;
    };
    let run = init(&repository);
    let commands = commands(&run);
    assert_eq!(commands.len(), 4, "{}", run.stdout);
    let installed = Installed::new();
    for command in &commands {
        let program = command.split(' ').next().unwrap_or_default();
        if program != "plimsoll" && tool(program).is_none() {
            continue;
        }
        let output = installed.shell(repository.path(), command, &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {said}");
    }
    let output = installed.shell(repository.path(), "git status --porcelain && git log --format=%s", &[]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "Judge manifests with Plimsoll\n"
    );
    // Where pre-commit is there, a commit that breaks something does not pass.
    if tool("pre-commit").is_some() {
        repository.put(&[
            ("deployment.yaml", plimsoll_tests::DEPLOYMENT),
            (
                "service.yaml",
                "apiVersion: v1\nkind: Service\nmetadata: { name: quay }\nspec:\n  selector: { app: quay }\n  ports: [ { port: 80 } ]\n",
            ),
        ]);
        let output = installed.shell(repository.path(), "git commit -m Quay", &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(
            !output.status.success() && said.contains("ports/target-port-mismatch"),
            "{said}"
        );
    }
}

#[test]
fn what_it_writes_is_what_it_says() {
    let Some(repository) = Repository::empty() else {
        return;
    };
    let run = init(&repository);
    for path in ["plimsoll.yaml", HOOKS, GITHUB] {
        assert!(run.stdout.contains(&format!("wrote {path}\n")), "{}", run.stdout);
    }
    assert!(!has(&repository, GITLAB));
    let hook = &yaml(repository.path(), HOOKS)["repos"][0]["hooks"][0];
    assert_eq!(hook["entry"], "plimsoll hook");
    let page = fs::read_to_string(project().join("docs/ci.md")).expect("the page is there");
    assert!(
        page.contains(&text(&repository, HOOKS)),
        "docs/ci.md shows the same hook"
    );
    // All are as they were at the second time, and nothing is left to add.
    let before = ["plimsoll.yaml", HOOKS, GITHUB].map(|path| text(&repository, path));
    let run = init(&repository);
    assert!(
        !run.stdout.contains("wrote") && !run.stdout.contains("git add"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.matches(" is there already\n").count(), 3, "{}", run.stdout);
    assert_eq!(
        ["plimsoll.yaml", HOOKS, GITHUB].map(|path| text(&repository, path)),
        before
    );
    // From a folder of it, for the repository all the same.
    fs::remove_file(repository.path().join("plimsoll.yaml")).expect("it is there");
    repository.write("apps/service.txt", "");
    let run = repository.run(PROGRAM, "apps", &["init"], &[]);
    assert!(has(&repository, "plimsoll.yaml") && !has(&repository, "apps/plimsoll.yaml"));
    let add = commands(&run)
        .into_iter()
        .find(|command| command.starts_with("git add"));
    let add = add.expect("it is to be added");
    let output = Installed::new().shell(&repository.path().join("apps"), &add, &[]);
    assert!(output.status.success(), "{add}");
}

#[test]
fn what_is_there_is_left_alone() {
    let Some(repository) = Repository::empty() else {
        return;
    };
    let files = [
        ("plimsoll.yaml", "fail-on: never\n"),
        (HOOKS, "repos:\n  - repo: meta\n    hooks: [ { id: identity } ]\n"),
        (GITLAB, "stages: [ test ]\n"),
    ];
    for (path, text) in files {
        repository.write(path, text);
    }
    let run = init(&repository);
    for (path, before) in files {
        assert_eq!(text(&repository, path), before);
    }
    assert!(!has(&repository, GITHUB), "{}", run.stdout);
    // What it prints may be added as it is.
    for (path, words, added) in [
        (HOOKS, "add to it, under `repos`:\n\n", "/repos/1/hooks/0/entry"),
        (GITLAB, "add to it:\n\n", "/plimsoll/image"),
    ] {
        let (_, rest) = run.stdout.split_once(words).unwrap_or_else(|| panic!("{}", run.stdout));
        let addition = rest.split("\n\n").next().unwrap_or_default();
        repository.write(path, &format!("{}{addition}\n", text(&repository, path)));
        let value = yaml(repository.path(), path);
        assert!(value.pointer(added).is_some(), "{value}");
    }
    if tool("pre-commit").is_some() {
        let installed = Installed::new();
        let output = installed.shell(repository.path(), "pre-commit validate-config", &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let run = init(&repository);
    assert!(!run.stdout.contains("add to it"), "{}", run.stdout);
}

#[test]
fn the_ci_is_that_of_the_repository() {
    for (address, files, wanted) in [
        ("https://gitlab.example/me/it.git", &[][..], [false, true]),
        ("git@gitlab.example:me/it.git", &[".github/CODEOWNERS"], [true, true]),
        ("https://github.example/gitlab/it.git", &[], [true, false]),
        ("https://git.example/me/it.git", &[], [true, false]),
    ] {
        let Some(repository) = Repository::empty() else {
            return;
        };
        repository.git(&["remote", "add", "origin", address]);
        for file in files {
            repository.write(file, "");
        }
        init(&repository);
        assert_eq!(
            [has(&repository, GITHUB), has(&repository, GITLAB)],
            wanted,
            "{address}"
        );
    }
}

#[test]
fn the_steps_build_and_judge() {
    let Some(repository) = Repository::empty() else {
        return;
    };
    repository.write(GITLAB, "");
    repository.write(".github/CODEOWNERS", "");
    fs::remove_file(repository.path().join(GITLAB)).expect("it was written");
    repository.git(&["remote", "add", "origin", "https://gitlab.example/me/it.git"]);
    init(&repository);
    let github = yaml(repository.path(), GITHUB);
    let steps = github.pointer("/jobs/manifests/steps").and_then(Value::as_array);
    let steps: Vec<&str> = steps
        .expect("steps")
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    let gitlab = yaml(repository.path(), GITLAB);
    let script = gitlab
        .pointer("/plimsoll/script")
        .and_then(Value::as_array)
        .expect("a script");
    let script: Vec<&str> = script.iter().filter_map(Value::as_str).collect();
    let [build, check] = steps[..] else {
        panic!("two steps run something: {steps:?}");
    };
    for (build, check, added) in [(build, check, ""), (script[0], script[1], "--root .plimsoll ")] {
        let installed = Installed::new();
        installed.stub("cargo");
        installed.stub("rustup");
        let output = installed.shell(repository.path(), build, &[("PLIMSOLL_SOURCE", "")]);
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("PLIMSOLL_SOURCE is not set"));
        assert_eq!(installed.calls(), "");
        let source = [("PLIMSOLL_SOURCE", "https://git.example/plimsoll.git")];
        let output = installed.shell(repository.path(), build, &source);
        assert!(output.status.success());
        assert_eq!(
            installed.calls(),
            format!(
                "rustup target add wasm32-unknown-unknown\n\
                 cargo install --locked {added}--git https://git.example/plimsoll.git plimsoll\n"
            )
        );
        let check = check.replace(".plimsoll/bin/", "");
        let output = installed.shell(repository.path(), &check, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(has(&repository, "gl-code-quality.json"));
}

#[test]
fn outside_of_a_repository_only_the_configuration() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let done = run(PROGRAM, scratch.path(), &["init"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("this is no git repository"), "{}", done.stdout);
    let names = fs::read_dir(scratch.path()).expect("it can be read");
    let names: Vec<_> = names.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    assert_eq!(names, ["plimsoll.yaml"]);
    assert_eq!(run(PROGRAM, scratch.path(), &["check"]).code, 0);
}

#[test]
fn nothing_is_written_through_links() {
    let elsewhere = tempfile::tempdir().expect("a scratch folder");
    let repository = folder(&[("README.md", "")]);
    let link = |name: &str, to: PathBuf| {
        std::os::unix::fs::symlink(to, repository.path().join(name)).expect("a link can be made");
    };
    link(".github", elsewhere.path().to_path_buf());
    link("plimsoll.yaml", elsewhere.path().join("config.yaml"));
    let done = run(PROGRAM, repository.path(), &["init"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains(".github is a link"), "{}", done.stderr);
    assert!(repository.path().join(HOOKS).exists(), "the others are written");
    let mut left = fs::read_dir(elsewhere.path()).expect("it can be read");
    assert!(left.next().is_none());
}
