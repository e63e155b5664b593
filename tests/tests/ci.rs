//! The GitHub action, the GitLab template and the Containerfile: their scripts run as CI would run them, and what they name
//! is there.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run programs and write files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_tests::{DEPLOYMENT, Repository, fenced, list, project, run, tool, write};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");
const RULE: &str = "ports/target-port-mismatch";

/// Targets a port where nothing of the Deployment listens.
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: quay }
spec:
  selector: { app: quay }
  ports: [ { port: 80, targetPort: 80 } ]
";

fn text(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of a YAML file of the project, read by the program itself.
fn documents(path: &str) -> Vec<Value> {
    let read = run(PROGRAM, &project(), &["read", path]);
    assert_eq!(read.code, 0, "{}", read.stderr);
    let lines = read.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a line is a document"))
        .collect()
}

/// A map of strings.
fn strings(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Values of inputs: what is given, and the defaults of the rest.
fn inputs(declared: &Value, given: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (name, input) in declared.as_object().expect("inputs are a map") {
        if let Some(value) = input["default"].as_str() {
            values.insert(name.clone(), value.to_owned());
        }
    }
    for (name, value) in given {
        assert!(declared.get(name).is_some(), "there is no input {name}");
        values.insert((*name).to_owned(), (*value).to_owned());
    }
    values
}

/// A text with its `OPEN inputs.NAME CLOSE` filled in; fails for an input without a value.
fn filled(text: &str, open: &str, close: &str, inputs: &BTreeMap<String, String>) -> String {
    let mut pieces = text.split(open);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(close).expect("an expression ends");
        let name = name.trim().strip_prefix("inputs.").expect("an input");
        out.push_str(inputs.get(name).unwrap_or_else(|| panic!("no value for {name}")));
        out.push_str(rest);
    }
    out
}

/// Names after `prefix` in a text, up to what no name has.
fn names(text: &str, prefix: &str) -> BTreeSet<String> {
    let rests = text.split(prefix).skip(1);
    rests
        .filter_map(|rest| {
            rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
                .next()
        })
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What came of a step.
#[derive(Debug)]
struct Outcome {
    code: i32,
    text: String,
}

fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().expect("the command runs");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    }
}

/// Puts the program where `install.sh` would, as made of the sources in this folder.
fn install(sources: &Path, folder: &Path) {
    let key = Command::new(sources.join("ci/install.sh")).arg("--key").output();
    let key = key.expect("install.sh runs").stdout;
    assert!(key.len() > 8, "a key of the sources");
    write(&folder.join("key"), &key);
    std::fs::create_dir_all(folder.join("bin")).expect("a folder can be made");
    std::fs::copy(PROGRAM, folder.join("bin/plimsoll")).expect("the program can be copied");
}

/// Runs the steps of the action as a runner does, in a repository; the program is found in the cache.
struct Action {
    bash: PathBuf,
    home: tempfile::TempDir,
    repository: Repository,
}

impl Action {
    fn new(files: &[(&str, &str)]) -> Option<Action> {
        let action = Action {
            bash: tool("bash")?,
            home: tempfile::tempdir().expect("a scratch folder"),
            repository: Repository::new(files)?,
        };
        install(&project(), &action.home.path().join(".plimsoll"));
        Some(action)
    }

    fn run(&self, given: &[(&str, &str)]) -> Outcome {
        let action = documents("action.yml").remove(0);
        let inputs = inputs(&action["inputs"], given);
        let file = |name: &str| self.home.path().join(name);
        let mut last = None;
        for step in list(&action["runs"], "steps") {
            let Some(script) = step["run"].as_str() else { continue };
            assert!(!script.contains("${{"), "an input may be a command: {script}");
            assert_eq!(step["shell"], "bash");
            let added = std::fs::read_to_string(file("path")).unwrap_or_default();
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = added.lines().map(PathBuf::from).chain(std::env::split_paths(&path));
            let mut command = Command::new(&self.bash);
            command
                .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script])
                .current_dir(self.repository.path())
                .env_remove("CARGO_TARGET_DIR")
                .env("PATH", std::env::join_paths(folders).expect("PATH can be joined"))
                .env("HOME", self.home.path())
                .env("CI", "true")
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_WORKSPACE", self.repository.path())
                .env("GITHUB_ACTION_PATH", project())
                .env("GITHUB_OUTPUT", file("output"))
                .env("GITHUB_PATH", file("path"));
            for (name, value) in strings(&step["env"]) {
                command.env(name, filled(&value, "${{", "}}", &inputs));
            }
            let outcome = outcome(&mut command);
            let failed = outcome.code != 0;
            last = Some(outcome);
            if failed {
                break;
            }
        }
        last.expect("the action has steps")
    }
}

