//! The one static file, and the image around it, as an engine for images would run it: in an empty root, as another user,
//! with nothing in the environment.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run programs and write files"
)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_tests::server::Server;
use plimsoll_tests::{handed_over, project, run, skip, tool};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

/// What the last stage of the Containerfile says.
struct Image {
    /// User and group.
    user: (u32, u32),
    folder: String,
    entrypoint: Vec<String>,
    command: Vec<String>,
}

/// The rest of the one line of a text that begins so.
fn rest_of<'t>(text: &'t str, begin: &str) -> &'t str {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(begin));
    let rest = lines.next().unwrap_or_else(|| panic!("no {begin} in\n{text}"));
    assert_eq!(lines.next(), None, "{begin}");
    rest
}

fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap_or_else(|error| panic!("{list}: {error}"))
}

impl Image {
    /// Reads it, and holds it to what is put into an empty root here: the file that `ci/static.sh` makes, and no other.
    fn read() -> Image {
        let text = fs::read_to_string(project().join("Containerfile")).expect("the Containerfile");
        assert_eq!(rest_of(&text, "RUN "), "ci/static.sh /out");
        let (_, last) = text.split_once("FROM scratch\n").expect("the base is empty");
        for line in last.lines() {
            let instruction = line.split(' ').next().unwrap_or_default();
            let known = ["COPY", "USER", "WORKDIR", "ENTRYPOINT", "CMD"];
            assert!(known.contains(&instruction), "not played here: {line}");
        }
        assert_eq!(rest_of(last, "COPY "), "--from=build /out/plimsoll /plimsoll");
        let user = rest_of(last, "USER ").split_once(':').expect("user and group");
        let user = (user.0.parse().expect("a number"), user.1.parse().expect("a number"));
        assert!(user.0 > 0 && user.1 > 0, "not root");
        Image {
            user,
            folder: rest_of(last, "WORKDIR ").to_owned(),
            entrypoint: words(rest_of(last, "ENTRYPOINT ")),
            command: words(rest_of(last, "CMD ")),
        }
    }
}

/// An empty root with the static file, and a folder of manifests where the image works.
struct Container {
    image: Image,
    scratch: tempfile::TempDir,
    unshare: PathBuf,
}

impl Container {
    /// None where there is no static file, or no way to give a process another root.
    fn new(manifests: &Path) -> Option<Container> {
        let file = handed_over("PLIMSOLL_STATIC")?;
        let unshare = tool("unshare")?;
        let container = Container {
            image: Image::read(),
            scratch: tempfile::tempdir().expect("a scratch folder"),
            unshare,
        };
        let work = container.work();
        fs::create_dir_all(&work).expect("a folder");
        fs::copy(file, container.root().join("plimsoll")).expect("the file is copied");
        for entry in fs::read_dir(manifests).expect("manifests") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                fs::copy(&path, work.join(path.file_name().expect("a name"))).expect("copied");
            }
        }
        // Whether it may is asked of what needs nothing else.
        let (program, arguments) = container.wrapped(&["--version"]);
        if Command::new(program)
            .args(arguments)
            .env_clear()
            .output()
            .is_ok_and(|output| output.status.success())
        {
            Some(container)
        } else {
            assert!(!container.is_root(), "the static file does not run in an empty root");
            skip("processes may not be given another root");
            None
        }
    }

    fn root(&self) -> PathBuf {
        self.scratch.path().join("root")
    }

    fn work(&self) -> PathBuf {
        self.root().join(self.image.folder.trim_start_matches('/'))
    }

    /// Whether tests run as root, as engines do before they become the image's user.
    fn is_root(&self) -> bool {
        fs::metadata(self.scratch.path()).is_ok_and(|folder| folder.uid() == 0)
    }

    /// The entrypoint with these arguments in the root, in the image's folder and as its user where that may be.
    fn wrapped(&self, arguments: &[&str]) -> (String, Vec<String>) {
        let mut all = vec![
            format!("--root={}", self.root().display()),
            format!("--wd={}", self.image.folder),
        ];
        if self.is_root() {
            let (user, group) = self.image.user;
            all.extend([format!("--setuid={user}"), format!("--setgid={group}")]);
        } else {
            all.push("--map-root-user".to_owned());
        }
        all.push("--".to_owned());
        all.extend(self.image.entrypoint.iter().cloned());
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        (self.unshare.display().to_string(), all)
    }

    /// What the image's own command prints as JSON, and its exit code.
    fn check(&self) -> (Vec<String>, i32) {
        let mut arguments: Vec<&str> = self.image.command.iter().map(String::as_str).collect();
        arguments.extend(["--format", "json"]);
        let (program, arguments) = self.wrapped(&arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = run(&program, self.scratch.path(), &arguments);
        (run.findings(), run.code)
    }
}

#[test]
fn the_image_is_empty_but_for_the_program() {
    let image = Image::read();
    assert_eq!(image.entrypoint, ["/plimsoll"]);
    let arguments: Vec<&str> = image.command.iter().map(String::as_str).chain(["--help"]).collect();
    assert_eq!(run(PROGRAM, &project(), &arguments).code, 0);
}

#[test]
fn in_an_empty_root_it_finds_what_it_finds_elsewhere() {
    for (sample, code) in [("broken", 1), ("fixed", 0)] {
        let manifests = project().join("samples/three-tier-shop").join(sample);
        let Some(container) = Container::new(&manifests) else {
            return;
        };
        let here = run(PROGRAM, &container.work(), &["check", "--format", "json"]);
        assert_eq!(container.check(), (here.findings(), code), "{sample}");
        assert_eq!(here.code, code, "{sample}");
    }
}

#[test]
fn in_an_empty_root_it_serves() {
    let Some(container) = Container::new(&project().join("samples/three-tier-shop/broken")) else {
        return;
    };
    let (program, arguments) = container.wrapped(&[]);
    let command: Vec<&str> = std::iter::once(&program)
        .chain(&arguments)
        .map(String::as_str)
        .collect();
    let mut server = Server::start_as(
        &command,
        container.scratch.path(),
        &["--plain-http", "--no-context"],
        &[],
    );
    let object: Value = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "quay", "namespace": "web"},
        "spec": {"containers": [{
            "name": "web",
            "image": "registry.invalid/quay:1",
            "env": [{"name": "DB_PASSWORD", "value": "Correct-Horse-7731"}],
        }]},
    });
    let answer = server.review(&json!({
        "uid": "in-a-container",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": "web",
        "name": "quay",
        "object": object,
    }));
    assert_eq!(
        (&answer["uid"], &answer["allowed"]),
        (&json!("in-a-container"), &json!(false))
    );
    assert!(
        answer["status"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("secrets/plaintext-env"))
    );
    assert_eq!(server.terminate(), Some(0));
}
