//! `plimsoll policies`.

use clap::Args;
use serde::Serialize;

use crate::args::{PolicyArguments, TableFormat};
use crate::exit::Exit;
use crate::{judge, output};

/// List the loaded policies
#[derive(Args)]
pub struct Policies {
    /// How to print the list
    #[arg(long, default_value = "human")]
    format: TableFormat,
    #[command(flatten)]
    policies: PolicyArguments,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    version: &'a str,
    summary: &'a str,
    rules: usize,
    /// `built-in`, `component` or `native`.
    kind: &'static str,
    file: Option<String>,
}

impl Policies {
    pub fn run(self) -> anyhow::Result<Exit> {
        let policies = judge::load(&self.policies.policies, None)?;
        let entries: Vec<Entry<'_>> = policies
            .loaded
            .iter()
            .map(|loaded| {
                let policy = loaded.policy.description();
                Entry {
                    name: &policy.name,
                    version: &policy.version,
                    summary: &policy.summary,
                    rules: policy.rules.len(),
                    kind: match &loaded.file {
                        _ if loaded.native => "native",
                        None => "built-in",
                        Some(_) => "component",
                    },
                    file: loaded.file.as_ref().map(|file| file.display().to_string()),
                }
            })
            .collect();
        let text = match self.format {
            TableFormat::Json => serde_json::to_string(&entries)? + "\n",
            TableFormat::Human => table(entries.iter().map(|entry| {
                let rules = if entry.rules == 1 {
                    "1 rule".to_owned()
                } else {
                    format!("{} rules", entry.rules)
                };
                let kind = entry.file.clone().unwrap_or_else(|| entry.kind.to_owned());
                [
                    entry.name.to_owned(),
                    entry.version.to_owned(),
                    kind,
                    rules,
                    entry.summary.to_owned(),
                ]
            })),
        };
        finish(&policies, &text)
    }
}

/// Prints a table, says which policies could not be loaded, and ends accordingly.
pub fn finish(policies: &judge::Policies, text: &str) -> anyhow::Result<Exit> {
    output::print(text)?;
    for failure in &policies.failures {
        output::complain(&format!("policy {}: {}", failure.policy, failure.message));
    }
    Ok(if policies.failures.is_empty() {
        Exit::Clean
    } else {
        Exit::CannotJudge
    })
}

/// Columns as wide as their widest entry, the last one as it is.
pub fn table<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            line.push_str(cell);
            if column + 1 < N {
                line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
