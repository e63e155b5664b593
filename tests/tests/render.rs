//! `check --render` with the real helm and the real kustomize, and with programs that misbehave.

#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run programs and write files"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_tests::{Run, folder, list, outside, tool, write};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll-under-test");

const RULE: &str = "ports/target-port-mismatch";

/// A value that no output may show. It is not real.
const CANARY: &str = "Can4ry-Rendered-Pw-010";

/// A folder of programs, and where shells find theirs.
struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    fn none() -> Programs {
        Programs {
            folder: tempfile::tempdir().expect("a scratch folder"),
        }
    }

    /// A program that is installed, and no other that renders.
    fn of(name: &str) -> Option<Programs> {
        let found = std::fs::canonicalize(tool(name)?).expect("it is there");
        let programs = Programs::none();
        std::os::unix::fs::symlink(found, programs.folder.path().join(name)).expect("a link");
        Some(programs)
    }

    /// A shell script under a program's name.
    fn script(self, name: &str, text: &str) -> Programs {
        let file = self.folder.path().join(name);
        write(&file, format!("#!/bin/sh\n{text}\n").as_bytes());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("permissions");
        self
    }

    fn check(&self, folder: &Path, arguments: &[&str]) -> Run {
        let path = std::env::join_paths([self.folder.path(), Path::new("/usr/bin"), Path::new("/bin")]);
        // The machine's own may not be found beside the one of the test.
        let path = if self.folder.path().join("only").exists() {
            self.folder.path().as_os_str().to_owned()
        } else {
            path.expect("paths")
        };
        let output = Command::new(PROGRAM)
            .current_dir(folder)
            .arg("check")
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("HOME", std::env::temp_dir().join("plimsoll-tests-home"))
            .stdin(Stdio::null())
            .output()
            .expect("it can be started");
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

const CHART: &[(&str, &str)] = &[
    ("pier/Chart.yaml", "apiVersion: v2\nname: quay\nversion: 0.1.0\n"),
    (
        "pier/values.yaml",
        "image:\n  repository: registry.invalid/quay\n  tag: \"1\"\nservice:\n  port: 80\n  targetPort: 80\npassword: Can4ry-Rendered-Pw-010\n",
    ),
    ("pier/values-prod.yaml", "image:\n  tag: \"2\"\n"),
    (
        "pier/templates/_helpers.tpl",
        "{{- define \"quay.labels\" -}}\napp: {{ .Release.Name }}\n{{- end }}\n",
    ),
    (
        "pier/templates/deployment.yaml",
        "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector:
    matchLabels:
      {{- include \"quay.labels\" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include \"quay.labels\" . | nindent 8 }}
    spec:
      containers:
        - name: web
          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"
          env:
            - name: PORT
              value: \"3000\"
            - name: DB_PASSWORD
              value: {{ .Values.password | quote }}
          ports:
            - containerPort: 3000
",
    ),
    (
        "pier/templates/service.yaml",
        "\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector:
    {{- include \"quay.labels\" . | nindent 4 }}
  ports:
    - port: {{ .Values.service.port }}
      targetPort: {{ .Values.service.targetPort }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}
stringData:
  password: {{ .Values.password }}
",
    ),
    ("pier/templates/NOTES.txt", "It is there.\n"),
];

/// Line, from 1, of the only line of a text that holds a word.
fn line_of(text: &str, word: &str) -> u64 {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains(word));
    let (line, _) = lines.next().unwrap_or_else(|| panic!("{word} is nowhere"));
    assert!(lines.next().is_none(), "{word} is on several lines");
    line
}

fn file<'f>(files: &[(&str, &'f str)], path: &str) -> &'f str {
    files
        .iter()
        .find(|(name, _)| *name == path)
        .map_or_else(|| panic!("there is no {path}"), |(_, text)| text)
}

/// `file:line` of a place.
fn at(place: &Value) -> String {
    format!(
        "{}:{}",
        place["file"].as_str().unwrap_or_default(),
        place["start"]["line"]
    )
}

