//! GitLab's Code Quality report: a list of issues.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde::Serialize;

use super::Report;
use crate::policy::Severity;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// The report as a JSON array: findings that count, and what could not be read or judged.
#[must_use]
pub fn gitlab(report: &Report<'_>, verbose: bool) -> String {
    let fingerprints = report.unique_fingerprints();
    let findings = report.findings.iter().zip(fingerprints);
    let shown =
        findings.filter(|(finding, _)| finding.suppressed.is_none() && (verbose || finding.severity > Severity::Info));
    let mut issues: Vec<Issue<'_>> = shown
        .map(|(finding, fingerprint)| {
            let (start, end) = report.positions(finding.place);
            Issue {
                description: finding.message.clone(),
                check_name: &finding.rule,
                fingerprint,
                severity: match finding.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "minor",
                    Severity::Info => "info",
                },
                location: Place {
                    path: report.file(finding.place),
                    lines: Lines {
                        begin: start.line,
                        end: end.line,
                    },
                },
            }
        })
        .collect();
    issues.extend(report.inputs_failed.iter().map(|failure| {
        let line = failure.line.unwrap_or(1);
        Issue {
            description: format!("cannot read: {}", failure.message),
            check_name: "plimsoll/input",
            fingerprint: format!("input:{}:{line}", failure.file),
            severity: "blocker",
            location: Place {
                path: &failure.file,
                lines: Lines { begin: line, end: line },
            },
        }
    }));
    issues.extend(report.failures.iter().map(|failure| Issue {
        description: failure.to_string(),
        check_name: "plimsoll/policy",
        fingerprint: format!("policy:{}:{}", failure.policy, failure.kind),
        severity: "blocker",
        location: Place {
            path: ".",
            lines: Lines { begin: 1, end: 1 },
        },
    }));
    serde_json::to_string_pretty(&issues).unwrap_or_default()
}
