//! Reports in their formats: pure functions of what was found. One file each, with output structs of its own.

mod excerpt;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod place;
mod sarif;
mod tap;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::Bundle;
use crate::finding::{Finding, Masks, Suppression};
use crate::policy::Severity;
use crate::read::{Manifest, Skip};

pub use github::github;
pub use gitlab::gitlab;
pub use human::{Style, human};
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;
pub use tap::tap;

/// Everything there is to report of one run.
pub struct Report<'a> {
    /// What was judged.
    pub bundle: &'a Bundle,
    /// What was found, in order.
    pub findings: &'a [Finding],
    /// What no output may show.
    pub masks: &'a Masks,
    /// Policies that gave no verdict.
    pub failures: Vec<Failure>,
    /// Inputs that could not be read.
    pub inputs_failed: Vec<InputFailure>,
    /// What was read.
    pub counts: Counts,
    /// What it was compared with.
    pub since: Option<Since>,
    /// How long it took.
    pub duration_ms: f64,
}

/// A revision whose findings are no news.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Since {
    /// As the user named it.
    pub revision: String,
    /// The commit that it means.
    pub commit: String,
}

/// A rule as formats with rules of their own show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleText {
    /// `policy/rule`.
    pub name: String,
    /// One line.
    pub title: String,
    /// Its severity unless a violation says otherwise.
    pub severity: Severity,
    /// Its page, Markdown; empty where there is none.
    pub page: String,
}

/// A policy that gave no verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Failure {
    /// The policy's name, or its file where it has no name yet.
    pub policy: String,
    /// In one word: `fuel`, `deadline`, `memory`, `stack`, `trap`, `answer`, `settings`, `refused`, `load`, `import`,
    /// `version`.
    pub kind: &'static str,
    /// In a sentence.
    pub message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { policy, kind, message } = self;
        write!(f, "policy {policy} gave no verdict ({kind}): {message}")
    }
}

/// An input that could not be read, or not all of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct InputFailure {
    /// The file.
    pub file: String,
    /// Line, from 1, where a line is meant.
    pub line: Option<u32>,
    /// Column, in characters from 1, where a line is meant.
    pub column: Option<u32>,
    /// Why and what to do; never any of the text.
    pub message: String,
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Files that hold documents.
    pub files: usize,
    /// Texts that a renderer made of files.
    pub rendered: usize,
    /// Documents that were read as objects.
    pub documents: usize,
    /// Objects, those inside others included.
    pub objects: usize,
    /// Objects that there is no schema for.
    pub not_validated: usize,
    /// Files, or documents of files, that were not judged, and why.
    pub skipped: Vec<(String, Skip)>,
}

impl Counts {
    /// Counts what manifests hold. `named` are the paths that the user named, as for [`input_failures`].
    #[must_use]
    pub fn of(manifests: &[Manifest], named: impl Fn(&str) -> bool) -> Self {
        let mut counts = Counts::default();
        for manifest in manifests.iter().filter(|manifest| !manifest.is_replaced()) {
            match manifest.skipped {
                None if manifest.rendering().is_some() => counts.rendered += 1,
                Some(reason) => counts.skipped.push((manifest.path.clone(), reason)),
                None if !manifest.failures.is_empty() && !must_parse(manifest, &named) => {
                    counts.skipped.push((manifest.path.clone(), Skip::NotAManifest));
                }
                None => {
                    counts.files += usize::from(!manifest.objects.is_empty());
                    let skipped = manifest.documents.iter().filter_map(|document| document.skipped);
                    for reason in skipped.filter(|&reason| reason != Skip::Empty) {
                        let entry = (manifest.path.clone(), reason);
                        if counts.skipped.last() != Some(&entry) {
                            counts.skipped.push(entry);
                        }
                    }
                }
            }
            counts.documents += manifest
                .documents
                .iter()
                .filter(|document| document.skipped.is_none())
                .count();
            counts.objects += manifest.objects.len();
        }
        counts
    }

    /// How many were skipped, for each reason.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for (_, reason) in &self.skipped {
            *reasons.entry(reason.reason()).or_insert(0) += 1;
        }
        reasons
    }
}

/// Whether a file must be readable: one that the user named, or that is meant as a manifest by its looks or by what else it
/// holds.
#[must_use]
pub fn must_parse(manifest: &Manifest, named: impl Fn(&str) -> bool) -> bool {
    let meant = manifest.failures.iter().any(|failure| failure.looks_like_manifest);
    meant || !manifest.objects.is_empty() || named(&manifest.path)
}

/// Why there are failed inputs among what was read. `named` are the paths that the user named: those must be readable
/// whatever they hold.
#[must_use]
pub fn input_failures(manifests: &[Manifest], named: impl Fn(&str) -> bool) -> Vec<InputFailure> {
    let mut found = Vec::new();
    for manifest in manifests {
        if !must_parse(manifest, &named) {
            continue;
        }
        for failure in &manifest.failures {
            let whole = failure.span == crate::read::Span::EMPTY;
            let position = manifest.position(failure.span.start);
            found.push(InputFailure {
                file: manifest.path.clone(),
                line: (!whole).then_some(position.line),
                column: (!whole).then_some(position.column),
                message: failure.error.to_string(),
            });
        }
    }
    found
}

/// Findings that count, by severity: errors, warnings, infos; and how many do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Errors that count.
    pub errors: usize,
    /// Warnings that count.
    pub warnings: usize,
    /// Advice that counts.
    pub infos: usize,
    /// What does not count.
    pub suppressed: usize,
    /// What of it does not count because it was there before.
    pub known: usize,
}

impl Tally {
    /// Counts findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut tally = Tally::default();
        for finding in findings {
            let held = finding.suppressed.as_ref();
            tally.known += usize::from(held.is_some_and(|held| held.by == Suppression::SINCE));
            *match (&finding.suppressed, finding.severity) {
                (Some(_), _) => &mut tally.suppressed,
                (None, Severity::Error) => &mut tally.errors,
                (None, Severity::Warning) => &mut tally.warnings,
                (None, Severity::Info) => &mut tally.infos,
            } += 1;
        }
        tally
    }
}
