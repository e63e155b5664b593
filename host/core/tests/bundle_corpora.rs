//! Whole repositories: what kustomizations make of objects, compared with kubectl; and the time that joining takes.
//!
//! Needs repositories in the folder that `PLIMSOLL_CORPORA` names, and says so when there are none.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads folders, asks kubectl and takes the time"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_core::bundle::{Bundle, Options};
use plimsoll_core::read::{Limits, Manifest, manifest};
use plimsoll_tree::{Flags, Role};

fn repositories() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("PLIMSOLL_CORPORA") else {
        eprintln!("skipped: PLIMSOLL_CORPORA names no folder of repositories");
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn files(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && name != ".git" {
            files(root, &path, found);
        } else if [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) || name == "Kustomization" {
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.extend(std::fs::read(&path).ok().map(|bytes| (relative, bytes)));
        }
    }
}

fn read(files: &[(String, Vec<u8>)]) -> Vec<Manifest> {
    files
        .iter()
        .map(|(path, bytes)| manifest(path, bytes, &Limits::default()))
        .collect()
}

#[test]
fn joining_takes_little_of_reading() {
    let (mut reading, mut joining) = (Duration::ZERO, Duration::ZERO);
    for repository in repositories() {
        let mut found = Vec::new();
        files(&repository, &repository, &mut found);
        let started = Instant::now();
        let manifests = read(&found);
        let middle = Instant::now();
        let bundle = Bundle::build(manifests, &Options::default()).unwrap();
        let end = Instant::now();
        reading += middle - started;
        joining += end - middle;
        let tree = bundle.tree();
        for object in 0..tree.objects() {
            let record = tree.object(object).unwrap();
            let last = record.end - 1;
            assert_eq!(bundle.resolve(object, &bundle.pointer(object, last).unwrap()), Ok(last));
            // A node of the ConfigMaps and Secrets that are generated stands in the kustomization.
            assert!(bundle.locate(last).is_some() && bundle.object_of(record.root) == Some(object));
        }
        eprintln!(
            "{}: {} files, {} objects, {} scopes, {} closures, read {:?}, joined {:?}",
            repository.file_name().unwrap().to_string_lossy(),
            found.len(),
            tree.objects(),
            tree.scopes(),
            bundle.closures().len(),
            middle - started,
            end - middle
        );
    }
    eprintln!("read {reading:?}, joined {joining:?}");
}

/// What is compared: namespace and labels, wherever they are.
const POINTERS: [&str; 4] = [
    "/metadata/labels",
    "/spec/selector/matchLabels",
    "/spec/template/metadata/labels",
    "/spec/selector",
];

#[test]
fn kustomizations_agree_with_kubectl() {
    let (mut equal, mut different, mut unknown) = (0, Vec::new(), 0);
    for repository in repositories() {
        let mut found = Vec::new();
        files(&repository, &repository, &mut found);
        let bundle = Bundle::build(read(&found), &Options::default()).unwrap();
        let tree = bundle.tree();
        for closure in bundle.closures().iter().filter(|closure| !closure.remote) {
            let folder = repository.join(Path::new(&closure.path).parent().unwrap());
            let Ok(output) = Command::new("kubectl").arg("kustomize").arg(&folder).output() else {
                eprintln!("skipped: no kubectl");
                return;
            };
            let rendered = read(&[("r.yaml".to_owned(), output.stdout)]);
            let rendered = Bundle::build(rendered, &Options::default()).unwrap();
            // One name in several namespaces tells nothing of which is which.
            let mut theirs: BTreeMap<(String, String), Option<u32>> = BTreeMap::new();
            for object in 0..rendered.tree().objects() {
                theirs
                    .entry(name(&rendered, object))
                    .and_modify(|known| *known = None)
                    .or_insert(Some(object));
            }
            for object in 0..tree.objects() {
                let only =
                    bundle.closures_of(object).count() == 1 && bundle.closures_of(object).any(|each| each == closure);
                let record = tree.object(object).unwrap();
                let compared = only && record.flags.role() == Role::Subject;
                let Some(&Some(their)) = theirs.get(&name(&bundle, object)).filter(|_| compared) else {
                    continue;
                };
                let their_namespace = rendered
                    .resolve(their, "/metadata/namespace")
                    .map(|node| rendered.tree().json(node));
                let our_namespace = record.namespace().map(|symbol| format!("{:?}", tree.text(symbol)));
                if record.namespace != plimsoll_tree::UNKNOWN && our_namespace != their_namespace.ok() {
                    different.push(format!("{}: namespace of {:?}", closure.path, name(&bundle, object)));
                }
                for pointer in POINTERS {
                    match same(&bundle, object, &rendered, their, pointer) {
                        Some(true) => equal += 1,
                        Some(false) => {
                            different.push(format!("{}: {pointer} of {:?}", closure.path, name(&bundle, object)))
                        }
                        None => unknown += 1,
                    }
                }
            }
        }
    }
    eprintln!("{equal} equal, {unknown} unknown, {} different", different.len());
    assert!(different.is_empty(), "{different:#?}");
}

fn name(bundle: &Bundle, object: u32) -> (String, String) {
    let tree = bundle.tree();
    let record = tree.object(object).unwrap();
    (tree.text(record.kind).to_owned(), tree.text(record.name).to_owned())
}

/// Whether a map of texts is the same on both sides; nothing where ours is not final or not made of texts.
fn same(ours: &Bundle, object: u32, theirs: &Bundle, other: u32, pointer: &str) -> Option<bool> {
    let map = |bundle: &Bundle, object: u32| -> Option<BTreeMap<String, String>> {
        let tree = bundle.tree();
        let Ok(node) = bundle.resolve(object, pointer) else {
            return Some(BTreeMap::new());
        };
        let mut map = BTreeMap::new();
        let is_final = |node: u32| !tree.node(node).unwrap().flags.has(Flags::NOT_FINAL);
        for child in tree.children(node).chain([node]) {
            is_final(child).then_some(())?;
            if let Some(symbol) = tree.symbol(child) {
                map.insert(
                    tree.text(tree.node(child)?.key?).to_owned(),
                    tree.text(symbol).to_owned(),
                );
            }
        }
        Some(map)
    };
    let (Ok(nearest) | Err(nearest)) = ours.resolve(object, pointer);
    if ours.tree().node(nearest)?.flags.has(Flags::NOT_FINAL) {
        return None;
    }
    Some(map(ours, object)? == map(theirs, other)?)
}
