//! Reading against the parse floor: the parser's events alone.
//!
//! The texts are made here; with `PLIMSOLL_CORPORA` set to a folder, its YAML files are read as well.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "core has no powers; what it is compared with comes from outside"
)]
#![allow(clippy::expect_used, clippy::print_stderr, reason = "a benchmark")]

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use plimsoll_core::read::{Limits, manifest};
use saphyr_parser::Parser;

fn main() {
    divan::main();
}

/// What is read.
#[derive(Clone, Copy, Debug)]
enum Input {
    /// Many small objects in one file.
    Objects,
    /// Many files of one object each.
    Files,
    /// Long block scalars.
    Blocks,
    /// Other scripts than Latin.
    Wide,
    /// The folder that the environment names.
    Corpora,
}

const INPUTS: [Input; 5] = [Input::Objects, Input::Files, Input::Blocks, Input::Wide, Input::Corpora];

fn deployment(number: usize, note: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  namespace: shop\n  labels: {{ app: web-{number}, tier: front }}\n  annotations:\n    note: {note} # why\nspec:\n  replicas: {number}\n  selector:\n    matchLabels:\n      app: web-{number}\n  template:\n    metadata:\n      labels:\n        app: web-{number}\n    spec:\n      containers:\n        - name: web\n          image: \"registry.example/web:1.{number}\"\n          env:\n            - name: PORT\n              value: \"8080\"\n            - name: MODE\n              value: fast\n          ports:\n            - name: http\n              containerPort: 8080\n          resources:\n            limits:\n              cpu: 500m\n              memory: 128Mi\n          readinessProbe:\n            httpGet:\n              path: /ready\n              port: http\n            periodSeconds: 10\n"
    )
}

fn texts(input: Input) -> Vec<String> {
    match input {
        Input::Objects => {
            let objects: Vec<_> = (0..500).map(|number| deployment(number, "plain words")).collect();
            vec![objects.join("---\n")]
        }
        Input::Files => (0..500).map(|number| deployment(number, "plain words")).collect(),
        Input::Blocks => {
            let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: board\ndata:\n".to_owned();
            for file in 0..10 {
                text.push_str(&format!("  board-{file}.json: |-\n"));
                for line in 0..1000 {
                    writeln!(text, "    {{ \"panel\": {line}, \"expr\": \"sum(rate(x[5m]))\" }}").expect("a string");
                }
            }
            vec![text]
        }
        Input::Wide => (0..500).map(|number| deployment(number, "просто слова")).collect(),
        Input::Corpora => {
            let mut found = Vec::new();
            if let Ok(folder) = std::env::var("PLIMSOLL_CORPORA") {
                files(Path::new(&folder), &mut found);
            } else {
                eprintln!("skipped: PLIMSOLL_CORPORA is not set");
            }
            found
        }
    }
}

fn files(folder: &Path, found: &mut Vec<String>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
            found.extend(std::fs::read_to_string(&path));
        }
    }
}

fn size(texts: &[String]) -> BytesCount {
    BytesCount::new(texts.iter().map(String::len).sum::<usize>())
}

/// Only the parser's events, as they come.
#[divan::bench(args = INPUTS)]
fn floor(bencher: Bencher<'_, '_>, input: Input) {
    let texts = texts(input);
    bencher.counter(size(&texts)).bench_local(|| {
        for text in &texts {
            for event in Parser::new_from_str(text) {
                if black_box(event).is_err() {
                    break;
                }
            }
        }
    });
}

/// Everything that the reader does.
#[divan::bench(args = INPUTS)]
fn read(bencher: Bencher<'_, '_>, input: Input) {
    let texts = texts(input);
    let limits = Limits::default();
    bencher.counter(size(&texts)).bench_local(|| {
        for text in &texts {
            black_box(manifest("file.yaml", text.as_bytes(), &limits));
        }
    });
}
