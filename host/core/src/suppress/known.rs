//! Findings that were there in another state of the same files: as many of each fingerprint as there were.

use std::collections::BTreeMap;

use crate::finding::{Finding, Suppression};

/// Findings of another state, to tell new ones from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    counts: BTreeMap<(String, String), usize>,
}

impl Known {
    /// Those that count among these. `file` is the path of a finding's file as reports show it.
    #[must_use]
    pub fn of<'a>(findings: &[Finding], file: impl Fn(&Finding) -> &'a str) -> Self {
        let mut counts = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
            let key = (finding.fingerprint.clone(), file(finding).to_owned());
            *counts.entry(key).or_default() += 1;
        }
        Known { counts }
    }

    /// Marks the findings that are no news. Those of the same file come first, so that of a file and its new copy the copy's
    /// are new; then those that have moved.
    pub fn hold_back<'a>(&self, findings: &mut [Finding], file: impl Fn(&Finding) -> &'a str) {
        let counts = self.counts.iter();
        let entries = counts.map(|((fingerprint, file), &count)| (fingerprint.as_str(), file.as_str(), count));
        hold_back(entries, findings, file, || Suppression {
            by: Suppression::SINCE.to_owned(),
            reason: None,
            until: None,
            file: None,
            line: None,
        });
    }
}

/// Marks as many findings of each fingerprint as the entries say, those of an entry's file before others.
pub(super) fn hold_back<'a, 'b>(
    entries: impl Iterator<Item = (&'b str, &'b str, usize)>,
    findings: &mut [Finding],
    file: impl Fn(&Finding) -> &'a str,
    why: impl Fn() -> Suppression,
) {
    let mut left: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (fingerprint, file, count) in entries {
        let sum = left.entry(fingerprint).or_default().entry(file).or_default();
        *sum = sum.saturating_add(count);
    }
    for moved in [false, true] {
        for finding in findings.iter_mut().filter(|finding| finding.suppressed.is_none()) {
            let files = left.get_mut(finding.fingerprint.as_str());
            let count = files.and_then(|files| {
                let found = if moved {
                    files.values_mut().find(|count| **count > 0)
                } else {
                    files.get_mut(file(finding))
                };
                found.filter(|count| **count > 0)
            });
            if let Some(count) = count {
                *count -= 1;
                finding.suppressed = Some(why());
            }
        }
    }
}
