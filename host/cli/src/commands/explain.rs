//! `plimsoll explain`.

use anyhow::bail;
use clap::Args;

use crate::args::PolicyArguments;
use crate::exit::Exit;
use crate::{judge, output};

/// Print a rule's page
#[derive(Args)]
pub struct Explain {
    /// `policy/rule`, or the rule alone where only one policy has it
    rule: String,
    #[command(flatten)]
    policies: PolicyArguments,
}

impl Explain {
    pub fn run(self) -> anyhow::Result<Exit> {
        let policies = judge::load(&self.policies.policies, None)?;
        let mut known = Vec::new();
        let mut found = Vec::new();
        for loaded in &policies.loaded {
            let description = loaded.policy.description();
            for (number, rule) in (0_u32..).zip(&description.rules) {
                let id = format!("{}/{}", description.name, rule.id);
                if id == self.rule || rule.id == self.rule {
                    found.push((loaded, number));
                }
                known.push(id);
            }
        }
        let exit = if policies.failures.is_empty() {
            Exit::Clean
        } else {
            Exit::CannotJudge
        };
        for failure in &policies.failures {
            output::complain(&format!("policy {}: {}", failure.policy, failure.message));
        }
        match found.as_slice() {
            [(loaded, number)] => {
                output::print(&(loaded.policy.explain(*number)?.trim_end().to_owned() + "\n"))?;
                Ok(exit)
            }
            [] => match nearest(&self.rule, &known) {
                Some(near) => bail!("there is no rule `{}`; did you mean `{near}`?", self.rule),
                None => bail!("there is no rule `{}`; `plimsoll rules` lists them", self.rule),
            },
            _ => bail!(
                "several policies have a rule `{}`: name the policy too, as in policy/{}",
                self.rule,
                self.rule
            ),
        }
    }
}

/// The known id that is most like this one, if any is like it.
fn nearest<'a>(wanted: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|id| {
            let whole = strsim::jaro_winkler(wanted, id);
            let rule = id
                .split_once('/')
                .map_or(0.0, |(_, rule)| strsim::jaro_winkler(wanted, rule));
            (whole.max(rule), id.as_str())
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}