fn of_rule(report: &Value, rule: &str) -> Vec<Value> {
    let mut findings = list(report, "findings");
    findings.retain(|finding| finding["rule"] == rule);
    findings
}

/// Line, column and offset of a place agree, counted the slow way in the text of its file; the text there.
fn text_at(place: &Value, text: &str) -> String {
    let offset = |point: &str| place[point]["offset"].as_u64().expect("an offset") as usize;
    for point in ["start", "end"] {
        let before = &text[..offset(point)];
        let line = before.matches('\n').count() as u64 + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
        assert_eq!(place[point]["line"].as_u64(), Some(line), "{place}");
        assert_eq!(place[point]["column"].as_u64(), Some(column), "{place}");
    }
    text[offset("start")..offset("end")].to_owned()
}

#[test]
fn a_charts_findings_are_at_its_templates() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(report["summary"]["rendered"], 2, "its own values, and values-prod.yaml");
    assert_eq!(list(&report["summary"], "skipped"), Vec::<Value>::new());

    let service = file(CHART, "pier/templates/service.yaml");
    let found = of_rule(&report, RULE);
    // Both renderings say the same of the same line: it is said once.
    assert_eq!(found.len(), 1, "{found:#?}");
    let finding = &found[0];
    assert_eq!(
        at(finding),
        format!("pier/templates/service.yaml:{}", line_of(service, "targetPort:"))
    );
    assert_eq!(text_at(finding, service), "{{ .Values.service.targetPort }}");
    assert_eq!(finding["rendered"]["place"], "exact");
    assert_eq!(finding["fix"], Value::Null);
    let values = file(CHART, "pier/values.yaml");
    let places: Vec<String> = list(finding, "related").iter().map(at).collect();
    let set = format!("pier/values.yaml:{}", line_of(values, "targetPort:"));
    let deployment = file(CHART, "pier/templates/deployment.yaml");
    let listens = format!("pier/templates/deployment.yaml:{}", line_of(deployment, "\"3000\""));
    assert!(places.contains(&set) && places.contains(&listens), "{places:?}");
    let again = places
        .iter()
        .any(|place| place.starts_with("pier/(rendered with values-prod.yaml):"));
    assert!(again, "{places:?}");

    // Every place is where it says, in the file or in what helm itself prints.
    let printed = |values: &[&str]| {
        let output = Command::new(programs.folder.path().join("helm"))
            .args(["template", "quay", ".", "--skip-tests"])
            .args(values)
            .current_dir(files.path().join("pier"))
            .output()
            .expect("helm runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let own = printed(&[]);
    let prod = printed(&["--values=values-prod.yaml"]);
    let text = |name: &str| match name {
        "pier/(rendered)" => own.clone(),
        "pier/(rendered with values-prod.yaml)" => prod.clone(),
        name => std::fs::read_to_string(files.path().join(name)).expect("a file of the chart"),
    };
    let mut exact = 0;
    for finding in list(&report, "findings") {
        for place in std::iter::once(&finding).chain(&list(&finding, "related")) {
            let name = place["file"].as_str().expect("a file");
            text_at(place, &text(name));
            let rendered = &place["rendered"];
            if rendered.is_null() {
                continue;
            }
            text_at(rendered, &text(rendered["file"].as_str().expect("a file")));
            if rendered["place"] == "exact" {
                let whole = |place: &Value| {
                    let line = place["start"]["line"].as_u64().expect("a line") as usize;
                    text(place["file"].as_str().expect("a file"))
                        .lines()
                        .nth(line - 1)
                        .map(|line| line.trim().to_owned())
                        .expect("a line")
                };
                let (source, made) = (whole(place), whole(rendered));
                let literal = source.split("{{").next().unwrap_or_default().trim_end();
                assert!(made.starts_with(literal), "{source} does not make {made}");
                exact += 1;
            }
        }
    }
    assert!(exact > 5, "{exact}");
}

#[test]
fn no_format_shows_a_rendered_secret_or_a_folder_of_the_machine() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    for format in ["human", "json", "sarif", "github", "gitlab", "junit", "tap"] {
        let run = programs.check(files.path(), &["--render", "--strict", "--format", format]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stdout.contains("service.yaml"), "{format}");
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(CANARY), "{format}: {text}");
            assert!(!text.contains(&*files.path().to_string_lossy()), "{format}: {text}");
        }
    }
    let sarif = programs.check(files.path(), &["--render", "--format", "sarif"]).stdout;
    let sarif: Value = serde_json::from_str(&sarif).expect("SARIF is JSON");
    let results = list(&sarif["runs"][0], "results");
    let uris = results
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
    let mut uris = uris.map(|uri| uri.as_str().expect("a URI"));
    assert!(uris.all(|uri| uri.starts_with("pier/templates/")), "{results:#?}");
    // The same on another machine, and with other files around.
    let fingerprints = |files: &Path| -> Vec<String> {
        let run = programs.check(files, &["--render", "--format", "json"]);
        let findings = list(&run.json(), "findings");
        findings
            .iter()
            .map(|finding| finding["fingerprint"].to_string())
            .collect()
    };
    let other = folder(CHART);
    assert_eq!(fingerprints(files.path()), fingerprints(other.path()));
}

