//! What is wrong with waivers: the rules of the native policy `plimsoll`.

use std::collections::BTreeSet;

use super::Context;
use super::waiver::Waiver;
use crate::bundle::Bundle;
use crate::config::RuleSettings;
use crate::finding::{Finding, Identity, Location, fingerprint_of, identity};
use crate::policy::{Confidence, Description, EvaluationFailure, Judge, Rule, Severity, Violation};
use crate::read::{Manifest, Span};

/// Name of the policy.
const POLICY: &str = "plimsoll";

/// How sure all of them are: a waiver is what it is.
pub const CONFIDENCE: Confidence = Confidence::Certain;

/// One of the host's own rules.
pub struct HostRule {
    /// Within the policy.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// What its findings are.
    pub severity: Severity,
    /// Its page, Markdown.
    pub page: &'static str,
}

/// What is found about waivers.
pub const RULES: &[HostRule] = &[
    HostRule {
        id: "expired-suppression",
        title: "A waiver's day is over, and it no longer holds",
        severity: Severity::Warning,
        page: include_str!("pages/expired-suppression.md"),
    },
    HostRule {
        id: "misplaced-suppression",
        title: "A waiver covers nothing, or cannot be understood",
        severity: Severity::Warning,
        page: include_str!("pages/misplaced-suppression.md"),
    },
    HostRule {
        id: "reason-missing",
        title: "A waiver gives no reason where one is required",
        severity: Severity::Warning,
        page: include_str!("pages/reason-missing.md"),
    },
    HostRule {
        id: "unknown-rule",
        title: "A waiver or the configuration names a rule that does not exist",
        severity: Severity::Warning,
        page: include_str!("pages/unknown-rule.md"),
    },
    HostRule {
        id: "unused-suppression",
        title: "A waiver holds back nothing",
        severity: Severity::Info,
        page: include_str!("pages/unused-suppression.md"),
    },
];

/// The policy as the others are: it describes and explains itself. Its findings come where findings are held back, so it
/// has no violations.
pub struct Waivers {
    description: Description,
}

impl Default for Waivers {
    fn default() -> Self {
        Waivers {
            description: Description {
                name: POLICY.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                summary: "Waivers that hold back nothing, are over, misplaced, or name rules that do not exist."
                    .to_owned(),
                rules: RULES
                    .iter()
                    .map(|rule| Rule {
                        id: rule.id.to_owned(),
                        title: rule.title.to_owned(),
                        severity: rule.severity,
                        kinds: Vec::new(),
                        context: Vec::new(),
                        previous: false,
                    })
                    .collect(),
                settings_schema: String::new(),
            },
        }
    }
}

impl Judge for Waivers {
    fn description(&self) -> &Description {
        &self.description
    }

    fn explain(&self, rule: u32) -> Result<String, EvaluationFailure> {
        let found = RULES.get(rule as usize).map(|rule| rule.page.to_owned());
        found.ok_or_else(|| EvaluationFailure::Answer(format!("there is no rule number {rule}")))
    }

    fn check(&self, _: &Bundle, _: &[u32], _: &str) -> Result<Vec<Violation>, EvaluationFailure> {
        Ok(Vec::new())
    }
}

/// Findings about these waivers and about the config. `used` says which rules of each waiver held something back.
pub(super) fn find(
    bundle: &Bundle,
    waivers: &[Waiver],
    used: &[BTreeSet<usize>],
    context: &Context<'_>,
) -> Vec<Finding> {
    let mut found = Found {
        bundle,
        context,
        findings: Vec::new(),
    };
    for (waiver, used) in waivers.iter().zip(used) {
        found.waiver(waiver, used);
    }
    found.config();
    found.findings
}

