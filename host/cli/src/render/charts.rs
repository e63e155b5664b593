//! Charts, and the values that they are rendered with.

use std::path::{Path, PathBuf};

use plimsoll_core::read::{Manifest, Renderer, Rendering};

use super::{Job, lies_in, name};
use crate::config::Settled;
use crate::input::Input;
use crate::output;

/// Files of values of one chart that it is rendered with, each by itself.
const VALUES: usize = 10;

/// Charts of the input that stand for themselves, each with each of its values.
///
/// As chart-testing does, a chart with `ci/*-values.yaml` is rendered with each of these instead of its own values alone.
/// Besides it is rendered with each `values-*.yaml` and `values.*.yaml` beside its own.
pub fn find(input: &Input, settled: &Settled, given: &[PathBuf]) -> Vec<Job> {
    let charts: Vec<(&str, &Manifest)> = input
        .manifests
        .iter()
        .filter_map(|manifest| Some((folder(&manifest.path, "Chart.yaml")?, manifest)))
        .collect();
    let mut jobs = Vec::new();
    for (folder, chart) in &charts {
        let inner = charts.iter().any(|(outer, _)| {
            let within = if outer.is_empty() {
                "charts".to_owned()
            } else {
                format!("{outer}/charts")
            };
            lies_in(folder, &within)
        });
        let library = member(chart, "type").is_some_and(|kind| kind == "library");
        let path = settled.root.path(folder);
        if inner || library || !path.join("templates").is_dir() {
            continue;
        }
        jobs.extend(renderings(input, settled, chart, folder, &path, given));
    }
    jobs
}

/// The folder that a file of this name lies in.
fn folder<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    match path.strip_suffix(name)? {
        "" => Some(""),
        folder => folder.strip_suffix('/'),
    }
}

fn renderings(
    input: &Input,
    settled: &Settled,
    chart: &Manifest,
    folder: &str,
    path: &Path,
    given: &[PathBuf],
) -> Vec<Job> {
    let slash = if folder.is_empty() { "" } else { "/" };
    let shown = |file: &str| format!("{folder}{slash}{file}");
    let own = values_in(path, "", |name| {
        name.starts_with("values-") || name.starts_with("values.")
    });
    let tests = values_in(&path.join("ci"), "ci/", |name| name.contains("-values."));
    let values: Vec<String> = own.iter().chain(&tests).map(|file| shown(file)).collect();
    let of_it = |path: &str| {
        let inside = [shown("templates"), shown("charts")];
        inside.iter().any(|folder| lies_in(path, folder))
            || [shown("Chart.yaml"), shown("values.yaml")]
                .iter()
                .any(|file| file == path)
            || values.iter().any(|file| file == path)
    };
    let replaces = input.manifests.iter().map(|manifest| &manifest.path);
    let replaces: Vec<String> = replaces.filter(|path| of_it(path)).cloned().collect();
    let secret = input.manifests.iter().filter(|manifest| {
        let file = manifest.path.rsplit('/').next().unwrap_or_default();
        file.starts_with("values") && of_it(&manifest.path) || values.contains(&manifest.path)
    });
    let secret: Vec<String> = secret.flat_map(texts).collect();
    let job = |with: Option<&str>, files: &[String], values: Vec<String>| Job {
        path: name(folder, with),
        file: chart.path.clone(),
        rendering: Rendering {
            by: Renderer::Helm,
            folder: folder.to_owned(),
            values: [vec![shown("values.yaml")], values].concat(),
        },
        folder: path.to_path_buf(),
        arguments: arguments(chart, settled, files),
        replaces: replaces.clone(),
        secret: secret.clone(),
    };
    if !given.is_empty() {
        let whole = |file: &PathBuf| {
            let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            listed(&path.to_string_lossy())
        };
        let files: Vec<String> = given.iter().map(whole).collect();
        return vec![job(
            None,
            &files,
            given.iter().map(|file| settled.root.name(file)).collect(),
        )];
    }
    let mut sets: Vec<Option<&String>> = own.iter().map(Some).collect();
    if tests.is_empty() {
        sets.insert(0, None);
    }
    sets.extend(tests.iter().map(Some));
    if sets.len() > VALUES {
        let left = sets.len() - VALUES;
        output::warn(&format!(
            "--render: {folder}: only the first {VALUES} files of values are used, {left} are not; --helm-values chooses"
        ));
        sets.truncate(VALUES);
    }
    let only = sets.len() == 1;
    sets.into_iter()
        .map(|set| match set {
            None => job(None, &[], Vec::new()),
            Some(file) => {
                let bare = file.rsplit('/').next().unwrap_or(file);
                job(
                    Some(bare).filter(|_| !only),
                    std::slice::from_ref(file),
                    vec![shown(file)],
                )
            }
        })
        .collect()
}

