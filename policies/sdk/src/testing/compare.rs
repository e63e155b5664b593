//! What is marked against what is seen.

use std::fmt::Write as _;

use plimsoll_core::policy::Judge;

use super::marked::{Expected, Marked};
use super::{Seen, run};

/// What a marked text turned out to hold.
pub(super) struct Outcome {
    /// Number of marks, each found.
    pub marks: usize,
    /// All that was found.
    pub seen: Vec<Seen>,
}

/// Runs a marked text whose first line has this number; the error is the difference, ready to read.
pub(super) fn check(judge: &dyn Judge, rule: &str, text: &str, first_line: u32) -> Result<Outcome, String> {
    let marked = Marked::parse(text, first_line)?;
    let seen = run::run(judge, rule, &marked)?;
    let mut problems = String::new();
    let mut missing = marked.expected.clone();
    for finding in &seen {
        let is = |mark: &Expected| {
            mark.line == finding.line && mark.rule == finding.rule && mark.severity == finding.severity
        };
        match missing.iter().position(is) {
            Some(position) => drop(missing.remove(position)),
            None => unexpected(&mut problems, finding, text, first_line),
        }
        if finding.message.is_empty() || finding.message.ends_with('.') {
            let message = &finding.message;
            let _ = writeln!(
                problems,
                "  a message says what is wrong, without a full stop: `{message}`"
            );
        }
    }
    for mark in missing {
        let _ = writeln!(problems, "  missing     {} {}", mark.severity, mark.rule);
        excerpt(&mut problems, text, first_line, mark.line);
    }
    match problems.is_empty() {
        true => Ok(Outcome {
            marks: marked.expected.len(),
            seen,
        }),
        false => Err(format!("findings differ from the marks\n{}", problems.trim_end())),
    }
}

fn unexpected(problems: &mut String, finding: &Seen, text: &str, first_line: u32) {
    let Seen {
        severity,
        rule,
        message,
        confidence,
        ..
    } = finding;
    let _ = writeln!(
        problems,
        "  unexpected  {severity} {rule} (confidence {confidence}): {message}"
    );
    excerpt(problems, text, first_line, finding.line);
}

fn excerpt(problems: &mut String, text: &str, first_line: u32, line: u32) {
    let shown = line
        .checked_sub(first_line)
        .and_then(|index| text.lines().nth(index as usize))
        .unwrap_or("");
    let _ = writeln!(problems, "    {line:>4} | {shown}");
}
