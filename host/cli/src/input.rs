//! Files: found, read, in parallel.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use plimsoll_core::read::{Limits, Manifest, looks_like_manifest, manifest};
use plimsoll_core::report::InputFailure;
use plimsoll_tree::glob;
use rayon::prelude::*;

use crate::progress::Progress;
use crate::root::Root;

/// Name of standard input in reports.
pub const STDIN: &str = "<stdin>";

/// What of a file too large to read is looked at, to tell whether it is meant as a manifest.
const SNIFFED: u64 = 64 << 10;

/// What was found and read.
#[derive(Default)]
pub struct Input {
    /// In the order of their paths.
    pub manifests: Vec<Manifest>,
    /// What could not be read at all.
    pub failures: Vec<InputFailure>,
    /// Paths, as in reports, of files that the user named: those must be readable.
    pub named: BTreeSet<String>,
    /// All manifests are objects of one cluster.
    pub cluster: bool,
    /// Objects of a cluster that are only looked at.
    pub light: Vec<Manifest>,
    /// The namespace of objects that name none, where the configuration says nothing.
    pub namespace: Option<String>,
}

/// Finds and reads everything under these paths. Files that a glob of `exclude` covers are left out, unless they are named.
pub fn read(root: &Root, paths: &[PathBuf], exclude: &[String], limits: &Limits, progress: &Progress) -> Input {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    let mut failures = Vec::new();
    let mut named = BTreeSet::new();
    let mut standard = None;
    for path in paths {
        if path.as_os_str() == "-" {
            named.insert(STDIN.to_owned());
            standard.get_or_insert_with(|| read_standard(limits));
            continue;
        }
        match std::fs::metadata(path) {
            Ok(data) if data.is_dir() => walk(root, path, exclude, &mut files, &mut failures),
            Ok(_) => {
                let name = root.name(path);
                named.insert(name.clone());
                files.push((name, path.clone()));
            }
            Err(error) => failures.push(failed(
                &root.name(path),
                &format!("cannot be opened: {}", reason(&error)),
            )),
        }
    }
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
    progress.expect(files.len() as u64);
    let read: Vec<Result<Manifest, InputFailure>> = files
        .par_iter()
        // Large files often lie side by side: each may be another thread's.
        .with_max_len(1)
        .map(|(name, path)| {
            let result = read_file(name, path, limits, named.contains(name));
            progress.step();
            result
        })
        .collect();
    let mut manifests = Vec::with_capacity(read.len());
    for result in standard.into_iter().chain(read) {
        match result {
            Ok(manifest) => manifests.push(manifest),
            Err(failure) => failures.push(failure),
        }
    }
    Input {
        manifests,
        failures,
        named,
        ..Input::default()
    }
}

/// Files below a folder that may be manifests, as `.gitignore` and `exclude` allow; hidden ones and links are left out.
fn walk(
    root: &Root,
    folder: &Path,
    exclude: &[String],
    files: &mut Vec<(String, PathBuf)>,
    failures: &mut Vec<InputFailure>,
) {
    let mut walk = WalkBuilder::new(folder);
    // Whoever names a folder means what lies in it, though it lies in one that is left out.
    let named = root.name(folder);
    let mut exclude = exclude.to_vec();
    exclude.retain(|glob| !glob::covers(glob.strip_suffix("/**").unwrap_or(glob), &named));
    if !exclude.is_empty() {
        let root = root.clone();
        walk.filter_entry(move |entry| {
            let name = root.name(entry.path());
            entry.depth() == 0 || !exclude.iter().any(|glob| glob::covers(glob, &name))
        });
    }
    for entry in walk.build() {
        match entry {
            Ok(entry) => {
                if entry.file_type().is_some_and(|kind| kind.is_file()) && may_be_manifest(entry.path()) {
                    files.push((root.name(entry.path()), entry.into_path()));
                }
            }
            Err(error) => {
                let what = error
                    .io_error()
                    .map_or_else(|| "cannot be searched".to_owned(), |error| reason(error).to_string());
                failures.push(failed(
                    &root.name(folder),
                    &format!("something in it cannot be searched: {what}"),
                ));
            }
        }
    }
}

/// Whether a file's name is one of a manifest.
pub fn may_be_manifest(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    ["yaml", "yml", "json"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
        || path.file_name().is_some_and(|name| name == "Kustomization")
}

/// Whether a file of a repository is one that walking a folder of it would find. `path` counts from that folder, `shown` is
/// the path as in reports.
pub fn may_be_found(path: &str, shown: &str, exclude: &[String]) -> bool {
    let hidden = path.split('/').any(|segment| segment.starts_with('.'));
    !hidden && may_be_manifest(path.as_ref()) && !exclude.iter().any(|glob| glob::covers(glob, shown))
}

/// Reads one file; `is_named` says that it must be readable.
pub fn read_file(name: &str, path: &Path, limits: &Limits, is_named: bool) -> Result<Manifest, InputFailure> {
    let cannot = |error: &std::io::Error| failed(name, &format!("cannot be read: {}", reason(error)));
    let file = std::fs::File::open(path).map_err(|error| cannot(&error))?;
    let size = file.metadata().map_err(|error| cannot(&error))?.len();
    if size > limits.size {
        let mut start = Vec::new();
        file.take(SNIFFED)
            .read_to_end(&mut start)
            .map_err(|error| cannot(&error))?;
        if is_named || looks_like_manifest(&String::from_utf8_lossy(&start)) {
            return Err(failed(name, &too_large(size, limits)));
        }
        return Ok(manifest(name, b"", limits));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    // A file that grows meanwhile, or a pipe, is cut at the limit as well.
    file.take(limits.size + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > limits.size {
        return Err(failed(name, &too_large(bytes.len() as u64, limits)));
    }
    Ok(manifest(name, &bytes, limits))
}

fn read_standard(limits: &Limits) -> Result<Manifest, InputFailure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(limits.size + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(STDIN, &format!("cannot be read: {}", reason(&error))))?;
    if bytes.len() as u64 > limits.size {
        return Err(failed(STDIN, &too_large(bytes.len() as u64, limits)));
    }
    Ok(manifest(STDIN, &bytes, limits))
}

/// Why a file of so many bytes is not read.
pub fn too_large(size: u64, limits: &Limits) -> String {
    format!(
        "the file has {size} bytes or more, above the limit of {} (document size): split it, or leave it out of the paths",
        limits.size
    )
}

/// An input that could not be read.
pub fn failed(name: &str, message: &str) -> InputFailure {
    InputFailure {
        file: name.to_owned(),
        line: None,
        column: None,
        message: message.to_owned(),
    }
}

/// An operating system's reason in plain words.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