#[test]
fn where_no_line_is_known_the_nearest_one_is_said() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let data =
        "{{- define \"quay.data\" -}}\nDATABASE_URL: postgres://joe:Can4ry-Named-Pw-016@db.invalid/x\n{{- end }}\n";
    write(&files.path().join("pier/templates/_data.tpl"), data.as_bytes());
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: named\ndata:\n  {{- include \"quay.data\" . | nindent 2 }}\n";
    write(&files.path().join("pier/templates/map.yaml"), map.as_bytes());
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    let found = of_rule(&run.json(), "secrets/configmap-credential");
    assert_eq!(found.len(), 1, "{found:#?}");
    let data = map.lines().position(|line| line == "data:").expect("it is there") + 1;
    assert_eq!(at(&found[0]), format!("pier/templates/map.yaml:{data}"));
    assert_eq!(found[0]["rendered"]["place"], "near");
    let human = programs.check(files.path(), &["--render"]).stdout;
    assert!(human.contains("the nearest one that is"), "{human}");
    assert!(!human.contains("Can4ry") && !run.stdout.contains("Can4ry"), "{human}");
}

#[test]
fn sarif_of_what_was_rendered_is_valid() {
    let Some(conformance) = outside("PLIMSOLL_CONFORMANCE") else {
        return;
    };
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let schema = std::fs::read_to_string(conformance.join("schemas/sarif-2.1.0.json")).expect("the schema is there");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    let files = folder(KUSTOMIZED);
    let made =
        "resources: [ app.yaml ]\nsecretGenerator: [ { name: made, literals: [ password=Can4ry-Made-Pw-017 ] } ]\n";
    write(&files.path().join("base/kustomization.yaml"), made.as_bytes());
    let run = programs.check(files.path(), &["--render", "--strict", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&run.stdout).expect("SARIF is JSON");
    let errors: Vec<String> = validator.iter_errors(&sarif).map(|error| error.to_string()).collect();
    assert!(
        errors.is_empty() && list(&sarif["runs"][0], "results").len() > 5,
        "{errors:#?}"
    );
    assert!(!run.stdout.contains("Can4ry"));
}

#[test]
fn a_waiver_in_a_template_counts() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let service = file(CHART, "pier/templates/service.yaml");
    let waived = service.replace(
        "{{ .Values.service.targetPort }}\n",
        "{{ .Values.service.targetPort }} # plimsoll: allow ports/target-port-mismatch reason=\"a test\"\n",
    );
    write(&files.path().join("pier/templates/service.yaml"), waived.as_bytes());
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    let found = of_rule(&run.json(), RULE);
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|finding| finding["suppressed"]["by"] == "comment"),
        "{found:#?}"
    );
    assert_eq!(of_rule(&run.json(), "plimsoll/unused-suppression"), Vec::<Value>::new());
}

