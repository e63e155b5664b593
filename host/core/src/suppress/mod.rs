//! What says that a finding does not count: comments, annotations, the config's exclusions, the baseline, that it was there
//! before; and what is wrong with waivers.
//!
//! Only a finding's primary place counts, and it counts as text: a waiver covers a stretch of a file.

mod annotation;
mod baseline;
mod comment;
mod faults;
mod index;
mod known;
mod waiver;

use std::collections::BTreeSet;

pub use self::baseline::Baseline;
pub use self::faults::{CONFIDENCE, HostRule, RULES, Waivers};
use self::index::Index;
pub use self::known::Known;
use self::waiver::Waiver;
use crate::bundle::Bundle;
use crate::config::Config;
use crate::finding::{Finding, Suppression, sort};

/// What waivers are held against.
pub struct Context<'a> {
    /// The day, `YYYY-MM-DD`.
    pub today: &'a str,
    /// All rules there are, `policy/rule`.
    pub known: &'a BTreeSet<String>,
    /// Rules that were asked for and answered: only of these it can be said that nothing was found.
    pub judged: &'a BTreeSet<String>,
    /// The config.
    pub config: &'a Config,
    /// The config's own manifest in the bundle.
    pub config_manifest: Option<usize>,
    /// Findings of before.
    pub baseline: Option<&'a Baseline>,
}

/// Marks the findings that do not count, and adds what is wrong with what says so. Those that are suppressed already stay so.
#[must_use]
pub fn suppress(bundle: &Bundle, mut findings: Vec<Finding>, context: &Context<'_>) -> Vec<Finding> {
    let mut waivers = comment::find(bundle);
    waivers.extend(annotation::find(bundle));
    let used = mark(bundle, &mut waivers, &mut findings, context.today, |_| true);
    findings.extend(faults::find(bundle, &waivers, &used, context));
    if let Some(baseline) = context.baseline {
        baseline.hold_back(&mut findings, |finding| {
            let manifest = bundle.manifests.get(finding.place.manifest);
            manifest.map_or("", |manifest| manifest.path.as_str())
        });
    }
    sort(bundle, &mut findings);
    findings
}

/// Marks the findings that the objects' own annotations waive, of the rules (`policy/rule`) that may be waived so; `today` is
/// `YYYY-MM-DD`. What an admission webhook does: it sees no comments, and the rest is the operator's word.
pub fn waive(bundle: &Bundle, findings: &mut [Finding], today: &str, waivable: impl Fn(&str) -> bool) {
    if !findings.is_empty() {
        mark(bundle, &mut annotation::find(bundle), findings, today, waivable);
    }
}

/// Marks findings under waivers that still hold; which of its rules each waiver was used for.
fn mark(
    bundle: &Bundle,
    waivers: &mut [Waiver],
    findings: &mut [Finding],
    today: &str,
    waivable: impl Fn(&str) -> bool,
) -> Vec<BTreeSet<usize>> {
    for waiver in waivers.iter_mut() {
        waiver.expired = waiver.until.as_deref().is_some_and(|until| today > until);
    }
    let index = Index::new(waivers);
    let mut used = vec![BTreeSet::new(); waivers.len()];
    for finding in findings.iter_mut().filter(|finding| waivable(&finding.rule)) {
        // What was rendered has waivers in the source and in what came of them.
        let rendered = finding.rendered.map(|rendered| rendered.place);
        let rendered = rendered.filter(|place| *place != finding.place);
        let rendered = rendered.into_iter().flat_map(|place| index.over(place));
        for number in index.over(finding.place).chain(rendered) {
            let Some(waiver) = waivers.get(number).filter(|waiver| !waiver.expired) else {
                continue;
            };
            if let Some(rule) = waiver.rules.iter().position(|rule| rule.means(&finding.rule)) {
                used.get_mut(number).map(|used| used.insert(rule));
                finding.suppressed.get_or_insert_with(|| suppression(bundle, waiver));
            }
        }
    }
    used
}

fn suppression(bundle: &Bundle, waiver: &Waiver) -> Suppression {
    let manifest = bundle.manifests.get(waiver.place.manifest);
    Suppression {
        by: waiver.by.to_owned(),
        reason: waiver.reason.clone(),
        until: waiver.until.clone(),
        file: manifest.map(|manifest| manifest.path.clone()),
        line: manifest.map(|manifest| manifest.position(waiver.place.span.start).line),
    }
}
