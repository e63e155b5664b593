//! TAP, version 14: a test point for each finding, with its place as a YAML block. <https://testanything.org>

use std::fmt::Write as _;

use super::Report;
use crate::config::FailOn;

/// A test point.
struct Point {
    ok: bool,
    message: String,
    /// What its YAML block says.
    about: Vec<(&'static str, String)>,
}

/// The report as TAP. Findings at or above `fail_on`, and what could not be read or judged, are `not ok`; other findings are
/// `ok`, and so is one point where there is none.
#[must_use]
pub fn tap(report: &Report<'_>, verbose: bool, fail_on: FailOn) -> String {
    let mut points = Vec::new();
    for finding in report.shown(verbose) {
        let (start, _) = report.positions(finding.place);
        points.push(Point {
            ok: !fail_on.fails(finding.severity),
            message: format!("{}: {}", finding.rule, finding.message),
            about: vec![
                ("severity", finding.severity.to_string()),
                ("file", report.file(finding.place).to_owned()),
                ("line", start.line.to_string()),
                ("column", start.column.to_string()),
            ],
        });
    }
    for failure in &report.inputs_failed {
        let mut about = vec![("file", failure.file.clone())];
        about.extend(failure.line.map(|line| ("line", line.to_string())));
        points.push(Point {
            ok: false,
            message: format!("cannot read: {}", failure.message),
            about,
        });
    }
    for failure in &report.failures {
        points.push(Point {
            ok: false,
            message: failure.to_string(),
            about: Vec::new(),
        });
    }
    if points.is_empty() {
        points.push(Point {
            ok: true,
            message: "no finding".to_owned(),
            about: Vec::new(),
        });
    }
    let mut out = format!("TAP version 14\n1..{}\n", points.len());
    for (number, Point { ok, message, about }) in points.iter().enumerate() {
        let not = if *ok { "" } else { "not " };
        // `#` would start a directive, and a backslash escapes it.
        let message = message.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ");
        let _ = writeln!(out, "{not}ok {} - {message}", number + 1);
        if !about.is_empty() {
            out.push_str("  ---\n");
            for (key, value) in about {
                // JSON's texts are YAML's.
                let value = match value.parse::<u32>() {
                    Ok(number) => number.to_string(),
                    Err(_) => serde_json::Value::from(value.as_str()).to_string(),
                };
                let _ = writeln!(out, "  {key}: {value}");
            }
            out.push_str("  ...\n");
        }
    }
    out
}
