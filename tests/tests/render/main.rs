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

mod helm;
mod kustomize;
mod programs;

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
