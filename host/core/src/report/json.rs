//! JSON, version 1: additions only.

use serde::Serialize;

use super::{Failure, InputFailure, Report, Tally};
use crate::edit::Editor;
use crate::finding::{AsRendered, Finding, Found, Identity, Location, Suppression};
use crate::policy::{Confidence, Severity};

#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    summary: Summary<'a>,
    findings: Vec<Entry<'a>>,
    failures: &'a [Failure],
    #[serde(rename = "inputs-failed")]
    inputs_failed: &'a [InputFailure],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary<'a> {
    files: usize,
    documents: usize,
    objects: usize,
    not_validated: usize,
    #[serde(skip_serializing_if = "is_none")]
    rendered: usize,
    skipped: Vec<Skipped<'a>>,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<SinceEntry<'a>>,
    duration_ms: f64,
}

#[derive(Serialize)]
struct SinceEntry<'a> {
    revision: &'a str,
    commit: &'a str,
    known: usize,
}

#[derive(Serialize)]
struct Skipped<'a> {
    file: &'a str,
    reason: &'static str,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    policy: &'a str,
    severity: Severity,
    confidence: Confidence,
    message: &'a str,
    help: Option<&'a str>,
    object: &'a Identity,
    owner: Option<&'a Identity>,
    path: &'a str,
    file: &'a str,
    start: Point,
    end: Point,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<Rendered<'a>>,
    related: Vec<Related<'a>>,
    fix: Option<Fix<'a>>,
    fingerprint: &'a str,
    suppressed: Option<&'a Suppression>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    object: &'a Identity,
    path: &'a str,
    file: &'a str,
    start: Point,
    end: Point,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<Rendered<'a>>,
}

/// Where something stands in what a renderer made.
#[derive(Serialize)]
struct Rendered<'a> {
    file: &'a str,
    start: Point,
    end: Point,
    place: Found,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde calls it with")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// A place in a file as stored: line and column from 1 (columns count Unicode characters), offset in bytes.
#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
    offset: u64,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<TextEdit<'a>>,
}

#[derive(Serialize)]
struct TextEdit<'a> {
    file: &'a str,
    start: Point,
    end: Point,
    text: String,
}

/// The report as one line of JSON.
#[must_use]
pub fn json(report: &Report<'_>) -> String {
    let mut editor = Editor::new(report.bundle);
    let tally = Tally::of(report.findings);
    let counts = &report.counts;
    let whole = Whole {
        version: 1,
        summary: Summary {
            files: counts.files,
            documents: counts.documents,
            objects: counts.objects,
            not_validated: counts.not_validated,
            rendered: counts.rendered,
            skipped: counts
                .skipped
                .iter()
                .map(|(file, reason)| Skipped {
                    file,
                    reason: reason.reason(),
                })
                .collect(),
            errors: tally.errors,
            warnings: tally.warnings,
            infos: tally.infos,
            suppressed: tally.suppressed,
            since: report.since.as_ref().map(|since| SinceEntry {
                revision: &since.revision,
                commit: &since.commit,
                known: tally.known,
            }),
            duration_ms: (report.duration_ms * 100.0).round() / 100.0,
        },
        findings: report
            .findings
            .iter()
            .map(|finding| entry(report, finding, &mut editor))
            .collect(),
        failures: &report.failures,
        inputs_failed: &report.inputs_failed,
    };
    // Nothing in it can fail to serialise.
    serde_json::to_string(&whole).unwrap_or_default()
}

fn entry<'a>(report: &'a Report<'_>, finding: &'a Finding, editor: &mut Editor<'_>) -> Entry<'a> {
    let (start, end) = points(report, finding.place);
    Entry {
        rule: &finding.rule,
        policy: &finding.policy,
        severity: finding.severity,
        confidence: finding.confidence,
        message: &finding.message,
        help: finding.help.as_deref(),
        object: &finding.object,
        owner: finding.owner.as_ref(),
        path: &finding.path,
        file: report.file(finding.place),
        start,
        end,
        rendered: rendered(report, finding.rendered),
        related: finding
            .related
            .iter()
            .map(|related| {
                let (start, end) = points(report, related.place);
                Related {
                    message: &related.message,
                    object: &related.object,
                    path: &related.path,
                    file: report.file(related.place),
                    start,
                    end,
                    rendered: rendered(report, related.rendered),
                }
            })
            .collect(),
        fix: finding.fix.as_ref().and_then(|fix| {
            let edits = editor.alone(&fix.edits)?;
            let edits = edits.into_iter().map(|edit| {
                let (start, end) = points(report, edit.place);
                TextEdit {
                    file: report.file(edit.place),
                    start,
                    end,
                    text: report.masks.text(&edit.text),
                }
            });
            Some(Fix {
                title: &fix.title,
                safe: fix.safe,
                edits: edits.collect(),
            })
        }),
        fingerprint: &finding.fingerprint,
        suppressed: finding.suppressed.as_ref(),
    }
}

fn rendered<'a>(report: &'a Report<'_>, rendered: Option<AsRendered>) -> Option<Rendered<'a>> {
    let AsRendered { place, found } = rendered?;
    let (start, end) = points(report, place);
    Some(Rendered {
        file: report.file(place),
        start,
        end,
        place: found,
    })
}

fn points(report: &Report<'_>, place: Location) -> (Point, Point) {
    let Some(manifest) = report.bundle.manifests.get(place.manifest) else {
        return (
            Point {
                line: 1,
                column: 1,
                offset: 0,
            },
            Point {
                line: 1,
                column: 1,
                offset: 0,
            },
        );
    };
    let point = |offset: u32| {
        let position = manifest.position(offset);
        Point {
            line: position.line,
            column: position.column,
            offset: manifest.stored_offset(offset),
        }
    };
    (point(place.span.start), point(place.span.end))
}