#[test]
fn a_dependency_that_is_not_there_is_said_in_helms_words() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    let chart = "apiVersion: v2\nname: quay\nversion: 0.1.0\ndependencies:\n  - { name: tide, version: 1.0.0, repository: \"https://charts.invalid\" }\n";
    write(&files.path().join("pier/Chart.yaml"), chart.as_bytes());
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 2);
    let failed = list(&run.json(), "inputs-failed");
    assert_eq!(failed.len(), 2, "{failed:#?}");
    let message = failed[0]["message"].as_str().expect("a message");
    assert_eq!(failed[0]["file"], "pier/Chart.yaml");
    assert!(message.contains("helm: ") && message.contains("tide"), "{message}");
    // Its templates are what they are without --render.
    let skipped = list(&run.json()["summary"], "skipped");
    assert!(skipped.iter().any(|file| file["reason"] == "template"), "{skipped:?}");
}

#[test]
fn values_that_are_given_take_the_place_of_those_found() {
    let Some(programs) = Programs::of("helm") else { return };
    let files = folder(CHART);
    write(
        &files.path().join("other values,1.yaml"),
        b"service: { targetPort: 3000 }\n",
    );
    let arguments = ["--render", "--helm-values", "other values,1.yaml", "--format", "json"];
    let run = programs.check(files.path(), &arguments);
    let report = run.json();
    assert_eq!(report["summary"]["rendered"], 1, "{}", run.stderr);
    assert_eq!(of_rule(&report, RULE), Vec::<Value>::new());
}

