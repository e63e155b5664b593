//! `plimsoll rules`.

use clap::Args;
use plimsoll_core::policy::Severity;
use serde::Serialize;

use crate::args::{PolicyArguments, TableFormat};
use crate::commands::policies::{finish, table};
use crate::exit::Exit;
use crate::judge;

/// List the rules
#[derive(Args)]
pub struct Rules {
    /// How to print the list
    #[arg(long, default_value = "human")]
    format: TableFormat,
    #[command(flatten)]
    policies: PolicyArguments,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: String,
    policy: &'a str,
    severity: Severity,
    title: &'a str,
    kinds: &'a [String],
    context: &'a [String],
}

impl Rules {
    pub fn run(self) -> anyhow::Result<Exit> {
        let policies = judge::load(&self.policies.policies, None)?;
        let mut entries = Vec::new();
        for loaded in &policies.loaded {
            let policy = loaded.policy.description();
            entries.extend(policy.rules.iter().map(|rule| Entry {
                rule: format!("{}/{}", policy.name, rule.id),
                policy: &policy.name,
                severity: rule.severity,
                title: &rule.title,
                kinds: &rule.kinds,
                context: &rule.context,
            }));
        }
        entries.sort_by(|a, b| a.rule.cmp(&b.rule));
        let text = match self.format {
            TableFormat::Json => serde_json::to_string(&entries)? + "\n",
            TableFormat::Human => table(
                entries
                    .iter()
                    .map(|entry| [entry.rule.clone(), entry.severity.to_string(), entry.title.to_owned()]),
            ),
        };
        finish(&policies, &text)
    }
}