#[test]
fn the_action_judges_and_annotates() {
    let Some(action) = Action::new(&[("app/deployment.yaml", DEPLOYMENT), ("app/service.yaml", SERVICE)]) else {
        return;
    };
    let found = action.run(&[("sarif", "out.sarif"), ("junit", "out.xml")]);
    assert_eq!(found.code, 1, "{}", found.text);
    assert!(found.text.contains("::error file=app/service.yaml,"), "{}", found.text);
    let key = std::fs::read_to_string(action.home.path().join("output")).expect("a step has an output");
    assert!(key.starts_with("key=") && key.trim().len() > 12, "{key}");
    let written = |name: &str| std::fs::read_to_string(action.repository.path().join(name)).expect("it was written");
    let sarif: Value = serde_json::from_str(&written("out.sarif")).expect("SARIF is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif["runs"][0]["results"].to_string().contains(RULE));
    assert!(written("out.xml").contains("<testsuite"));
}

#[test]
fn every_input_of_the_action_has_its_effect() {
    let Some(action) = Action::new(&[("a b/deployment.yaml", DEPLOYMENT), ("a b/service.yaml", SERVICE)]) else {
        return;
    };
    let code = |given: &[(&str, &str)], wanted: i32| {
        let outcome = action.run(given);
        assert_eq!(outcome.code, wanted, "{given:?}: {}", outcome.text);
    };
    code(&[("paths", "a b/service.yaml\na b/deployment.yaml\n")], 1);
    code(&[("paths", "a b/deployment.yaml")], 0);
    code(&[("paths", "*.yaml")], 2);
    code(&[("fail-on", "never")], 0);
    code(&[("arguments", "--fail-on\nnever")], 0);
    // One warning: traffic, and no readiness probe.
    let unready: String = DEPLOYMENT
        .split_inclusive('\n')
        .filter(|line| !line.contains("readinessProbe"))
        .collect();
    let right = SERVICE.replace("targetPort: 80", "targetPort: 3000");
    action
        .repository
        .write("soft/all.yaml", &format!("{unready}---\n{right}"));
    code(&[("paths", "soft")], 0);
    code(&[("paths", "soft"), ("strict", "true")], 1);
    code(&[("strict", "yes")], 2);
    action
        .repository
        .write("off.yaml", &format!("rules: {{ {RULE}: off }}\n"));
    code(&[("config", "off.yaml")], 0);
    code(&[("baseline", "none.json")], 2);
    // Only what the last commit brought.
    action.repository.commit(&[(
        "other.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: yard }\n",
    )]);
    code(&[("since", "HEAD^1")], 0);
    action
        .repository
        .commit(&[("c/service.yaml", &SERVICE.replace("80, t", "\"x\", t"))]);
    code(&[("since", "HEAD^1")], 1);
    action
        .repository
        .write("broken.yaml", "apiVersion: v1\nkind: Service\nmetadata: { name: 'x\n");
    code(&[], 2);
}

#[test]
fn the_gitlab_job_judges_and_reports() {
    let Some(bash) = tool("bash") else { return };
    let Some(repository) = Repository::new(&[("app/deployment.yaml", DEPLOYMENT), ("app/service.yaml", SERVICE)])
    else {
        return;
    };
    // What the job needs of the project, as a repository to fetch from.
    let Some(source) = Repository::new(&[]) else { return };
    for part in ["Cargo.toml", "Cargo.lock", "ci", "host", "policies", "wit"] {
        let mut copy = Command::new("cp");
        copy.arg("-R").arg(project().join(part)).arg(source.path());
        assert!(copy.status().expect("cp runs").success());
    }
    source.git(&["add", "."]);
    source.commit(&[]);
    install(source.path(), &repository.path().join(".plimsoll"));
    let [declared, jobs] = documents("ci/gitlab.yml").try_into().expect("inputs and a job");
    let address = format!("file://{}", source.path().display());
    let job = |given: &[(&str, &str)]| {
        let given: Vec<(&str, &str)> = given.iter().copied().chain([("source", address.as_str())]).collect();
        let inputs = inputs(&declared["spec"]["inputs"], &given);
        let fill = |text: &str| filled(text, "$[[", "]]", &inputs);
        let job = &jobs["plimsoll"];
        for key in ["stage", "image"] {
            assert!(!fill(job[key].as_str().expect("it is there")).is_empty());
        }
        fill(job["cache"]["key"].as_str().expect("it has a cache"));
        let script: Vec<String> = list(job, "script")
            .iter()
            .map(|line| line.as_str().expect("a line").to_owned())
            .collect();
        assert!(!script.concat().contains("$[["), "an input may be a command");
        let mut command = Command::new(&bash);
        command
            .args(["-e", "-o", "pipefail", "-c", &script.join("\n")])
            .current_dir(repository.path())
            .env_remove("CARGO_TARGET_DIR")
            .env("CI", "true")
            .env("GITLAB_CI", "true")
            .env_remove("GITHUB_ACTIONS")
            .env("CI_PROJECT_DIR", repository.path());
        for (name, value) in strings(&job["variables"]) {
            command.env(name, fill(&value));
        }
        (outcome(&mut command), strings(&job["artifacts"]["reports"]))
    };
    let (found, reports) = job(&[]);
    assert_eq!(found.code, 1, "{}", found.text);
    assert!(found.text.contains(RULE), "{}", found.text);
    assert!(!found.text.contains("::error"), "{}", found.text);
    let report = |kind: &str| std::fs::read_to_string(repository.path().join(&reports[kind])).expect("it was written");
    let quality: Value = serde_json::from_str(&report("codequality")).expect("Code Quality is JSON");
    assert_eq!(quality[0]["check_name"], RULE);
    assert_eq!(quality[0]["location"]["path"], "app/service.yaml");
    assert!(report("junit").contains("<testsuite"));
    assert_eq!(job(&[("fail-on", "never")]).0.code, 0);
    assert_eq!(job(&[("paths", "app/deployment.yaml")]).0.code, 0);
    repository.commit(&[(
        "other.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: yard }\n",
    )]);
    let since = job(&[("since", "HEAD^1")]).0;
    assert_eq!(since.code, 0, "{}", since.text);
}

#[test]
fn inputs_variables_and_script_agree() {
    let action = documents("action.yml").remove(0);
    let template = documents("ci/gitlab.yml");
    let keys = |value: &Value| -> BTreeSet<String> { strings(value).into_keys().collect() };
    let (action_text, template_text) = (text("action.yml"), text("ci/gitlab.yml"));
    assert_eq!(
        keys(&action["inputs"]),
        names(&action_text, "${{ inputs."),
        "action.yml"
    );
    assert_eq!(
        keys(&template[0]["spec"]["inputs"]),
        names(&template_text, "$[[ inputs."),
        "ci/gitlab.yml"
    );
    // Each of the script's variables is told in its head, used below, and set by one of the two.
    let script = text("ci/check.sh");
    let (head, body) = script.split_once("set -eu").expect("the script begins");
    let used = names(body, "INPUT_");
    assert_eq!(names(head, "INPUT_"), used, "the head of check.sh, and what it uses");
    let steps = list(&action["runs"], "steps");
    let mut set: BTreeMap<String, String> = steps.iter().flat_map(|step| strings(&step["env"])).collect();
    set.extend(strings(&template[1]["plimsoll"]["variables"]));
    let set: BTreeSet<String> = set
        .into_keys()
        .filter_map(|name| name.strip_prefix("INPUT_").map(str::to_owned))
        .collect();
    assert_eq!(set, used, "what action and template set, and what check.sh uses");
    // An input and its variable have one name.
    for step in &steps {
        for (name, value) in strings(&step["env"]) {
            let input = name.trim_start_matches("INPUT_").to_lowercase().replace('_', "-");
            assert_eq!(value, format!("${{{{ inputs.{input} }}}}"));
        }
    }
    let programs = ["install.sh", "check.sh"];
    for program in programs {
        assert!(action_text.contains(&format!("ci/{program}")) && template_text.contains(&format!("ci/{program}")));
    }
}

#[test]
fn the_documented_steps_use_inputs_that_there_are() {
    let action = documents("action.yml").remove(0);
    let step = fenced("docs/ci.md", "uses: OWNER/plimsoll@");
    let (_, with) = step.split_once("uses: OWNER/plimsoll@").expect("the step uses it");
    let with = with.split("- uses:").next().unwrap_or_default();
    let given: Vec<&str> = with
        .lines()
        .skip_while(|line| line.trim() != "with:")
        .skip(1)
        .take_while(|line| line.starts_with("          ") || line.trim().is_empty())
        .filter_map(|line| Some(line.split_once(':')?.0.trim()))
        .collect();
    assert!(!given.is_empty(), "{step}");
    for name in given {
        assert!(action["inputs"].get(name).is_some(), "docs/ci.md: {name}");
    }
}

#[test]
fn install_says_what_it_wants() {
    let Some(bash) = tool("bash") else { return };
    for script in ["ci/install.sh", "ci/static.sh"] {
        let outcome = outcome(Command::new(&bash).arg(project().join(script)));
        assert_eq!(outcome.code, 2, "{script}");
        assert!(outcome.text.contains("FOLDER"), "{}", outcome.text);
    }
}
