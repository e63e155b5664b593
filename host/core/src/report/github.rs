//! Annotations of GitHub Actions: workflow commands, one a line.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write as _;

use super::Report;
use crate::policy::Severity;

/// The report as workflow commands: findings that count, what could not be read, and policies that gave no verdict.
#[must_use]
pub fn github(report: &Report<'_>, verbose: bool) -> String {
    let mut out = String::new();
    for finding in report.shown(verbose) {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let (start, end) = report.positions(finding.place);
        let mut message = finding.message.clone();
        if let Some(help) = &finding.help {
            message.push('\n');
            message.push_str(help);
        }
        let file = property(report.file(finding.place));
        let _ = write!(out, "::{level} file={file},line={},endLine={}", start.line, end.line);
        // Columns mean something on one line only.
        if start.line == end.line {
            let _ = write!(out, ",col={},endColumn={}", start.column, end.column);
        }
        let _ = writeln!(out, ",title={}::{}", property(&finding.rule), data(&message));
    }
    for failure in &report.inputs_failed {
        let _ = write!(out, "::error file={}", property(&failure.file));
        if let (Some(line), Some(column)) = (failure.line, failure.column) {
            let _ = write!(out, ",line={line},col={column}");
        }
        let _ = writeln!(out, ",title=cannot read::{}", data(&failure.message));
    }
    for failure in &report.failures {
        let message = failure.to_string();
        let _ = writeln!(out, "::error title=broken policy::{}", data(&message));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
