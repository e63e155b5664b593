//! What was there already at a revision: its tree is judged as the files are, so that only new findings count.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use plimsoll_core::finding::Finding;
use plimsoll_core::read::{Limits, manifest};
use plimsoll_core::report::{Failure, Since};
use plimsoll_core::suppress::Known;
use rayon::prelude::*;

use crate::config::Settled;
use crate::git::{Entry, Git, from_top};
use crate::input::{self, Input};
use crate::judge::Policies;
use crate::output;
use crate::run::{self, Outcome, Timings};
use crate::suppress::SuppressArguments;

/// Files that a message names.
const LISTED: usize = 3;

/// The revision that a run compares with.
pub struct Before {
    git: Git,
    since: Since,
    targets: Vec<Target>,
}

/// A path that the user named, from the top of the repository; empty for the top itself.
struct Target {
    path: String,
    folder: bool,
}

impl Target {
    /// The part of a path below this one; none where it does not lie there.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.path.is_empty() {
            return Some(path);
        }
        path.strip_prefix(&self.path)?.strip_prefix('/')
    }
}

impl Before {
    /// Finds the commit, and the paths in its tree.
    ///
    /// # Errors
    /// When there is no repository, no such commit, or a path is not the repository's.
    pub fn find(revision: &str, paths: &[PathBuf]) -> anyhow::Result<Before> {
        if paths.iter().any(|path| path.as_os_str() == "-") {
            bail!("--since compares with a revision, of which standard input has none: name files or directories");
        }
        let git = Git::find("--since compares with a revision of a repository")?;
        let Some(commit) = git.commit(revision) else {
            bail!("{}", missing(&git, revision));
        };
        let mut targets = Vec::new();
        for path in paths {
            // What does not exist is said where it is read.
            let Ok(whole) = std::fs::canonicalize(path) else {
                continue;
            };
            targets.push(target(&git, &whole, path)?);
        }
        let since = Since {
            revision: revision.to_owned(),
            commit,
        };
        Ok(Before { git, since, targets })
    }

    /// Judges the revision's tree as the files are judged, by the same policies and configuration. What cannot be judged
    /// there is said, and holds nothing back.
    pub fn judge(
        &self,
        policies: &mut Policies,
        settled: &Settled,
        suppress: &SuppressArguments,
        named: &BTreeSet<String>,
        timings: &mut Timings,
    ) -> anyhow::Result<Known> {
        let started = Instant::now();
        let revision = &self.since.revision;
        let input = self.read(settled, named)?;
        let outcome = run::judge(policies, input, settled, &suppress.quiet(), &mut Timings::default());
        let known = match outcome {
            Ok(outcome) => {
                self.say(&outcome, &policies.failures);
                self.known(outcome, settled)?
            }
            Err(error) => {
                output::say(
                    "note",
                    &format!("{revision} cannot be judged, so all counts as new: {error:#}"),
                );
                Known::default()
            }
        };
        timings.add("read and judge the revision", started);
        Ok(known)
    }

    /// Marks the findings that are no news.
    pub fn hold_back(self, outcome: &mut Outcome, known: &Known) {
        let manifests = &outcome.bundle.manifests;
        known.hold_back(&mut outcome.findings, |finding| {
            let manifest = manifests.get(finding.place.manifest);
            manifest.map_or("", |manifest| manifest.path.as_str())
        });
        outcome.since = Some(self.since);
    }

    /// Reads the files of the tree that the paths cover, and those that have moved there since.
    fn read(&self, settled: &Settled, named: &BTreeSet<String>) -> anyhow::Result<Input> {
        let limits = Limits::default();
        let shown = |path: &str| settled.root.name(&self.git.top.join(path));
        let mut input = Input {
            named: named.clone(),
            ..Input::default()
        };
        let mut moved = BTreeSet::new();
        if !self.targets.iter().any(|target| target.path.is_empty()) {
            for (old, new) in self.git.renamed(&self.since.commit)? {
                if self.targets.iter().any(|target| !target.folder && target.path == new) {
                    input.named.insert(shown(&old));
                    moved.insert(old);
                } else if self.is_found(&new, settled)
                    && input::may_be_found(&old, &shown(&old), &settled.config.exclude)
                {
                    moved.insert(old);
                }
            }
        }
        let mut entries = self.git.files(Some(&self.since.commit))?;
        entries.retain(|entry| {
            let path = &entry.path;
            let is_config = settled.file.as_ref().is_some_and(|config| *config == shown(path));
            !is_config
                && (moved.contains(path)
                    || self.targets.iter().any(|target| target.path == *path)
                    || self.is_found(path, settled))
        });
        let folders = self.targets.iter().filter(|target| !target.path.is_empty());
        let mut paths: Vec<&str> = folders.map(|target| target.path.as_str()).collect();
        paths.extend(entries.iter().map(|entry| entry.path.as_str()));
        let ignored = self.git.ignored(&paths);
        // What the user names is looked at all the same.
        let asked = |path: &str| {
            let mut targets = self.targets.iter().filter(|target| ignored.contains(&target.path));
            targets.any(|target| target.path == path || target.below(path).is_some())
        };
        entries.retain(|entry| !ignored.contains(&entry.path) || asked(&entry.path));
        let blobs: Vec<String> = entries.iter().map(|entry| entry.blob.clone()).collect();
        let contents = self.git.contents(&blobs, limits.size)?;
        let read: Vec<_> = entries
            .into_par_iter()
            .zip(contents)
            .map(|(Entry { path, .. }, content)| {
                let name = shown(&path);
                match content {
                    Some(bytes) => Ok(manifest(&name, &bytes, &limits)),
                    None => Err(input::failed(&name, "is too large, or was not fetched")),
                }
            })
            .collect();
        for result in read {
            match result {
                Ok(manifest) => input.manifests.push(manifest),
                Err(failure) => input.failures.push(failure),
            }
        }
        // As what is walked is: by path as reports show it.
        input.manifests.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(input)
    }

