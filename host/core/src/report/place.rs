//! Places as formats say them.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use crate::finding::{Finding, Location};
use crate::policy::Severity;
use crate::read::Position;

impl Report<'_> {
    /// Path of the file that a place lies in, as reports show it.
    pub(super) fn file(&self, place: Location) -> &str {
        self.bundle
            .manifests
            .get(place.manifest)
            .map_or("", |manifest| manifest.path.as_str())
    }

    /// First position of a place, and the one after its last character.
    pub(super) fn positions(&self, place: Location) -> (Position, Position) {
        match self.bundle.manifests.get(place.manifest) {
            Some(manifest) => (
                manifest.position(place.span.start),
                manifest.position(place.span.end.max(place.span.start)),
            ),
            None => (Position { line: 1, column: 1 }, Position { line: 1, column: 1 }),
        }
    }

    /// Findings that count, advice only where it is asked for.
    pub(super) fn shown(&self, verbose: bool) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.suppressed.is_none() && (verbose || finding.severity > Severity::Info))
    }

    /// A fingerprint for each finding, no two alike, for formats that need that: equal ones, such as those of dev and prod
    /// copies, get their file's path, and a number where that is not enough.
    pub(super) fn unique_fingerprints(&self) -> Vec<String> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in self.findings {
            *times.entry(&finding.fingerprint).or_default() += 1;
        }
        let mut given = BTreeSet::new();
        self.findings
            .iter()
            .map(|finding| {
                let mut text = finding.fingerprint.clone();
                if times.get(text.as_str()).is_some_and(|&times| times > 1) {
                    text = format!("{text}:{}", self.file(finding.place));
                }
                let bare = text.clone();
                let mut number = 1;
                while !given.insert(text.clone()) {
                    number += 1;
                    text = format!("{bare}:{number}");
                }
                text
            })
            .collect()
    }
}
