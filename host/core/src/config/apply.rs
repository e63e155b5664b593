//! What a config makes of findings.

use plimsoll_tree::glob;

use super::{Config, Exclusion, RuleSettings};
use crate::finding::{Finding, Suppression};

/// Gives findings the severities that the operator decided, and suppresses those that are excluded. `file` is the path of a
/// finding's file as reports show it; `config_file` that of the config; `today` is `YYYY-MM-DD`, for exclusions that end.
pub fn apply<'a>(
    config: &Config,
    config_file: Option<&str>,
    today: &str,
    findings: &mut [Finding],
    file: impl Fn(&Finding) -> &'a str,
) {
    if config.rules.is_empty() {
        return;
    }
    for finding in findings {
        let settings = RuleSettings::of(&config.rules, &finding.rule);
        if let Some(severity) = settings.severity {
            finding.severity = severity;
        }
        let path = file(finding);
        let held = settings
            .exclude
            .into_iter()
            .find(|exclusion| holds(exclusion, finding, path, today));
        if let Some(exclusion) = held {
            finding.suppressed.get_or_insert_with(|| Suppression {
                by: "config".to_owned(),
                reason: exclusion.reason.clone(),
                until: exclusion.until.clone(),
                file: config_file.map(str::to_owned),
                line: Some(exclusion.line),
            });
        }
    }
}

fn holds(exclusion: &Exclusion, finding: &Finding, path: &str, today: &str) -> bool {
    let is = |wanted: &Option<String>, test: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(test);
    let object = &finding.object;
    // Dates of this form compare as texts do.
    is(&exclusion.until, &|until| today <= until)
        && is(&exclusion.path, &|wanted| glob::covers(wanted, path))
        && is(&exclusion.kind, &|wanted| wanted == object.kind)
        && is(&exclusion.name, &|wanted| glob::matches(wanted, &object.name))
        && is(&exclusion.namespace, &|wanted| {
            object
                .namespace
                .as_deref()
                .is_some_and(|namespace| glob::matches(wanted, namespace))
        })
}