    /// Whether walking a folder that was named would find a file of this path.
    fn is_found(&self, path: &str, settled: &Settled) -> bool {
        let shown = settled.root.name(&self.git.top.join(path));
        let mut folders = self.targets.iter().filter(|target| target.folder);
        folders.any(|target| {
            let below = target.below(path);
            below.is_some_and(|below| input::may_be_found(below, &shown, &settled.config.exclude))
        })
    }

    /// Says what of the tree could not be judged. `broken` are the policies that cannot be loaded at all.
    fn say(&self, outcome: &Outcome, broken: &[Failure]) {
        let revision = &self.since.revision;
        let files: BTreeSet<&str> = outcome.inputs_failed.iter().map(|input| input.file.as_str()).collect();
        if !files.is_empty() {
            let mut names: Vec<&str> = files.iter().copied().take(LISTED).collect();
            if files.len() > LISTED {
                names.push("…");
            }
            let message = format!(
                "not all of {revision} can be read, so what is found here counts as new: {}",
                names.join(", ")
            );
            output::say("note", &message);
        }
        for failure in outcome.failures.iter().filter(|failure| !broken.contains(failure)) {
            output::say(
                "note",
                &format!("of {revision}, so what it finds counts as new: {failure}"),
            );
        }
    }

    /// The findings of the revision. Those about the configuration are none of them when it reads otherwise now: it is this
    /// one that was held against the tree.
    fn known(&self, mut outcome: Outcome, settled: &Settled) -> anyhow::Result<Known> {
        let config = settled.file.as_ref();
        let manifests = &outcome.bundle.manifests;
        let file = |finding: &Finding| {
            let manifest = manifests.get(finding.place.manifest);
            manifest.map_or("", |manifest| manifest.path.as_str())
        };
        if let Some(config) = config.filter(|_| !outcome.findings.is_empty()) {
            let path = from_top(&self.git.top, &settled.root.path(config));
            let names = path.map(|path| format!("{}:{path}", self.since.commit));
            let names: Vec<String> = names.into_iter().collect();
            let contents = self.git.contents(&names, Limits::default().size)?;
            let same = contents
                .iter()
                .flatten()
                .any(|bytes| bytes == settled.text().as_bytes());
            outcome.findings.retain(|finding| same || file(finding) != config);
        }
        Ok(Known::of(&outcome.findings, file))
    }
}

/// A path that the user named, in the repository.
fn target(git: &Git, whole: &Path, named: &Path) -> anyhow::Result<Target> {
    let top = std::fs::canonicalize(&git.top).unwrap_or_else(|_| git.top.clone());
    let folder = whole.is_dir();
    if whole == top {
        return Ok(Target {
            path: String::new(),
            folder,
        });
    }
    match from_top(&git.top, whole) {
        Some(path) => Ok(Target { path, folder }),
        None => bail!(
            "{} lies outside of the repository {}, whose revision --since compares with",
            named.display(),
            top.display()
        ),
    }
}

/// Why there is no such commit, and what to do.
fn missing(git: &Git, revision: &str) -> String {
    let what = format!("--since: there is no commit `{revision}` here");
    let remote = format!("origin/{revision}");
    if git.has(&remote) {
        format!("{what}; did you mean `{remote}`?")
    } else if git.is_shallow() {
        format!(
            "{what}, as only a part of the history was fetched: fetch it all, with `fetch-depth: 0` of actions/checkout, \
             with `GIT_DEPTH: 0` in GitLab, by hand with `git fetch --unshallow`"
        )
    } else {
        what
    }
}
