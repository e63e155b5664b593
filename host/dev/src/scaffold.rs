//! The folder of a new rule. What is made compiles, and its tests fail until page and cases are filled in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{catalogue, is_id, pascal};

const CODE: &str = r#"//! `POLICY/RULE_ID`: what is wrong, in a line.

use plimsoll_sdk::{Context, Policy, Rule, Severity, Violation};

/// The rule.
pub static RULE: Rule<<crate::EXPORTED as Policy>::Settings> = Rule {
    id: "RULE_ID",
    title: "RULE_WORDS",
    severity: Severity::Warning,
    kinds: &[],
    context: &[],
    previous: false,
    page: include_str!("README.md"),
    check,
};

fn check(context: &Context<'_, <crate::EXPORTED as Policy>::Settings>, violations: &mut Vec<Violation>) {
    for object in context.subjects_of(&RULE) {
        // Say here what is wrong with `object`, and where: `violations.push(Violation::new(node, "…"))`.
        let _ = (object.root(), &mut *violations);
    }
}
"#;

const PAGE: &str = "# POLICY/RULE_ID

## What it checks

## Why it matters

## Examples

```yaml bad
apiVersion: v1
kind: ConfigMap
metadata:
  name: example # warning: RULE_ID
```

```yaml good
apiVersion: v1
kind: ConfigMap
metadata:
  name: example
```

## How to fix

## Settings

## When to waive it

## References
";

const FIRES: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: example # warning: RULE_ID
";

const SILENT: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: example
";

/// Makes a rule's folder and brings the catalogue up to date. Gives the files that were written.
///
/// # Errors
/// When there is no such policy, the rule exists or cannot be called so, or a file cannot be written.
pub fn rule(root: &Path, policy: &str, rule: &str) -> Result<Vec<PathBuf>> {
    if !is_id(rule) {
        bail!("a rule's id is lower-case words joined by `-`, named after the bad pattern: `{rule}` is not");
    }
    let policies = catalogue::policies(root)?;
    let Some(folder) = policies.iter().find(|folder| folder.ends_with(policy)) else {
        bail!("there is no policy `{policy}` in {}", root.join("policies").display());
    };
    let folder = folder.join("src").join(rule.replace('-', "_"));
    if folder.exists() {
        bail!("{} exists", folder.display());
    }
    fs::create_dir_all(folder.join("cases")).with_context(|| folder.display().to_string())?;
    let mut written = Vec::new();
    for (name, template) in [
        ("mod.rs", CODE),
        ("README.md", PAGE),
        ("cases/fires-example.yaml", FIRES),
        ("cases/silent-example.yaml", SILENT),
    ] {
        let path = folder.join(name);
        let text = template
            .replace("POLICY", policy)
            .replace("EXPORTED", &pascal(policy))
            .replace("RULE_ID", rule)
            .replace("RULE_WORDS", &rule.replace('-', " "));
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        written.push(path);
    }
    written.extend(catalogue::write(root)?);
    Ok(written)
}
