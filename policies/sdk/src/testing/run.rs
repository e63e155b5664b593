//! From a text to what is seen of it, by the host's own way.

use plimsoll_core::bundle::Bundle;
use plimsoll_core::finding::{Finding, Judgement, Location, accept};
use plimsoll_core::policy::Judge;
use plimsoll_core::read::{self, Limits};

use super::Seen;
use super::marked::Marked;

/// Judges the text by the rules that it names, or else by `rule`.
pub(super) fn run(judge: &dyn Judge, rule: &str, marked: &Marked) -> Result<Vec<Seen>, String> {
    let bundle = bundle(marked)?;
    let description = judge.description();
    let wanted = marked.rules.clone().unwrap_or_else(|| vec![rule.to_owned()]);
    let rules = wanted
        .iter()
        .map(|id| {
            description
                .rules
                .iter()
                .position(|rule| rule.id == *id)
                .and_then(|position| u32::try_from(position).ok())
                .ok_or_else(|| format!("{} has no rule {id}", description.name))
        })
        .collect::<Result<Vec<u32>, String>>()?;
    let verdict = judge.check(&bundle, &rules, &marked.settings);
    let again = judge.check(&bundle, &rules, &marked.settings);
    if verdict != again {
        return Err("the policy gives another answer when asked again".to_owned());
    }
    let judgement = Judgement {
        policy: description,
        verdict,
        reported: rules,
    };
    let (findings, _, failures) = accept(&bundle, vec![judgement]);
    if let Some((policy, failure)) = failures.first() {
        return Err(format!("policy {policy} {failure}"));
    }
    Ok(findings.iter().map(|finding| seen(&bundle, finding)).collect())
}

fn bundle(marked: &Marked) -> Result<Bundle, String> {
    let limits = Limits::default();
    let manifests: Vec<_> = marked
        .files
        .iter()
        .map(|file| read::manifest(&file.path, file.text.as_bytes(), &limits))
        .collect();
    // What is about texts that cannot be read needs one; anywhere else it is a mistake.
    let unreadable = |mark: &super::marked::Expected| ["yaml-syntax", "unrendered-template"].contains(&&*mark.rule);
    let meant = marked.expected.iter().any(unreadable);
    for manifest in manifests.iter().filter(|_| !meant) {
        if let Some(failure) = manifest.failures.first() {
            let line = line_at(&manifest.text, failure.span.start);
            return Err(format!("line {line}: {}", failure.error));
        }
    }
    if !meant && manifests.iter().all(|manifest| manifest.objects.is_empty()) {
        let reason = manifests.iter().find_map(|manifest| manifest.skipped);
        let reason = reason.map_or("empty", read::Skip::reason);
        return Err(format!("it holds no objects ({reason}): nothing is tested"));
    }
    let mut options = marked.options.clone();
    options.roles = marked
        .files
        .iter()
        .map(|file| match file.context {
            true => plimsoll_tree::Role::Context,
            false => plimsoll_tree::Role::Subject,
        })
        .collect();
    Bundle::build(manifests, &options).map_err(|error| error.to_string())
}

fn seen(bundle: &Bundle, finding: &Finding) -> Seen {
    let (file, line) = position(bundle, finding.place);
    Seen {
        file,
        line,
        severity: finding.severity,
        rule: finding
            .rule
            .split_once('/')
            .map_or(finding.rule.as_str(), |(_, rule)| rule)
            .to_owned(),
        confidence: finding.confidence,
        message: finding.message.clone(),
        help: finding.help.clone(),
        path: finding.path.clone(),
        text: text(bundle, finding.place).to_owned(),
        sensitive: finding.sensitive,
        related: finding
            .related
            .iter()
            .map(|related| {
                let (file, line) = position(bundle, related.place);
                (file, line, related.message.clone())
            })
            .collect(),
        fix: finding.fix.as_ref().map(|fix| fix.title.clone()),
        safe: finding.fix.as_ref().is_some_and(|fix| fix.safe),
    }
}

fn position(bundle: &Bundle, place: Location) -> (String, u32) {
    bundle
        .manifests
        .get(place.manifest)
        .map(|manifest| (manifest.path.clone(), line_at(&manifest.text, place.span.start)))
        .unwrap_or_default()
}

fn text(bundle: &Bundle, place: Location) -> &str {
    let (start, end) = (place.span.start as usize, place.span.end as usize);
    bundle
        .manifests
        .get(place.manifest)
        .and_then(|manifest| manifest.text.get(start..end))
        .unwrap_or("")
}

/// The line, from 1, of a byte.
fn line_at(text: &str, byte: u32) -> u32 {
    let before = text.as_bytes().iter().take(byte as usize);
    let lines = before.filter(|&&byte| byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
}
