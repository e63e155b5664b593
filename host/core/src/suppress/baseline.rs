//! The baseline: findings of before, that do not count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::known::hold_back;
use crate::finding::{Finding, Suppression};

/// Findings of before: how many there were of each fingerprint, with rule and file as hints for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: Vec<Entry>,
    /// Where it is written, as reports show it.
    #[serde(skip)]
    file: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    count: usize,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    file: String,
}

impl Baseline {
    /// Of the findings that count now. `file` is the path of a finding's file as reports show it.
    #[must_use]
    pub fn of<'a>(findings: &[Finding], file: impl Fn(&Finding) -> &'a str) -> Self {
        let mut entries: BTreeMap<&str, Entry> = BTreeMap::new();
        for finding in findings {
            let held = finding.suppressed.as_ref().is_some_and(|held| held.by != "baseline");
            if held {
                continue;
            }
            let entry = entries.entry(&finding.fingerprint).or_insert_with(|| Entry {
                fingerprint: finding.fingerprint.clone(),
                count: 0,
                rule: finding.rule.clone(),
                file: file(finding).to_owned(),
            });
            entry.count += 1;
        }
        let mut findings: Vec<Entry> = entries.into_values().collect();
        findings.sort_by(|a, b| (&a.file, &a.rule, &a.fingerprint).cmp(&(&b.file, &b.rule, &b.fingerprint)));
        Baseline {
            version: 1,
            findings,
            file: None,
        }
    }

    /// Reads the text of a baseline; `file` is its path as reports show it.
    ///
    /// # Errors
    /// When it is not one, or of a later version: place and reason.
    pub fn parse(text: &str, file: &str) -> Result<Self, String> {
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| {
            // The library's own message may repeat a value.
            format!("{}:{}: this is no baseline", error.line(), error.column())
        })?;
        if baseline.version != 1 {
            return Err("1:1: this baseline is of a later version".to_owned());
        }
        Ok(baseline.named(file))
    }

    /// The same, written in this file, as reports show it.
    #[must_use]
    pub fn named(self, file: &str) -> Self {
        Baseline {
            file: Some(file.to_owned()),
            ..self
        }
    }

    /// As text, a finding a line: changes are easy to review.
    #[must_use]
    pub fn text(&self) -> String {
        let lines: Vec<String> = self
            .findings
            .iter()
            .map(|entry| format!("    {}", serde_json::to_string(entry).unwrap_or_default()))
            .collect();
        let findings = if lines.is_empty() {
            "[]".to_owned()
        } else {
            format!("[\n{}\n  ]", lines.join(",\n"))
        };
        format!("{{\n  \"version\": {},\n  \"findings\": {findings}\n}}\n", self.version)
    }

    /// Findings that the baseline has and these do not.
    #[must_use]
    pub fn gone(&self, findings: &[Finding]) -> usize {
        let mut left = self.counts();
        for finding in findings {
            if let Some(count) = left.get_mut(finding.fingerprint.as_str()) {
                *count = count.saturating_sub(1);
            }
        }
        left.values().sum()
    }

    /// Marks as many findings of each fingerprint as there were. `file` as for [`Baseline::of`].
    pub fn hold_back<'a>(&self, findings: &mut [Finding], file: impl Fn(&Finding) -> &'a str) {
        let entries = self.findings.iter();
        let entries = entries.map(|entry| (entry.fingerprint.as_str(), entry.file.as_str(), entry.count));
        hold_back(entries, findings, file, || Suppression {
            by: "baseline".to_owned(),
            reason: None,
            until: None,
            file: self.file.clone(),
            line: None,
        });
    }

    fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.findings {
            let count: &mut usize = counts.entry(entry.fingerprint.as_str()).or_default();
            *count = count.saturating_add(entry.count);
        }
        counts
    }
}
