//! SARIF 2.1.0, with regions, related places, rules and their pages, suppressions, fixes and fingerprints.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Map, Value, json};

use super::{Report, RuleText};
use crate::edit::Editor;
use crate::finding::{Finding, Identity, Location, Suppression};
use crate::policy::Severity;

/// Name of the fingerprint, with the version of how it is made.
const FINGERPRINT: &str = "plimsoll/v1";

/// The report as SARIF: all findings, suppressed ones and advice included. `rules` are those that findings name, with their
/// pages.
#[must_use]
pub fn sarif(report: &Report<'_>, rules: &[RuleText]) -> String {
    let fingerprints = report.unique_fingerprints();
    let mut editor = Editor::new(report.bundle);
    let results: Vec<Value> = report
        .findings
        .iter()
        .zip(&fingerprints)
        .map(|(finding, fingerprint)| result(report, rules, finding, fingerprint, &mut editor))
        .collect();
    let notifications: Vec<Value> = notifications(report);
    let whole = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "plimsoll",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.iter().map(rule).collect::<Vec<Value>>(),
                }
            },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }]
    });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(rule: &RuleText) -> Value {
    let mut out = Map::new();
    out.insert("id".to_owned(), json!(rule.name));
    if !rule.title.is_empty() {
        out.insert("shortDescription".to_owned(), json!({ "text": rule.title }));
    }
    if !rule.page.is_empty() {
        out.insert("help".to_owned(), json!({ "text": rule.page, "markdown": rule.page }));
    }
    out.insert(
        "defaultConfiguration".to_owned(),
        json!({ "level": level(rule.severity) }),
    );
    Value::Object(out)
}

fn result(
    report: &Report<'_>,
    rules: &[RuleText],
    finding: &Finding,
    fingerprint: &str,
    editor: &mut Editor<'_>,
) -> Value {
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push_str("\n\n");
        text.push_str(help);
    }
    let mut out = Map::new();
    out.insert("ruleId".to_owned(), json!(finding.rule));
    if let Some(index) = rules.iter().position(|rule| rule.name == finding.rule) {
        out.insert("ruleIndex".to_owned(), json!(index));
    }
    out.insert("level".to_owned(), json!(level(finding.severity)));
    out.insert("message".to_owned(), json!({ "text": text }));
    let mut location = physical(report, finding.place);
    location.insert("logicalLocations".to_owned(), json!([logical(finding)]));
    out.insert("locations".to_owned(), json!([location]));
    let related: Vec<Value> = (1..)
        .zip(&finding.related)
        .map(|(id, related)| {
            let mut location = physical(report, related.place);
            location.insert("id".to_owned(), json!(id));
            location.insert("message".to_owned(), json!({ "text": related.message }));
            Value::Object(location)
        })
        .collect();
    if !related.is_empty() {
        out.insert("relatedLocations".to_owned(), json!(related));
    }
    out.insert("partialFingerprints".to_owned(), json!({ FINGERPRINT: fingerprint }));
    if let Some(suppression) = &finding.suppressed {
        out.insert("suppressions".to_owned(), json!([suppressed(suppression)]));
    }
    if let Some(fix) = fix(report, finding, editor) {
        out.insert("fixes".to_owned(), json!([fix]));
    }
    let mut properties = Map::new();
    properties.insert("confidence".to_owned(), json!(finding.confidence));
    properties.insert("policy".to_owned(), json!(finding.policy));
    if let Some(rendered) = finding.rendered {
        let (start, _) = report.positions(rendered.place);
        let place = format!("{}:{}:{}", report.file(rendered.place), start.line, start.column);
        properties.insert("rendered".to_owned(), json!(place));
        properties.insert("place".to_owned(), json!(rendered.found));
    }
    out.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(out)
}

fn physical(report: &Report<'_>, place: Location) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert(
        "physicalLocation".to_owned(),
        json!({ "artifactLocation": artifact(report.file(place)), "region": region(report, place) }),
    );
    out
}

fn artifact(file: &str) -> Value {
    json!({ "uri": uri(file), "uriBaseId": "%SRCROOT%" })
}

fn region(report: &Report<'_>, place: Location) -> Value {
    let (start, end) = report.positions(place);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn logical(finding: &Finding) -> Value {
    let Identity {
        kind, namespace, name, ..
    } = &finding.object;
    let namespace = namespace
        .as_ref()
        .map_or(String::new(), |namespace| format!("{namespace}/"));
    json!({ "fullyQualifiedName": format!("{namespace}{kind}/{name}{}", finding.path), "kind": "object" })
}

fn suppressed(suppression: &Suppression) -> Value {
    let in_source = matches!(suppression.by.as_str(), "comment" | "annotation");
    let mut out = Map::new();
    out.insert(
        "kind".to_owned(),
        json!(if in_source { "inSource" } else { "external" }),
    );
    if let Some(reason) = &suppression.reason {
        out.insert("justification".to_owned(), json!(reason));
    }
    if let (Some(file), Some(line)) = (&suppression.file, suppression.line) {
        out.insert(
            "location".to_owned(),
            json!({ "physicalLocation": { "artifactLocation": artifact(file), "region": { "startLine": line } } }),
        );
    }
    Value::Object(out)
}

fn fix(report: &Report<'_>, finding: &Finding, editor: &mut Editor<'_>) -> Option<Value> {
    let fix = finding.fix.as_ref()?;
    let edits = editor.alone(&fix.edits)?;
    let mut changes: Vec<(&str, Vec<Value>)> = Vec::new();
    for edit in &edits {
        let file = report.file(edit.place);
        let replacement = json!({
            "deletedRegion": region(report, edit.place),
            "insertedContent": { "text": report.masks.text(&edit.text) },
        });
        match changes.iter_mut().find(|(changed, _)| *changed == file) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((file, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| json!({ "artifactLocation": artifact(file), "replacements": replacements }))
        .collect();
    Some(json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
}

/// What could not be read or judged.
fn notifications(report: &Report<'_>) -> Vec<Value> {
    let inputs = report.inputs_failed.iter().map(|failure| {
        let mut location = json!({ "artifactLocation": artifact(&failure.file) });
        if let (Some(line), Some(column), Value::Object(location)) = (failure.line, failure.column, &mut location) {
            location.insert("region".to_owned(), json!({ "startLine": line, "startColumn": column }));
        }
        json!({
            "level": "error",
            "message": { "text": format!("cannot read: {}", failure.message) },
            "locations": [{ "physicalLocation": location }],
        })
    });
    let policies = report.failures.iter().map(|failure| {
        let text = failure.to_string();
        json!({ "level": "error", "message": { "text": text } })
    });
    inputs.chain(policies).collect()
}

/// A path as a relative URI reference (RFC 3986, section 4.2).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
