//! JUnit XML, as CI servers read it: a suite for each file, a case for each finding.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Report;
use crate::config::FailOn;

/// What a case ended with.
enum End {
    Failure,
    Error,
    Passed,
}

struct Case {
    name: String,
    class: String,
    line: u32,
    end: End,
    message: String,
    text: String,
}

/// The report as XML. Findings at or above `fail_on` are failures, others pass with their text as output; what could not be
/// read or judged is an error. Without any, one case passes.
#[must_use]
pub fn junit(report: &Report<'_>, verbose: bool, fail_on: FailOn) -> String {
    let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for finding in report.shown(verbose) {
        let (start, _) = report.positions(finding.place);
        let object = &finding.object;
        suites.entry(report.file(finding.place)).or_default().push(Case {
            name: format!("{} {} line {}", object.kind, object.name, start.line),
            class: finding.rule.clone(),
            line: start.line,
            end: if fail_on.fails(finding.severity) {
                End::Failure
            } else {
                End::Passed
            },
            message: format!("{}: {}", finding.severity, finding.message),
            text: finding.help.clone().unwrap_or_default(),
        });
    }
    for failure in &report.inputs_failed {
        suites.entry(&failure.file).or_default().push(Case {
            name: "cannot read".to_owned(),
            class: "plimsoll/input".to_owned(),
            line: failure.line.unwrap_or(1),
            end: End::Error,
            message: failure.message.clone(),
            text: String::new(),
        });
    }
    for failure in &report.failures {
        suites.entry("").or_default().push(Case {
            name: format!("policy {}", failure.policy),
            class: "plimsoll/policy".to_owned(),
            line: 1,
            end: End::Error,
            message: format!("gave no verdict ({}): {}", failure.kind, failure.message),
            text: String::new(),
        });
    }
    if suites.is_empty() {
        suites.entry("").or_default().push(Case {
            name: "no finding".to_owned(),
            class: "plimsoll".to_owned(),
            line: 1,
            end: End::Passed,
            message: String::new(),
            text: String::new(),
        });
    }
    let count = |cases: &[Case]| {
        let failures = cases.iter().filter(|case| matches!(case.end, End::Failure)).count();
        let errors = cases.iter().filter(|case| matches!(case.end, End::Error)).count();
        format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", cases.len())
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plimsoll\">\n");
    for (file, cases) in &suites {
        let name = if file.is_empty() { "plimsoll" } else { file };
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escape(name), count(cases));
        for case in cases {
            write_case(&mut out, file, case);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn write_case(out: &mut String, file: &str, case: &Case) {
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\"",
        escape(&case.name),
        escape(&case.class)
    );
    if !file.is_empty() {
        let _ = write!(out, " file=\"{}\" line=\"{}\"", escape(file), case.line);
    }
    let element = match case.end {
        End::Failure => "failure",
        End::Error => "error",
        End::Passed if case.message.is_empty() => {
            out.push_str("/>\n");
            return;
        }
        End::Passed => {
            let text = format!("{}\n{}", case.message, case.text);
            let _ = writeln!(out, "><system-out>{}</system-out></testcase>", escape(text.trim_end()));
            return;
        }
    };
    let _ = writeln!(
        out,
        "><{element} message=\"{}\" type=\"{}\">{}</{element}></testcase>",
        escape(&case.message),
        escape(&case.class),
        escape(&case.text)
    );
}

/// Characters that XML cannot hold are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
    out
}
