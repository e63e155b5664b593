//! `plimsoll read`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::read::{Limits, Skip};
use plimsoll_core::report::input_failures;
use plimsoll_tree::{Kind, Tree};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::progress::Progress;
use crate::root::Root;
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
    /// Namespace of objects that name none
    #[arg(long, value_name = "NS")]
    default_namespace: Option<String>,
}

impl Read {
    pub fn run(self) -> anyhow::Result<Exit> {
        let root = Root::find().context("the working directory cannot be found")?;
        let read = input::read(&root, &self.paths, &Limits::default(), &Progress::new(false));
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
        let options = Options {
            default_namespace: self.default_namespace,
            ..Options::default()
        };
        let mut out = String::new();
        if self.objects {
            let bundle = Bundle::build(read.manifests, &options).context("the input cannot be read together")?;
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
                        for node in document.root..document.end {
                            let span = manifest.spans.get(node as usize).copied().unwrap_or_default();
                            let value = json!({
                                "file": manifest.path,
                                "path": pointer(tree, document.root, node),
                                "start": point(manifest, span.start),
                                "end": point(manifest, span.end),
                            });
                            out.push_str(&value.to_string());
                            out.push('\n');
                        }
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

fn point(manifest: &plimsoll_core::read::Manifest, offset: u32) -> Value {
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

/// RFC 6901 pointer from one node down to another.
fn pointer(tree: Tree<'_>, root: u32, node: u32) -> String {
    let mut out = String::new();
    let mut at = root;
    while at < node {
        let sequence = tree.node(at).is_some_and(|found| found.kind == Kind::Sequence);
        let Some((position, child)) = tree
            .children(at)
            .enumerate()
            .find(|&(_, child)| child <= node && node < tree.end(child))
        else {
            break;
        };
        out.push('/');
        if sequence {
            out.push_str(&position.to_string());
        } else {
            let key = tree
                .node(child)
                .and_then(|found| found.key)
                .map_or("", |key| tree.text(key));
            out.push_str(&key.replace('~', "~0").replace('/', "~1"));
        }
        at = child;
    }
    out
}