struct Found<'a> {
    bundle: &'a Bundle,
    context: &'a Context<'a>,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn waiver(&mut self, waiver: &Waiver, used: &BTreeSet<usize>) {
        // Other values, or another overlay, may have use for it.
        let manifest = self.bundle.manifests.get(waiver.place.manifest);
        let rendered = manifest.is_some_and(|manifest| manifest.rendering().is_some());
        let replaced = manifest.is_some_and(Manifest::is_replaced);
        if rendered {
            return;
        }
        if let Some(fault) = waiver.fault {
            let help = "It holds back nothing. A comment covers the value that starts on its line, or on the line below \
                        where it stands alone.";
            self.add(
                "misplaced-suppression",
                waiver.place,
                format!("this waiver covers nothing: {fault}"),
                help,
            );
            return;
        }
        if let Some(until) = waiver.until.as_deref().filter(|_| waiver.expired) {
            let message = format!("this waiver ended on {until} and no longer holds");
            self.add(
                "expired-suppression",
                waiver.place,
                message,
                "Mend what it held back, or give it another day.",
            );
        }
        if waiver.reason.is_none() && self.context.config.require_reasons {
            let help = "The configuration says `require-reasons: true`. In a comment: reason=\"…\"; in an annotation, the \
                        text after the colon.";
            self.add(
                "reason-missing",
                waiver.place,
                "this waiver gives no reason".to_owned(),
                help,
            );
        }
        for (number, rule) in waiver.rules.iter().enumerate() {
            let place = Location {
                manifest: waiver.place.manifest,
                span: rule.span,
            };
            let mut meant = self.context.known.iter().filter(|known| rule.means(known)).peekable();
            if meant.peek().is_none() {
                self.unknown(place, &rule.pattern);
            } else if !waiver.expired
                && !replaced
                && !used.contains(&number)
                && meant.all(|meant| self.context.judged.contains(meant))
            {
                let message = format!("nothing here is found by {}", rule.pattern);
                self.add(
                    "unused-suppression",
                    place,
                    message,
                    "Take the waiver away, so that it does not hide what comes later.",
                );
            }
        }
    }

    /// What the config says of rules that do not exist, and exclusions whose day is over.
    fn config(&mut self) {
        let (config, known) = (self.context.config, self.context.known);
        let Some(manifest) = self.context.config_manifest else {
            return;
        };
        for entry in &config.rules {
            if !known.iter().any(|known| entry.means(known)) {
                let place = Location {
                    manifest,
                    span: entry.span,
                };
                self.unknown(place, &entry.pattern);
            }
            for exclusion in &entry.exclude {
                let over = exclusion.until.as_deref().filter(|&until| self.context.today > until);
                if let Some(until) = over {
                    let place = Location {
                        manifest,
                        span: exclusion.span,
                    };
                    let message = format!("this exclusion ended on {until} and no longer holds");
                    self.add(
                        "expired-suppression",
                        place,
                        message,
                        "Mend what it held back, or give it another day.",
                    );
                }
            }
        }
    }

    fn unknown(&mut self, place: Location, pattern: &str) {
        let near = self
            .context
            .known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(pattern, known), known))
            .min()
            .filter(|&(distance, known)| distance <= 2 + known.len() / 5);
        let help = match near {
            Some((_, known)) => format!("Did you mean {known}? `plimsoll rules` lists them all."),
            None => "`plimsoll rules` lists them all.".to_owned(),
        };
        self.add("unknown-rule", place, format!("there is no rule {pattern}"), &help);
    }

    fn add(&mut self, id: &str, place: Location, message: String, help: &str) {
        let Some(rule) = RULES.iter().find(|rule| rule.id == id) else {
            return;
        };
        let name = format!("{POLICY}/{id}");
        let settings = RuleSettings::of(&self.context.config.rules, &name);
        if settings.off {
            return;
        }
        let manifest = self.bundle.manifests.get(place.manifest);
        let text = |span: Span| manifest.and_then(|manifest| manifest.text.get(span.start as usize..span.end as usize));
        let object = object_at(self.bundle, place).and_then(|object| identity(self.bundle.tree(), object));
        let object = object.unwrap_or_else(|| Identity {
            api_version: String::new(),
            kind: String::new(),
            namespace: None,
            name: String::new(),
        });
        let about = [&object.kind, &object.name, text(place.span).unwrap_or_default()];
        self.findings.push(Finding {
            fingerprint: fingerprint_of(&[&name, about[0], about[1], about[2]]),
            rule: name,
            policy: POLICY.to_owned(),
            severity: settings.severity.unwrap_or(rule.severity),
            confidence: CONFIDENCE,
            message,
            help: Some(help.to_owned()),
            object,
            owner: None,
            path: String::new(),
            place,
            rendered: None,
            related: Vec::new(),
            fix: None,
            sensitive: false,
            suppressed: None,
        });
    }
}

/// The object that a place of a manifest lies in, or that its document holds.
fn object_at(bundle: &Bundle, place: Location) -> Option<u32> {
    let manifest = bundle.manifests.get(place.manifest)?;
    let at = place.span.start;
    let after = manifest.documents.partition_point(|document| document.span.start <= at);
    let document = u32::try_from(after.checked_sub(1)?).ok()?;
    let first = manifest.objects.partition_point(|object| object.document < document);
    let objects = manifest.objects.get(first..)?;
    let objects = objects.iter().take_while(|object| object.document == document);
    let around = |root: u32| {
        let span = manifest.spans.get(root as usize);
        span.is_some_and(|span| span.start <= at && at < span.end)
    };
    let object = objects.clone().filter(|object| around(object.root)).last();
    let root = object.or_else(|| objects.clone().next())?.root;
    bundle.object_of(bundle.offsets.get(place.manifest)?.checked_add(root)?)
}