/// What helm is told: every value after `=`, so that none is taken for an option.
fn arguments(chart: &Manifest, settled: &Settled, values: &[String]) -> Vec<String> {
    let mut arguments = vec![release(chart), ".".to_owned(), "--skip-tests".to_owned()];
    if let Some(version) = &settled.config.kubernetes {
        arguments.push(format!("--kube-version={version}"));
    }
    if let Some(namespace) = &settled.config.default_namespace {
        arguments.push(format!("--namespace={namespace}"));
    }
    arguments.extend(values.iter().map(|file| format!("--values={file}")));
    arguments
}

/// A release is called as its chart, where helm takes that as a name.
fn release(chart: &Manifest) -> String {
    let is_name = |name: &&str| {
        let inner = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        inner && !name.is_empty() && name.len() <= 53 && !name.starts_with('-') && !name.ends_with('-')
    };
    member(chart, "name").filter(is_name).unwrap_or("release").to_owned()
}

/// Files of values in a folder, by name: plain names only, as helm takes commas and quotes for more than that. Links are
/// left out: they may lead anywhere.
fn values_in(folder: &Path, before: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
        let file = entry.file_type().is_ok_and(|kind| kind.is_file());
        (plain && file && stem != "values" && !name.starts_with(['-', '.']) && wanted(&name)).then_some(name)
    });
    let mut names: Vec<String> = names.map(|name| format!("{before}{name}")).collect();
    names.sort();
    names
}

/// A file's name where a list is read with commas between: in quotes, which are doubled within.
fn listed(name: &str) -> String {
    if name.contains([',', '"', '\n']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

/// A text at the top of a file's first document.
fn member<'m>(manifest: &'m Manifest, key: &str) -> Option<&'m str> {
    let part = &manifest.part;
    let root = manifest.documents.first()?.root;
    let mut children = part.children(root).into_iter();
    let found = children.find(|&child| part.key(child).is_some_and(|found| part.text(found) == key))?;
    part.string(found)
}

/// All texts of a file that are long enough to be told from others.
pub fn texts(manifest: &Manifest) -> Vec<String> {
    const SHORTEST: usize = 6;
    let nodes = 0..manifest.part.len();
    let texts = nodes.filter_map(|node| manifest.part.string(node));
    texts.filter(|text| text.len() >= SHORTEST).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_core::read::{Limits, manifest};

    use super::*;

    fn chart(text: &str) -> Manifest {
        manifest("c/Chart.yaml", text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_release_never_looks_like_an_option() {
        assert_eq!(
            release(&chart("apiVersion: v2\nname: web-1\nversion: 1.0.0\n")),
            "web-1"
        );
        for name in ["--post-renderer=x", "Web", "\"\"", "a b", "[1]"] {
            assert_eq!(release(&chart(&format!("apiVersion: v2\nname: {name}\n"))), "release");
        }
    }

    #[test]
    fn names_with_commas_stay_one() {
        assert_eq!(listed("/a/b.yaml"), "/a/b.yaml");
        assert_eq!(listed("/a,\"b\".yaml"), "\"/a,\"\"b\"\".yaml\"");
    }

    #[test]
    fn only_plain_names_are_values() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for name in [
            "values.yaml",
            "values-a.yaml",
            "values-b,c.yaml",
            "values.d.yml",
            "other.yaml",
            "-values-e.yaml",
        ] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let found = values_in(folder.path(), "", |name| name.starts_with("values"));
        assert_eq!(found, ["values-a.yaml", "values.d.yml"]);
    }
}
