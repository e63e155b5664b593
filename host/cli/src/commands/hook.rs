//! `plimsoll hook`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use plimsoll_core::finding::Finding;
use plimsoll_core::read::{Limits, Manifest, manifest};
use plimsoll_core::report::InputFailure;
use rayon::prelude::*;

use crate::args::PolicyArguments;
use crate::config::{ConfigArguments, Settled};
use crate::exit::Exit;
use crate::git::{Change, Entry, Git, from_top};
use crate::input::{self, Input};
use crate::judge;
use crate::report::{ReportArguments, exit};
use crate::run::{self, Outcome, Timings};
use crate::suppress::SuppressArguments;

/// Judge what is about to be committed in the light of the whole repository, and report what touches it
///
/// For pre-commit. The repository is taken as the index has it, staged content and not the working tree; FILES are what has
/// changed, and so is what the index deletes or renames. Where the index holds nothing new, and where PRE_COMMIT_FROM_REF and
/// PRE_COMMIT_TO_REF say what has changed, it is taken as the working tree has it.
#[derive(Args)]
pub struct Hook {
    /// Files that have changed; without any, all that the index changes
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    suppress: SuppressArguments,
}

/// What has changed.
#[derive(Default)]
struct Changed {
    /// Files that are there.
    files: BTreeSet<String>,
    /// Files that are gone.
    gone: BTreeSet<String>,
    /// What they are compared with; none where there is no commit yet.
    from: Option<String>,
    /// Whether the working tree is judged, and not the index.
    working: bool,
}

impl Hook {
    pub fn run(self) -> anyhow::Result<Exit> {
        let started = Instant::now();
        let targets = self.report.targets()?;
        let mut timings = Timings::default();
        let git = Git::find("outside of repositories use `plimsoll check`")?;
        let settled = self.config.settle()?;
        let changed = self.changed(&git)?;
        let (policies, read) = rayon::join(
            || judge::load(&self.policies.policies, Some(&settled)),
            || read(&git, &settled, &changed),
        );
        let (mut policies, (input, gone)) = (policies?, read?);
        timings.add("read, and load policies", started);
        let mut outcome = run::judge(&mut policies, input, &settled, &self.suppress, &mut timings)?;
        limit(&mut outcome, &settled, &git, &changed, &gone);
        let report = outcome.report(started);
        let fail_on = self.report.fail_on(&settled.config);
        self.report.write(&report, &targets, fail_on, &policies.loaded)?;
        if self.report.timings {
            timings.say();
        }
        Ok(exit(&report, fail_on))
    }

    fn changed(&self, git: &Git) -> anyhow::Result<Changed> {
        let reference = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut changed = Changed {
            files: self.files.iter().filter_map(|file| from_top(&git.top, file)).collect(),
            ..Changed::default()
        };
        let changes = match reference("PRE_COMMIT_FROM_REF") {
            Some(from) => {
                let to = reference("PRE_COMMIT_TO_REF").unwrap_or_else(|| "HEAD".to_owned());
                changed.working = true;
                let from = git.has(&from).then_some(from);
                let changes = git.changes(from.as_deref(), Some(&to))?;
                changed.from = from;
                changes
            }
            None => {
                changed.from = git.has("HEAD").then(|| "HEAD".to_owned());
                let changes = git.changes(changed.from.as_deref(), None)?;
                changed.working = changes.is_empty();
                changes
            }
        };
        // Without FILES all that is about to be committed: who types the command by hand names none.
        let all = changed.files.is_empty();
        for change in changes {
            match change {
                Change::Gone(path) => changed.gone.insert(path),
                Change::Changed(path) => all && changed.files.insert(path),
            };
        }
        Ok(changed)
    }
}

