//! `plimsoll read`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use plimsoll_core::bundle::Bundle;
use plimsoll_core::read::{Limits, Manifest, Skip};
use plimsoll_core::report::input_failures;
use plimsoll_tree::{Kind, Tree};
use serde_json::{Value, json};

use crate::config::ConfigArguments;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{input, output};

/// Show what was read, as the API server would see it: one JSON value per document
///
/// Prints values unmasked, secrets included: that is its purpose, and it is the only command that does.
#[derive(Args)]
pub struct Read {
    /// What to read
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One JSON value for each node of each document, with its place
    #[arg(long, conflicts_with = "objects")]
    spans: bool,
    /// One JSON value for each object of the bundle, with its source and what it sees
    #[arg(long)]
    objects: bool,
    #[command(flatten)]
    config: ConfigArguments,
}

impl Read {
    pub fn run(self) -> anyhow::Result<Exit> {
        let settled = self.config.settle()?;
        let exclude = &settled.config.exclude;
        let read = input::read(
            &settled.root,
            &self.paths,
            exclude,
            &Limits::default(),
            &Progress::new(false),
        );
        let mut failures = read.failures;
        failures.extend(input_failures(&read.manifests, |path| read.named.contains(path)));
        for manifest in read
            .manifests
            .iter()
            .filter(|manifest| manifest.skipped == Some(Skip::Template))
        {
            failures.push(plimsoll_core::report::InputFailure {
                file: manifest.path.clone(),
                line: None,
                column: None,
                message: "is a template: render it first, as in `helm template . | plimsoll read -`".to_owned(),
            });
        }
        let mut out = String::new();
        if self.objects {
            let bundle =
                Bundle::build(read.manifests, &settled.options()).context("the input cannot be read together")?;
            let tree = bundle.tree();
            for object in 0..tree.objects() {
                out.push_str(&object_value(&bundle, tree, object).to_string());
                out.push('\n');
            }
        } else {
            for manifest in &read.manifests {
                let words = manifest.part.to_tree().context("a file is too large to be read")?;
                let tree = Tree::read(&words)?;
                for document in &manifest.documents {
                    if self.spans {
                        write_spans(manifest, tree, document.root..document.end, &mut out);
                    } else {
                        tree.write_json(document.root, &mut out);
                        out.push('\n');
                    }
                }
            }
        }
        output::print(&out)?;
        for failure in &failures {
            let place = match (failure.line, failure.column) {
                (Some(line), Some(column)) => format!("{}:{line}:{column}", failure.file),
                _ => failure.file.clone(),
            };
            output::complain(&format!("{place}: {}", failure.message));
        }
        Ok(if failures.is_empty() {
            Exit::Clean
        } else {
            Exit::CannotJudge
        })
    }
}

fn point(manifest: &Manifest, offset: u32) -> Value {
    let position = manifest.position(offset);
    json!({ "line": position.line, "column": position.column, "offset": manifest.stored_offset(offset) })
}

fn object_value(bundle: &Bundle, tree: Tree<'_>, index: u32) -> Value {
    let Some(object) = tree.object(index) else {
        return Value::Null;
    };
    let start = bundle.locate(object.root).map(|found| {
        bundle
            .manifests
            .get(found.manifest)
            .map_or(Value::Null, |manifest| point(manifest, found.value.start))
    });
    let scope = |index: u32| tree.scope(index).map_or("", |scope| tree.text(scope.path)).to_owned();
    let sees: Vec<String> = (0..tree.scopes())
        .filter(|&other| tree.sees(object.scope, other))
        .map(|other| format!("{}/", scope(other)))
        .collect();
    json!({
        "object": index,
        "group": tree.text(object.group),
        "version": tree.text(object.version),
        "kind": tree.text(object.kind),
        "namespace": object.namespace().map(|namespace| tree.text(namespace)),
        "name": tree.text(object.name),
        "owner": (object.owner != plimsoll_tree::NONE).then_some(object.owner),
        "patch": object.flags.has(plimsoll_tree::ObjectFlags::PATCH),
        "file": tree.text(object.file),
        "start": start,
        "directory": format!("{}/", scope(object.scope)),
        "sees": sees,
    })
}

/// A map or sequence whose members are being written.
struct Open {
    end: u32,
    sequence: bool,
    /// The next item's.
    position: u32,
    /// Length of its own pointer.
    length: usize,
}

/// A line for each of these nodes, the first of which holds the others: its RFC 6901 pointer and place. One walk, so that
/// a long list takes no longer for each of its items.
fn write_spans(manifest: &Manifest, tree: Tree<'_>, nodes: std::ops::Range<u32>, out: &mut String) {
    let mut open: Vec<Open> = Vec::new();
    let mut pointer = String::new();
    for index in nodes {
        while open.pop_if(|holder| index >= holder.end).is_some() {}
        let Some(node) = tree.node(index) else { return };
        if let Some(holder) = open.last_mut() {
            pointer.truncate(holder.length);
            pointer.push('/');
            if holder.sequence {
                pointer.push_str(&holder.position.to_string());
                holder.position += 1;
            } else {
                let key = node.key.map_or("", |key| tree.text(key));
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
        }
        let span = manifest.spans.get(index as usize).copied().unwrap_or_default();
        let value = json!({
            "file": manifest.path,
            "path": pointer,
            "start": point(manifest, span.start),
            "end": point(manifest, span.end),
        });
        out.push_str(&value.to_string());
        out.push('\n');
        if matches!(node.kind, Kind::Map | Kind::Sequence) {
            open.push(Open {
                end: tree.end(index),
                sequence: node.kind == Kind::Sequence,
                position: 0,
                length: pointer.len(),
            });
        }
    }
}
