//! The index: a table a policy, and its settings.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::catalogue::Policy;
use crate::page::{confidences, fix, severities};

const HEAD: &str = "\
<!-- Made by `cargo dev reference`. -->
# Rules

*Severity* is the rule's own, then those that its findings have where the evidence or the place asks for another; an error
below confidence `high` is shown as a warning. *Confidence*: `certain` follows from the API alone, `high` from two facts that
agree, `medium` from one strong sign, `low` is a hint. *Fix*: `safe` is what `plimsoll fix` applies, `unsafe` what changes what
runs and needs `--unsafe`; – where there is nothing that a program should write. All three as the examples and cases of each
rule show them.

`plimsoll.yaml` [turns rules off, changes their severity and takes settings](../configuration.md).
";

pub(crate) fn text(policies: &[Policy]) -> Result<String> {
    let mut text = HEAD.to_owned();
    let count: usize = policies.iter().map(|policy| policy.rules.len()).sum();
    let _ = writeln!(text, "\n{count} rules:\n");
    for policy in policies {
        let name = &policy.name;
        let _ = writeln!(text, "- [{name}](#{name}): {}", policy.rules.len());
    }
    for policy in policies {
        let name = &policy.name;
        let native = match policy.native {
            true => " Part of the program, not a component.",
            false => "",
        };
        let _ = writeln!(text, "\n## {name}\n\n{}{native}\n", policy.summary);
        let _ = writeln!(text, "| rule | what it finds | severity | confidence | fix |");
        let _ = writeln!(text, "|---|---|---|---|---|");
        for rule in &policy.rules {
            let _ = writeln!(
                text,
                "| [{name}/{id}]({name}/{id}.md) | {} | {} | {} | {} |",
                rule.title.replace('|', "\\|"),
                severities(rule),
                confidences(rule),
                fix(rule),
                id = rule.id,
            );
        }
        if !policy.settings_schema.is_empty() {
            let settings = settings(&policy.settings_schema).with_context(|| format!("settings of {name}"))?;
            let _ = writeln!(text, "\n### Settings of {name}\n\n{settings}");
            let _ = writeln!(
                text,
                "They are set under `settings` of its entry in `policies`: `- builtin: {name}`."
            );
        }
    }
    Ok(text)
}

/// The table of a schema's properties.
fn settings(schema: &str) -> Result<String> {
    let schema: Value = serde_json::from_str(schema)?;
    let mut text = String::from("| setting | type | default | means |\n|---|---|---|---|\n");
    for (name, property) in schema["properties"].as_object().context("it has no properties")? {
        let word = |key: &str| {
            let found = property[key].as_str();
            found.with_context(|| format!("`{name}` has no {key}"))
        };
        let kind = match (word("type")?, property["items"]["type"].as_str()) {
            ("array", Some(items)) => format!("list of {items}s"),
            (kind, _) => kind.to_owned(),
        };
        let default = property.get("default").map(Value::to_string);
        let default = default.with_context(|| format!("`{name}` has no default"))?;
        let means = word("description")?.replace('|', "\\|").replace('*', "\\*");
        let _ = writeln!(text, "| `{name}` | {kind} | `{default}` | {means} |");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_a_table() {
        let schema = r#"{"properties": {
            "paths": {"type": "array", "items": {"type": "string"}, "default": [], "description": "Globs: * and **."},
            "loud": {"type": "boolean", "default": true, "description": "How."}
        }}"#;
        let table = settings(schema).expect("a schema");
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| `paths` | list of strings | `[]` | Globs: \\* and \\*\\*. |",
                "| `loud` | boolean | `true` | How. |"
            ]
        );
    }

    #[test]
    fn settings_that_nobody_describes_are_refused() {
        for property in [
            r#"{"type": "boolean", "default": true}"#,
            r#"{"type": "boolean", "description": "How."}"#,
        ] {
            let schema = format!(r#"{{"properties": {{"loud": {property}}}}}"#);
            assert!(settings(&schema).is_err(), "{schema}");
        }
        assert!(settings("{}").is_err());
    }
}