/// Reads the repository, and finds the identities that changed files defined before and nothing defines now.
fn read(git: &Git, settled: &Settled, changed: &Changed) -> anyhow::Result<(Input, BTreeSet<String>)> {
    let limits = Limits::default();
    let mut entries = git.files(None)?;
    let exclude = &settled.config.exclude;
    entries.retain(|entry| {
        let shown = settled.root.name(&git.top.join(&entry.path));
        input::may_be_found(&entry.path, &shown, exclude)
    });
    let staged = if changed.working {
        BTreeSet::new()
    } else {
        git.unstaged()?
    };
    let (from_index, from_disk): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| staged.contains(&entry.path));
    let blobs: Vec<String> = from_index.iter().map(|entry| entry.blob.clone()).collect();
    let contents = git.contents(&blobs, limits.size)?;
    let shown = |path: &str| settled.root.name(&git.top.join(path));
    let mut results: Vec<Result<Manifest, InputFailure>> = from_disk
        .par_iter()
        .with_max_len(1)
        // A file that is gone from the working tree, and only from there, is judged by nobody.
        .filter(|entry| git.top.join(&entry.path).is_file())
        .map(|entry| input::read_file(&shown(&entry.path), &git.top.join(&entry.path), &limits, false))
        .collect();
    results.extend(from_index.iter().zip(contents).map(|(entry, content)| match content {
        Some(bytes) => Ok(manifest(&shown(&entry.path), &bytes, &limits)),
        None => Err(input::failed(
            &shown(&entry.path),
            &input::too_large(limits.size + 1, &limits),
        )),
    }));
    let mut input = Input::default();
    for result in results {
        match result {
            Ok(manifest) => input.manifests.push(manifest),
            Err(failure) => input.failures.push(failure),
        }
    }
    input.manifests.sort_by(|a, b| a.path.cmp(&b.path));
    let gone = gone(git, changed, &input.manifests, &limits)?;
    Ok((input, gone))
}

/// Names of objects that changed files defined before and that no file defines now.
fn gone(git: &Git, changed: &Changed, now: &[Manifest], limits: &Limits) -> anyhow::Result<BTreeSet<String>> {
    let Some(from) = &changed.from else {
        return Ok(BTreeSet::new());
    };
    let names: Vec<String> = changed
        .files
        .union(&changed.gone)
        .filter(|path| input::may_be_manifest(path.as_ref()))
        .map(|path| format!("{from}:{path}"))
        .collect();
    let before = git.contents(&names, limits.size)?;
    let before: Vec<Manifest> = before
        .into_par_iter()
        .flatten()
        .map(|bytes| manifest("", &bytes, limits))
        .collect();
    let identity =
        |object: &plimsoll_core::read::ReadObject| (object.group.clone(), object.kind.clone(), object.name.clone());
    let defined: BTreeSet<_> = now
        .iter()
        .flat_map(|manifest| &manifest.objects)
        .map(identity)
        .collect();
    let objects = before.iter().flat_map(|manifest| &manifest.objects);
    Ok(objects
        .map(identity)
        .filter(|identity| !identity.2.is_empty() && !defined.contains(identity))
        .map(|(_, _, name)| name)
        .collect())
}

/// Leaves in the report what touches the changed files.
fn limit(outcome: &mut Outcome, settled: &Settled, git: &Git, changed: &Changed, gone: &BTreeSet<String>) {
    let shown: BTreeSet<String> = changed
        .files
        .iter()
        .map(|path| settled.root.name(&git.top.join(path)))
        .collect();
    let manifests = &outcome.bundle.manifests;
    let touched = |index: usize| {
        let manifest = manifests.get(index);
        manifest.is_some_and(|manifest| shown.contains(&manifest.path))
    };
    let touches = |finding: &Finding| {
        touched(finding.place.manifest)
            || finding.related.iter().any(|related| touched(related.place.manifest))
            || gone.iter().any(|name| speaks_of(&finding.message, name))
    };
    outcome.findings.retain(touches);
    outcome.inputs_failed.retain(|failure| shown.contains(&failure.file));
}

/// Whether a message names an object, as a word of its own.
fn speaks_of(message: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    message.match_indices(name).any(|(at, _)| {
        let before = message.get(..at).and_then(|text| text.chars().next_back());
        let after = message.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
