//! The page of one rule.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::FOLDER;
use crate::catalogue::{Policy, Rule};

/// The rule's page with its facts below the title, its links as they are from here, and links to the rules of these names.
pub(crate) fn text(policy: &Policy, rule: &Rule, known: &BTreeSet<String>) -> Result<String> {
    let name = format!("{}/{}", policy.name, rule.id);
    let (title, rest) = rule.page.trim_end().split_once('\n').context(name.clone())?;
    ensure!(title == format!("# {name}"), "{name}: its page's title is `{title}`");
    let source = rule.source.display();
    let mut text = format!("<!-- Made of {source} by `cargo dev reference`: edit that. -->\n{title}\n\n");
    let _ = writeln!(text, "{}.\n", rule.title);
    let _ = writeln!(text, "| severity | confidence | fix | reads |\n|---|---|---|---|");
    let reads: Vec<String> = rule.reads.iter().map(|kind| format!("`{kind}`")).collect();
    let reads = match reads.is_empty() || rule.reads.contains("*") {
        true => "every kind".to_owned(),
        false => reads.join(", "),
    };
    let facts = [severities(rule), confidences(rule), fix(rule).to_owned(), reads];
    let _ = writeln!(text, "| {} |", facts.join(" | "));
    let folder = Path::new(FOLDER).join(&policy.name);
    let mut fence: Option<usize> = None;
    for line in rest.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line.trim_matches('`').is_empty() => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            _ => {}
        }
        if fence.is_some() || ticks >= 3 {
            text.push_str(line);
        } else {
            let line = links(line, &rule.source, &folder);
            text.push_str(&named(&line, &name, known));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "\n---\n\n[All rules](../README.md). `plimsoll explain {name}` prints this page."
    );
    Ok(text)
}

/// The rule's own severity, then the others.
pub(crate) fn severities(rule: &Rule) -> String {
    list(&rule.severities)
}

/// What findings are offered.
pub(crate) fn fix(rule: &Rule) -> &'static str {
    match (rule.safe_fix, rule.unsafe_fix) {
        (true, true) => "safe, unsafe",
        (true, false) => "safe",
        (false, true) => "unsafe",
        (false, false) => "–",
    }
}

/// The surest first.
pub(crate) fn confidences(rule: &Rule) -> String {
    list(&rule.confidences)
}

fn list<T: fmt::Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A line with its relative links, which count from `source`, as they are from `folder`. Links to other rules' pages lead
/// to those of the reference.
fn links(line: &str, source: &Path, folder: &Path) -> String {
    let mut parts = line.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("](");
        match part.split_once(')') {
            Some((target, rest)) if !target.contains("://") && !target.starts_with('#') => {
                let _ = write!(text, "{}){rest}", moved(target, source, folder));
            }
            _ => text.push_str(part),
        }
    }
    text
}

/// A line with links to the pages of other rules that it names in backticks.
fn named(line: &str, own: &str, known: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for (number, part) in line.split('`').enumerate() {
        let code = number % 2 == 1;
        if code && part != own && known.contains(part) && !text.ends_with('[') {
            let _ = write!(text, "[`{part}`](../{part}.md)");
        } else if code {
            let _ = write!(text, "`{part}`");
        } else {
            text.push_str(part);
        }
    }
    // A backtick that is never closed stays as it was.
    if line.matches('`').count().is_multiple_of(2) {
        text
    } else {
        line.to_owned()
    }
}

/// The same target from another folder.
fn moved(target: &str, source: &Path, folder: &Path) -> String {
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, format!("#{anchor}")),
        None => (target, String::new()),
    };
    let here = source.parent().unwrap_or(Path::new(""));
    let path = in_reference(&plain(&here.join(path)));
    let common = path.iter().zip(folder).take_while(|(a, b)| a == b).count();
    let mut relative: PathBuf = folder.iter().skip(common).map(|_| "..").collect();
    relative.extend(path.iter().skip(common));
    format!("{}{anchor}", relative.display())
}

/// Without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// A rule's page in the reference, where this is its source; else the path as it is.
fn in_reference(path: &Path) -> PathBuf {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let (policy, rule) = match parts[..] {
        ["policies", policy, "src", rule, "README.md"] => (policy, rule),
        ["host", "schema", "src", rule, "README.md"] => ("schema", rule),
        ["host", "core", "src", "suppress", "pages", rule] => ("plimsoll", rule.trim_end_matches(".md")),
        _ => return path.to_owned(),
    };
    Path::new(FOLDER)
        .join(policy)
        .join(format!("{}.md", rule.replace('_', "-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_rules_are_linked() {
        let known = BTreeSet::from(["ports/a".to_owned(), "probes/b".to_owned()]);
        for (before, after) in [
            ("see `probes/b`, not `c`", "see [`probes/b`](../probes/b.md), not `c`"),
            ("`ports/a` is this one", "`ports/a` is this one"),
            ("[`probes/b`](x.md) is one", "[`probes/b`](x.md) is one"),
            ("`probes/b` and ` alone", "`probes/b` and ` alone"),
        ] {
            assert_eq!(named(before, "ports/a", &known), after);
        }
    }

    #[test]
    fn links_lead_where_they_led() {
        let source = Path::new("policies/ports/src/loopback_bind/README.md");
        let folder = Path::new("docs/rules/ports");
        for (before, after) in [
            ("no link", "no link"),
            (
                "[a](../route_backend_port/README.md) and [b](https://x.example/y) [c](#how)",
                "[a](route-backend-port.md) and [b](https://x.example/y) [c](#how)",
            ),
            (
                "[a](../../../probes/src/handler_invalid/README.md#how)",
                "[a](../probes/handler-invalid.md#how)",
            ),
            (
                "[a](../../../../host/schema/src/enum/README.md)",
                "[a](../schema/enum.md)",
            ),
            (
                "[a](../../../../docs/limits.md) [b](../../../../README.md)",
                "[a](../../limits.md) [b](../../../README.md)",
            ),
            ("[a](cases/fires-a.yaml", "[a](cases/fires-a.yaml"),
        ] {
            assert_eq!(links(before, source, folder), after);
        }
    }
}