const KUSTOMIZED: &[(&str, &str)] = &[
    ("base/kustomization.yaml", "resources: [ app.yaml ]\n"),
    (
        "base/app.yaml",
        "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: quay }
spec:
  replicas: 1
  selector: { matchLabels: { app: quay } }
  template:
    metadata: { labels: { app: quay } }
    spec:
      containers:
        - name: web
          image: registry.invalid/quay:1
          env:
            - name: PORT
              value: \"3000\"
            - name: DB_PASSWORD
              value: Can4ry-Rendered-Pw-010
            - { name: OLD_PASSWORD, value: Can4ry-Replaced-Pw-011 }
          ports: [ { containerPort: 3000 } ]
---
apiVersion: v1
kind: Service
metadata: { name: quay }
spec:
  selector: { app: quay }
  ports:
    - port: 80
      targetPort: 80
",
    ),
    ("overlays/dev/kustomization.yaml", "resources: [ ../../base ]\n"),
    (
        "overlays/prod/kustomization.yaml",
        "\
resources: [ ../../base ]
namePrefix: prod-
patches:
  - path: service.yaml
  - target: { kind: Deployment }
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/env/2
        value: { name: OLD_PASSWORD, value: \"Can4ry-Inline-Pw-012\" }
",
    ),
    (
        "overlays/prod/service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: { name: quay }\nspec:\n  ports:\n    - port: 80\n      targetPort: 81\n",
    ),
];

#[test]
fn what_kustomize_builds_is_led_back_to_bases_and_patches() {
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let files = folder(KUSTOMIZED);
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(report["summary"]["rendered"], 2, "the base is no root");
    let base = file(KUSTOMIZED, "base/app.yaml");
    let patch = file(KUSTOMIZED, "overlays/prod/service.yaml");
    let prod = file(KUSTOMIZED, "overlays/prod/kustomization.yaml");
    let mut places: Vec<String> = of_rule(&report, RULE).iter().map(at).collect();
    places.sort();
    // Each overlay by itself: the base's port in one, the patch's in the other.
    let wanted = [
        format!("base/app.yaml:{}", line_of(base, "targetPort: 80")),
        format!("overlays/prod/service.yaml:{}", line_of(patch, "targetPort: 81")),
    ];
    assert_eq!(places, wanted);
    let mut secrets: Vec<String> = of_rule(&report, "secrets/plaintext-env").iter().map(at).collect();
    secrets.sort();
    secrets.dedup();
    let wanted = [
        format!("base/app.yaml:{}", line_of(base, "Can4ry-Rendered")),
        format!("base/app.yaml:{}", line_of(base, "OLD_PASSWORD")),
        format!(
            "overlays/prod/kustomization.yaml:{}",
            line_of(prod, "Can4ry-Inline-Pw-012")
        ),
    ];
    assert_eq!(secrets, wanted);
    for finding in list(&report, "findings") {
        let name = finding["file"].as_str().expect("a file");
        text_at(&finding, file(KUSTOMIZED, name));
        assert_eq!(finding["fix"], Value::Null);
    }
    for format in ["human", "json", "sarif", "github", "gitlab", "junit", "tap"] {
        let run = programs.check(files.path(), &["--render", "--strict", "--format", format]);
        assert!(
            !run.stdout.contains("Can4ry") && !run.stderr.contains("Can4ry"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn what_is_generated_keeps_its_fingerprint_when_its_content_changes() {
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let report = |more: &str| {
        let text = format!(
            "configMapGenerator:\n  - name: quay\n    literals:\n      - DATABASE_URL=postgres://joe:Can4ry-Literal-Pw-015@db.invalid/x\n{more}"
        );
        let files = folder(&[("kustomization.yaml", text.as_str())]);
        let run = programs.check(files.path(), &["--render", "--format", "json"]);
        let found = of_rule(&run.json(), "secrets/configmap-credential");
        assert_eq!(found.len(), 1, "{}{}", run.stdout, run.stderr);
        assert_eq!(at(&found[0]), "kustomization.yaml:4");
        (found[0]["object"]["name"].clone(), found[0]["fingerprint"].clone())
    };
    let (name, fingerprint) = report("");
    let (other, same) = report("      - MORE=1\n");
    assert_ne!(name, other);
    assert_eq!(fingerprint, same);
}

#[test]
fn a_base_outside_of_the_paths_is_led_back_to_and_not_judged() {
    let Some(programs) = Programs::of("kubectl") else {
        return;
    };
    let files = folder(KUSTOMIZED);
    let run = programs.check(files.path(), &["--render", "--format", "json", "overlays/dev"]);
    let report = run.json();
    assert_eq!(
        (run.code, &report["summary"]["rendered"]),
        (1, &Value::from(1)),
        "{}",
        run.stderr
    );
    let base = file(KUSTOMIZED, "base/app.yaml");
    let places: Vec<String> = of_rule(&report, RULE).iter().map(at).collect();
    assert_eq!(places, [format!("base/app.yaml:{}", line_of(base, "targetPort: 80"))]);
}

#[test]
fn what_is_in_no_file_has_its_place_in_the_rendered_text() {
    let built = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: made }\ndata:\n  DATABASE_URL: postgres://joe:Can4ry-Built-Pw-013@db.invalid/x\n";
    let programs = Programs::none().script("kustomize", &format!("cat <<'EOF'\n{built}EOF"));
    let files = folder(&[(
        "k/kustomization.yaml",
        "resources: [ https://joe:Can4ry-Url-Pw-014@git.invalid/x ]\n",
    )]);
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    let found = of_rule(&run.json(), "secrets/configmap-credential");
    assert_eq!(found.len(), 1, "{}", run.stdout);
    assert_eq!(at(&found[0]), "k/(rendered):5");
    assert_eq!(found[0]["rendered"]["place"], "nowhere");
    text_at(&found[0], built);
    assert!(run.stderr.contains("fetches https://git.invalid/x"), "{}", run.stderr);
    let human = programs.check(files.path(), &["--render"]);
    assert!(human.stdout.contains("in no file"), "{}", human.stdout);
    for text in [&run.stdout, &run.stderr, &human.stdout, &human.stderr] {
        assert!(!text.contains("Can4ry"), "{text}");
    }
}

#[test]
fn nothing_is_run_that_nobody_asked_for() {
    let files = folder(&[CHART, KUSTOMIZED].concat());
    let mark = files.path().join("ran");
    let text = format!("touch '{}'", mark.display());
    let programs = ["helm", "kustomize", "kubectl"]
        .iter()
        .fold(Programs::none(), |programs, name| programs.script(name, &text));
    programs.check(files.path(), &["."]);
    assert!(!mark.exists());
    programs.check(files.path(), &["--render"]);
    assert!(mark.exists(), "the test would not notice");
}

#[test]
fn a_program_that_is_missing_is_said_and_the_rest_is_judged() {
    let files = folder(&[CHART, KUSTOMIZED].concat());
    let programs = Programs::none();
    write(&programs.folder.path().join("only"), b"");
    let run = programs.check(files.path(), &["--render", "--format", "json"]);
    assert_eq!(run.code, 2);
    let failed: Vec<String> = list(&run.json(), "inputs-failed")
        .iter()
        .map(|failure| format!("{}: {}", failure["file"], failure["message"]))
        .collect();
    assert!(
        failed
            .iter()
            .any(|line| line.contains("helm: it is not found in the PATH")),
        "{failed:?}"
    );
    let kustomize = "kustomize: neither it nor kubectl is found in the PATH";
    assert!(failed.iter().any(|line| line.contains(kustomize)), "{failed:?}");
    assert!(
        !of_rule(&run.json(), "secrets/plaintext-env").is_empty(),
        "the files are judged as they are"
    );
}

#[test]
fn a_failing_program_is_quoted_clean_and_short() {
    let words = "printf '\\033[31mError: boom\\033[0m \\007%s in %s/x\\n' Can4ry-Rendered-Pw-010 \"$PWD\" >&2; \
                 head -c 100000 /dev/zero | tr '\\0' e >&2; exit 1";
    let programs = Programs::none().script("helm", words);
    let files = folder(CHART);
    for format in ["json", "human"] {
        let run = programs.check(files.path(), &["--render", "--format", format]);
        assert_eq!(run.code, 2);
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(
            text.contains("Error: boom") && text.contains("pier/Chart.yaml"),
            "{text}"
        );
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains("u001b"),
            "{text}"
        );
        assert!(
            !text.contains(CANARY) && !text.contains(&*files.path().to_string_lossy()),
            "{text}"
        );
        assert!(text.len() < 12_000, "{}", text.len());
    }
}

#[test]
fn names_of_the_input_are_never_options() {
    let files = folder(&[
        (
            "--post-renderer=x/Chart.yaml",
            "apiVersion: v2\nname: --post-renderer=y\nversion: 0.1.0\n",
        ),
        ("--post-renderer=x/templates/a.yaml", "{{ x }}\n"),
        ("--post-renderer=x/values-a,b.yaml", "a: 1\n"),
        ("--post-renderer=x/values---c.yaml", "a: 1\n"),
        ("--enable-exec/kustomization.yaml", "resources: []\n"),
    ]);
    let log = PathBuf::from(files.path()).join("log");
    let text = format!(
        "echo \"$(basename \"$0\") $*\" >>'{}'; test -t 0 && exit 9; true",
        log.display()
    );
    let programs = Programs::none().script("helm", &text).script("kustomize", &text);
    programs.check(files.path(), &["--render"]);
    let log = std::fs::read_to_string(log).expect("they ran");
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    let wanted = [
        "helm template release . --skip-tests",
        "helm template release . --skip-tests --values=values---c.yaml",
        "kustomize build .",
    ];
    assert_eq!(lines, wanted);
}
