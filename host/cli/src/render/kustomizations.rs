//! Kustomizations that nothing else uses, and the files that they are made of.

use std::collections::BTreeSet;

use plimsoll_core::bundle::{KustomizationRoot, kustomization_roots};
use plimsoll_core::finding::clean_line;
use plimsoll_core::read::{Limits, Manifest, Renderer, Rendering};

use super::charts::texts;
use super::{Job, name, without_userinfo};
use crate::config::Settled;
use crate::input::{Input, read_file};
use crate::output;

/// Files outside of the paths that are read, as findings may lead to them, and times that more of them are looked for.
const OUTSIDE: usize = 2000;
const ROUNDS: usize = 32;

/// Addresses that are named in one warning.
const NAMED: usize = 5;

/// Kustomizations of the input that stand for themselves. Bases that lie outside of the paths are read too, but only to
/// lead findings back to them.
pub fn find(input: &mut Input, settled: &Settled) -> Vec<Job> {
    let mut roots = kustomization_roots(&input.manifests);
    let wanted: BTreeSet<String> = roots.iter().map(|root| root.file.clone()).collect();
    let mut tried: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let missing = roots.iter().flat_map(|root| root.missing.iter().cloned());
        let fresh: Vec<String> = missing.filter(|path| tried.insert(path.clone())).collect();
        if fresh.is_empty() || tried.len() > OUTSIDE {
            break;
        }
        let read = fresh.iter().filter_map(|path| outside(path, settled));
        input.manifests.extend(read.collect::<Vec<Manifest>>());
        roots = kustomization_roots(&input.manifests);
    }
    let roots: Vec<KustomizationRoot> = roots.into_iter().filter(|root| wanted.contains(&root.file)).collect();
    roots.iter().for_each(warn);
    let secret = |root: &KustomizationRoot| {
        let files = input.manifests.iter();
        let files = files.filter(|manifest| root.files.binary_search(&manifest.path).is_ok());
        files.flat_map(secrets).collect::<Vec<String>>()
    };
    roots
        .iter()
        .map(|root| Job {
            path: name(&root.directory, None),
            file: root.file.clone(),
            rendering: Rendering {
                by: Renderer::Kustomize,
                folder: root.directory.clone(),
                values: Vec::new(),
            },
            folder: settled.root.path(&root.directory),
            arguments: vec![".".to_owned()],
            replaces: root.files.clone(),
            secret: secret(root),
        })
        .collect()
}

/// Texts that may be secret: all of a file that holds a Secret, or a kustomization that makes one.
fn secrets(manifest: &Manifest) -> Vec<String> {
    let holds = manifest.all_objects().iter().any(|object| object.kind == "Secret");
    if holds || manifest.text.contains("secretGenerator") {
        texts(manifest)
    } else {
        Vec::new()
    }
}

/// A file, or the kustomization of a folder, that is in no path. It is not judged.
fn outside(path: &str, settled: &Settled) -> Option<Manifest> {
    let names = ["", "/kustomization.yaml", "/kustomization.yml", "/Kustomization"];
    let mut files = names.iter().map(|name| format!("{path}{name}"));
    let file = files.find(|file| settled.root.path(file).is_file())?;
    let mut manifest = read_file(&file, &settled.root.path(&file), &Limits::default(), false).ok()?;
    manifest.replace();
    Some(manifest)
}

/// What lies elsewhere is fetched by kustomize: it depends on more than the input.
fn warn(root: &KustomizationRoot) {
    if root.remote.is_empty() {
        return;
    }
    let named: Vec<String> = root
        .remote
        .iter()
        .take(NAMED)
        .map(|path| clean_line(&without_userinfo(path), 200))
        .collect();
    let more = match root.remote.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    output::warn(&format!(
        "--render: {}: kustomize fetches {}{more} from elsewhere; the verdict depends on what lies there",
        root.file,
        named.join(", ")
    ));
}
