//! From a verdict to an answer: what is refused, what is warned of, and in which words.

use std::collections::BTreeMap;

use plimsoll_core::config::{Mode, OnFailure};
use plimsoll_core::finding::Finding;
use plimsoll_core::policy::{Confidence, EvaluationFailure, Severity};
use plimsoll_core::read::members;

use crate::governed::Government;
use crate::judge::{Failed, Verdict};
use crate::review::{Answer, Request};

/// Findings of a denial that are written out.
const WRITTEN: usize = 20;
/// Warnings that are sent, besides the one that counts the rest.
const WARNINGS: usize = 8;
/// Characters of a warning. All together stay below the 4,096 from which the API server cuts.
const WARNING: usize = 400;
/// Characters of a denial's message: it ends in Events and in lines of logs.
const MESSAGE: usize = 8 << 10;
/// Characters of a fault's cure in a denial.
const CURE: usize = 240;
/// Rules that the audit log is told of.
const AUDITED: usize = 50;

/// What is done about the findings of one review.
#[derive(Default)]
pub struct Decision<'a> {
    /// Why it is refused.
    pub denied: Vec<&'a Finding>,
    /// What is said.
    pub warned: Vec<&'a Finding>,
    /// What is only written down.
    pub audited: Vec<&'a Finding>,
    /// Policies without a verdict that refuse it.
    pub denied_by: Vec<&'a Failed>,
    /// Policies without a verdict of which is said so.
    pub warned_of: Vec<&'a Failed>,
    /// Why the glass was broken.
    pub break_glass: Option<String>,
}

impl<'a> Decision<'a> {
    /// Of a verdict, where so much is done in this namespace.
    #[must_use]
    pub fn of(verdict: &'a Verdict, government: &Government, base: Mode) -> Self {
        let mut decision = Decision::default();
        for finding in verdict.findings.iter().filter(|finding| finding.suppressed.is_none()) {
            let mode = government.mode(&finding.rule, base);
            let denies = finding.severity == Severity::Error && finding.confidence >= Confidence::High;
            match mode {
                Mode::Deny if denies => decision.denied.push(finding),
                Mode::Deny | Mode::Warn if finding.severity >= Severity::Warning => decision.warned.push(finding),
                _ => decision.audited.push(finding),
            }
        }
        for failed in &verdict.failures {
            let policy = government
                .policies
                .iter()
                .find(|governed| governed.judge.description().name == failed.policy);
            let on_failure = policy.map_or(OnFailure::Deny, |governed| governed.on_failure);
            match (on_failure, base) {
                (OnFailure::Deny, Mode::Deny) => decision.denied_by.push(failed),
                (OnFailure::Deny, Mode::Warn) | (OnFailure::Warn, Mode::Deny | Mode::Warn) => {
                    decision.warned_of.push(failed);
                }
                _ => {}
            }
        }
        decision
    }

    /// Whether the request is refused.
    #[must_use]
    pub fn denies(&self) -> bool {
        !self.denied.is_empty() || !self.denied_by.is_empty()
    }

    /// Turns denials by findings that were there before, no less severe, into warnings.
    pub fn pardon(&mut self, before: &[Finding]) {
        let mut left: BTreeMap<&str, Vec<Severity>> = BTreeMap::new();
        for finding in before {
            left.entry(&finding.fingerprint).or_default().push(finding.severity);
        }
        let denied = std::mem::take(&mut self.denied);
        for finding in denied {
            let known = left.get_mut(finding.fingerprint.as_str()).and_then(|severities| {
                let at = severities.iter().position(|severity| *severity >= finding.severity)?;
                Some(severities.swap_remove(at))
            });
            match known {
                Some(_) => self.warned.push(finding),
                None => self.denied.push(finding),
            }
        }
    }

    /// Turns all denials into warnings.
    pub fn break_glass(&mut self, reason: String) {
        self.warned.splice(..0, std::mem::take(&mut self.denied));
        self.warned_of.splice(..0, std::mem::take(&mut self.denied_by));
        self.break_glass = Some(reason);
    }

