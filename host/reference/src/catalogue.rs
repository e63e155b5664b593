//! Every policy and rule, described by themselves, with what their pages and cases show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use plimsoll_core::policy::{Confidence, Judge, Severity};
use plimsoll_core::suppress;
use plimsoll_schema::Schema;
use plimsoll_sdk::testing::{Native, Seen, documented};

/// A policy.
pub struct Policy {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// JSON Schema of its settings; empty without any.
    pub settings_schema: String,
    /// Whether it is part of the program rather than a component.
    pub native: bool,
    /// Its rules, in the order of their ids.
    pub rules: Vec<Rule>,
}

/// A rule.
pub struct Rule {
    /// Within the policy.
    pub id: String,
    /// One line.
    pub title: String,
    /// What `plimsoll explain` prints.
    pub page: String,
    /// The file that the page is, from the checkout's root.
    pub source: PathBuf,
    /// Kinds that it judges or looks at; empty for all.
    pub reads: BTreeSet<String>,
    /// The rule's own severity first, then the others that its page and cases show, the gravest first.
    pub severities: Vec<Severity>,
    /// The surest first.
    pub confidences: Vec<Confidence>,
    /// Whether findings come with a safe fix.
    pub safe_fix: bool,
    /// Whether findings come with a fix that changes what runs.
    pub unsafe_fix: bool,
}

/// The components' policies compiled natively, and the folder of each.
fn components() -> [Box<dyn Judge>; 6] {
    [
        Box::new(Native::<plimsoll_policy_cors::Cors>::new()),
        Box::new(Native::<plimsoll_policy_network::Network>::new()),
        Box::new(Native::<plimsoll_policy_openchoreo::Openchoreo>::new()),
        Box::new(Native::<plimsoll_policy_ports::Ports>::new()),
        Box::new(Native::<plimsoll_policy_probes::Probes>::new()),
        Box::new(Native::<plimsoll_policy_secrets::Secrets>::new()),
    ]
}

/// All policies: the components' by name, then the native ones. Runs every page's examples and every case.
///
/// # Errors
/// When a page or a case does not hold.
pub fn read(root: &Path) -> Result<Vec<Policy>> {
    let mut policies = Vec::new();
    for judge in components() {
        let folder = Path::new("policies").join(&judge.description().name);
        policies.push(policy(root, &*judge, &folder, false)?);
    }
    policies.push(policy(root, &Schema::default(), Path::new("host/schema"), true)?);
    policies.push(waivers()?);
    Ok(policies)
}

/// The ids of all rules, as `policy/rule`.
#[must_use]
pub fn ids(catalogue: &[Policy]) -> BTreeSet<String> {
    let of = |policy: &Policy| {
        let ids = policy.rules.iter().map(|rule| format!("{}/{}", policy.name, rule.id));
        ids.collect::<Vec<String>>()
    };
    catalogue.iter().flat_map(of).collect()
}

fn policy(root: &Path, judge: &dyn Judge, folder: &Path, native: bool) -> Result<Policy> {
    let (_, seen) = documented(judge, &root.join(folder)).map_err(|problems| anyhow!(problems))?;
    describe(judge, native, |id| {
        let source = folder.join("src").join(id.replace('-', "_")).join("README.md");
        (source, seen.iter().filter(|seen| seen.rule == id).collect())
    })
}

/// The host's own rules about waivers: no verdict of theirs comes by way of [`Judge`].
fn waivers() -> Result<Policy> {
    let pages = Path::new("host/core/src/suppress/pages");
    let mut policy = describe(&suppress::Waivers::default(), true, |id| {
        (pages.join(format!("{id}.md")), Vec::new())
    })?;
    for rule in &mut policy.rules {
        rule.confidences = vec![suppress::CONFIDENCE];
    }
    Ok(policy)
}

fn describe<'a>(judge: &dyn Judge, native: bool, of: impl Fn(&str) -> (PathBuf, Vec<&'a Seen>)) -> Result<Policy> {
    let description = judge.description();
    let mut rules = Vec::new();
    for (number, rule) in (0_u32..).zip(&description.rules) {
        let (source, seen) = of(&rule.id);
        let shown: BTreeSet<Severity> = seen.iter().map(|seen| seen.severity).collect();
        let others = shown.into_iter().rev().filter(|severity| *severity != rule.severity);
        let confidences: BTreeSet<Confidence> = seen.iter().map(|seen| seen.confidence).collect();
        rules.push(Rule {
            id: rule.id.clone(),
            title: rule.title.clone(),
            page: judge
                .explain(number)
                .with_context(|| format!("{}/{}", description.name, rule.id))?,
            source,
            reads: rule.kinds.iter().chain(&rule.context).cloned().collect(),
            severities: std::iter::once(rule.severity).chain(others).collect(),
            confidences: confidences.into_iter().rev().collect(),
            safe_fix: seen.iter().any(|seen| seen.safe),
            unsafe_fix: seen.iter().any(|seen| seen.fix.is_some() && !seen.safe),
        });
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Policy {
        name: description.name.clone(),
        summary: description.summary.clone(),
        settings_schema: description.settings_schema.clone(),
        native,
        rules,
    })
}