    /// In one word, as in metrics and logs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.denies() {
            "denied"
        } else if self.warned.is_empty() && self.warned_of.is_empty() {
            "allowed"
        } else {
            "warned"
        }
    }

    /// The rules of all findings, each once, in order.
    #[must_use]
    pub fn rules(&self) -> Vec<&'a str> {
        let mut rules: Vec<&str> = [&self.denied, &self.warned, &self.audited]
            .into_iter()
            .flatten()
            .map(|finding| finding.rule.as_str())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self, request: &Request<'_>, government: &Government) -> Answer {
        let mut annotations = BTreeMap::from([
            ("decision", self.word().to_owned()),
            ("policy-digest", government.digest.clone()),
        ]);
        let rules = self.rules();
        if !rules.is_empty() {
            annotations.insert("rules", rules.get(..AUDITED).unwrap_or(&rules).join(","));
        }
        let mut answer = Answer {
            allowed: true,
            annotations,
            ..Answer::default()
        };
        if self.word() != "allowed" {
            let words = Words::of(request);
            answer.allowed = !self.denies();
            answer.warnings = self.warnings(&words);
            if self.denies() {
                answer.message = self.message(&words);
            }
        }
        answer
    }

    /// Why it is refused: a head, each fault with its place and cure, the policies that gave no verdict.
    fn message(&self, words: &Words) -> String {
        let faults = self.denied.len();
        let mut out = match faults {
            0 => words.what.clone(),
            1 => format!("{} has 1 fault", words.what),
            _ => format!("{} has {faults} faults", words.what),
        };
        let mut denied = self.denied.clone();
        denied.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
        for (number, finding) in denied.iter().enumerate() {
            let cure = finding.help.as_deref().and_then(|help| help.lines().next());
            let cure = cure.map_or_else(String::new, |cure| format!("\n    help: {}", cut(cure, CURE)));
            let line = words.say(&format!(
                "\n  {}{}: {} [{}]{cure}",
                words.place(finding),
                field(&finding.path),
                finding.message,
                finding.rule
            ));
            if number == WRITTEN || out.chars().count() + line.chars().count() > MESSAGE {
                out.push_str(&format!("\n  … and {} more (run plimsoll check)", faults - number));
                break;
            }
            out.push_str(&line);
        }
        for failed in self.denied_by.iter().take(WRITTEN) {
            out.push_str("\n  ");
            out.push_str(&cut(&no_verdict(failed), WARNING));
        }
        out
    }

    fn warnings(&self, words: &Words) -> Vec<String> {
        let mut warned = self.warned.clone();
        warned.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
        let glass = self.break_glass.as_ref();
        let mut lines: Vec<String> = glass
            .into_iter()
            .map(|reason| format!("the glass is broken, denials are warnings: {reason}"))
            .collect();
        lines.extend(self.warned_of.iter().map(|failed| no_verdict(failed)));
        lines.extend(warned.iter().map(|finding| {
            words.say(&format!(
                "{}: {}{}: {}",
                finding.rule,
                words.place(finding),
                field(&finding.path),
                finding.message
            ))
        }));
        // The API server drops what is said twice.
        let mut seen = std::collections::BTreeSet::new();
        lines.retain(|line| seen.insert(line.clone()));
        let more = lines.len().saturating_sub(WARNINGS);
        lines.truncate(WARNINGS);
        if more > 0 {
            lines.push(format!("… and {more} more (run plimsoll check)"));
        }
        lines.iter().map(|line| cut(&printable(line), WARNING)).collect()
    }
}

/// How an object is spoken of.
struct Words {
    /// `Deployment shop/web`.
    what: String,
    /// The generated name, and what is said instead: the user never saw it.
    generated: Option<(String, String)>,
    kind: String,
    name: String,
}

impl Words {
    fn of(request: &Request<'_>) -> Self {
        let kind = request.request_kind.as_ref().unwrap_or(&request.kind).kind.clone();
        let generated = generate_name(request).map(|prefix| (request.name.clone(), format!("{prefix}*")));
        let shown = generated.as_ref().map_or(&request.name, |(_, shown)| shown);
        let what = if request.namespace.is_empty() || request.kind.named() == "Namespace" {
            format!("{kind} {shown}")
        } else {
            format!("{kind} {}/{shown}", request.namespace)
        };
        Words {
            what: printable(&what),
            generated,
            kind: request.kind.kind.clone(),
            name: request.name.clone(),
        }
    }

    /// The object that a finding points into, where it is not the one under review.
    fn place(&self, finding: &Finding) -> String {
        let object = &finding.object;
        if object.kind == self.kind && object.name == self.name {
            String::new()
        } else {
            format!("{} {} ", object.kind, object.name)
        }
    }

    /// A text without the generated name.
    fn say(&self, text: &str) -> String {
        match &self.generated {
            Some((name, shown)) if !name.is_empty() => text.replace(name.as_str(), shown),
            _ => text.to_owned(),
        }
    }
}

/// The prefix of a name that the API server made up just now.
fn generate_name(request: &Request<'_>) -> Option<String> {
    let metadata = members(request.members.get("metadata")?).ok()?;
    let prefix: String = serde_json::from_str(metadata.get("generateName")?).ok()?;
    let prefix = Some(prefix).filter(|prefix| !prefix.is_empty())?;
    (request.operation == "CREATE" && request.name.starts_with(&prefix)).then_some(prefix)
}

fn no_verdict(failed: &Failed) -> String {
    let why = match &failed.failure {
        EvaluationFailure::Deadline(0) => "the review's time was over before it was asked".to_owned(),
        failure => failure.to_string(),
    };
    printable(&format!("policy `{}` gave no verdict: {why}", failed.policy))
}

/// A JSON pointer as Kubernetes writes fields: `spec.ports[0].name`; keys that are no plain words in brackets.
fn field(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let plain = !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) || !plain {
            out.push('[');
            out.push_str(&part);
            out.push(']');
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&part);
        }
    }
    if out.is_empty() { "metadata".to_owned() } else { out }
}

/// A line without what the API server would throw the whole warning away for.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_kubernetes_writes_them() {
        for (pointer, wanted) in [
            ("", "metadata"),
            ("/spec/ports/0/targetPort", "spec.ports[0].targetPort"),
            ("/metadata/annotations/a.b~1c", "metadata.annotations[a.b/c]"),
            ("/data/x~0y", "data[x~y]"),
        ] {
            assert_eq!(field(pointer), wanted, "{pointer}");
        }
    }

    #[test]
    fn lines_are_printable_and_short() {
        assert_eq!(printable("a\nb\u{7f}c\u{85}"), "a b c ");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
