//! For people: excerpts with carets, in the manner of rustc, then a line of summary.

use std::borrow::Cow;
use std::fmt::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::excerpt::{WIDEST_GAP, excerpt};
use super::{Report, Tally};
use crate::finding::{AsRendered, Finding, Found, Location, RelatedPlace, clean_line};
use crate::policy::Severity;

/// How human output is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Advice as well.
    pub verbose: bool,
}

/// Objects that are listed of one folded block.
const LISTED: usize = 20;

/// The report as text. Second, the line of summary.
#[must_use]
pub fn human(report: &Report<'_>, style: Style) -> (String, String) {
    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Unicode).term_width(style.width);
    let mut out = String::new();
    let shown: Vec<&Finding> = report.shown(style.verbose).collect();
    for block in fold(&shown) {
        out.push_str(&render(report, &renderer, style.width, &block));
        out.push_str("\n\n");
    }
    // What a finding says already is not said again.
    let said: Vec<(&str, u32)> = shown
        .iter()
        .filter(|finding| finding.rule == "schema/yaml-syntax")
        .map(|finding| (report.file(finding.place), report.positions(finding.place).0.line))
        .collect();
    for failure in &report.inputs_failed {
        if said.contains(&(&failure.file, failure.line.unwrap_or(1))) {
            continue;
        }
        let mut place = clean_line(&failure.file, 500);
        if let (Some(line), Some(column)) = (failure.line, failure.column) {
            let _ = write!(place, ":{line}:{column}");
        }
        let title = format!("{place}: {}", clean_line(&failure.message, 500));
        let group = Group::with_title(Level::ERROR.with_name("cannot read").primary_title(&title));
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    for failure in &report.failures {
        let policy = clean_line(&failure.policy, 200);
        let title = format!(
            "policy {policy} gave no verdict ({}): {}",
            failure.kind,
            clean_line(&failure.message, 500)
        );
        let group = Group::with_title(Level::ERROR.with_name("broken policy").primary_title(&title));
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    if report.masks.nothing_is_shown && !shown.is_empty() {
        out.push_str("No excerpts are shown: what is secret could not be found out.\n\n");
    }
    (out, summary(report))
}

/// Findings that differ only in the object they speak of, together; in the order of the first of each.
fn fold<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut blocks: Vec<(Common<'a>, Vec<&'a Finding>)> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for &finding in findings {
        let key = Common {
            rule: &finding.rule,
            severity: finding.severity,
            namespace: finding.object.namespace.as_deref(),
            message: without_object(finding),
        };
        match index.get(&key) {
            // Related places are explanations of their own.
            Some(&at) if finding.related.is_empty() => {
                let (_, block): &mut (Common<'a>, Vec<&'a Finding>) = &mut blocks[at];
                block.push(finding);
            }
            _ => {
                if finding.related.is_empty() {
                    index.insert(key.clone(), blocks.len());
                }
                blocks.push((key, vec![finding]));
            }
        }
    }
    blocks.into_iter().map(|(_, block)| block).collect()
}

/// What findings of one block have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Common<'a> {
    rule: &'a str,
    severity: Severity,
    namespace: Option<&'a str>,
    message: String,
}

/// The message with the object's kind and name taken out.
fn without_object(finding: &Finding) -> String {
    let mut message = format!(" {} ", finding.message);
    for part in [&finding.object.name, &finding.object.kind] {
        if !part.is_empty() {
            message = message.replace(part.as_str(), "\0");
        }
    }
    message
}

fn render(report: &Report<'_>, renderer: &Renderer, width: usize, block: &[&Finding]) -> String {
    let Some(&finding) = block.first() else {
        return String::new();
    };
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = level
        .primary_title(&finding.message)
        .id(&finding.rule)
        .elements(Vec::<Origin<'_>>::new());
    // What comes from a source is shown as it was rendered.
    let labels: Vec<Cow<'_, str>> = finding.related.iter().map(|related| label(report, related)).collect();
    let (origin, note) = source(report, finding);
    group = group.elements(origin);
    // Places by file, the primary one's first; in a file by line, cut where the gap is wide.
    let shown = |place: Location, rendered: Option<AsRendered>| rendered.map_or(place, |rendered| rendered.place);
    let mut places: Vec<(Location, Option<&str>)> = vec![(shown(finding.place, finding.rendered), None)];
    for (related, label) in finding.related.iter().zip(&labels) {
        let at = shown(related.place, related.rendered);
        if !places.iter().any(|(place, _)| *place == at) {
            places.push((at, Some(label)));
        }
    }
    let mut files: Vec<usize> = Vec::new();
    for (place, _) in &places {
        if !files.contains(&place.manifest) {
            files.push(place.manifest);
        }
    }
    for file in files {
        let mut here: Vec<(Location, Option<&str>)> = places
            .iter()
            .filter(|(place, _)| place.manifest == file)
            .copied()
            .collect();
        here.sort_by_key(|(place, _)| place.span.start);
        let Some(manifest) = report.bundle.manifests.get(file) else {
            continue;
        };
        let line = |place: &Location| manifest.position(place.span.start).line;
        let mut clusters: Vec<&[(Location, Option<&str>)]> = here
            .chunk_by(|a, b| line(&b.0).saturating_sub(line(&a.0)) <= WIDEST_GAP)
            .collect();
        // The place that is meant comes first, what explains it after.
        clusters.sort_by_key(|cluster| cluster.iter().all(|(_, label)| label.is_some()));
        for cluster in clusters {
            let (leader, _) = *cluster.iter().find(|(_, label)| label.is_none()).unwrap_or(&cluster[0]);
            let position = manifest.position(leader.span.start);
            let path = clean_line(&manifest.path, 500);
            let spans: Vec<Location> = cluster.iter().map(|(place, _)| *place).collect();
            if let Some(excerpt) = excerpt(manifest, report.masks, &spans) {
                let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line).path(path);
                for (span, (_, label)) in excerpt.spans.into_iter().zip(cluster) {
                    snippet = snippet.annotation(match label {
                        None => AnnotationKind::Primary.span(span),
                        Some(label) => AnnotationKind::Context.span(span).label(*label),
                    });
                }
                group = group.element(snippet);
            } else {
                let place = Origin::path(path)
                    .line(position.line as usize)
                    .char_column(position.column as usize);
                group = group.element(place);
                for (_, label) in cluster {
                    if let Some(label) = label {
                        group = group.element(Level::NOTE.message(*label));
                    }
                }
            }
        }
    }
    group = group.elements(note.map(|note| Level::NOTE.message(note)));
    if block.len() > 1 {
        group = group.element(Level::NOTE.message(list(report, block)));
    }
    if let Some(help) = &finding.help {
        // Behind the frame and the label.
        let width = width.saturating_sub(12).clamp(40, 110);
        group = group.element(Level::HELP.message(textwrap::fill(help, width)));
    }
    renderer.render(&[group])
}

/// The file that a rendered place comes from, and what is to be known of that.
fn source<'a>(report: &'a Report<'_>, finding: &Finding) -> (Option<Origin<'a>>, Option<&'static str>) {
    let Some(rendered) = finding.rendered else {
        return (None, None);
    };
    let (start, _) = report.positions(finding.place);
    let origin = Origin::path(clean_line(report.file(finding.place), 500))
        .line(start.line as usize)
        .char_column(start.column as usize);
    match rendered.found {
        Found::Exact => (Some(origin), None),
        Found::Near => (
            Some(origin),
            Some("which line of the file made this is not known; it is the nearest one that is"),
        ),
        Found::Nowhere => (
            None,
            Some("this is rendered: it stands so in no file, or in one that is not among the paths"),
        ),
    }
}

/// What is said of a related place: with its file, where it is shown as it was rendered.
fn label<'a>(report: &Report<'_>, related: &'a RelatedPlace) -> Cow<'a, str> {
    match related.rendered {
        Some(AsRendered {
            found: Found::Exact | Found::Near,
            ..
        }) => {
            let (start, _) = report.positions(related.place);
            let file = clean_line(report.file(related.place), 500);
            Cow::Owned(format!("{} ({file}:{})", related.message, start.line))
        }
        _ => Cow::Borrowed(&related.message),
    }
}

/// The other objects of a folded block.
fn list(report: &Report<'_>, block: &[&Finding]) -> String {
    let others = &block[1..];
    let mut text = format!("the same of {} more:", others.len());
    for finding in others.iter().take(LISTED) {
        let line = report
            .bundle
            .manifests
            .get(finding.place.manifest)
            .map_or(1, |m| m.position(finding.place.span.start).line);
        let file = clean_line(report.file(finding.place), 500);
        let _ = write!(
            text,
            "\n  {file}:{line} {} {}",
            finding.object.kind, finding.object.name
        );
    }
    if others.len() > LISTED {
        let _ = write!(text, "\n  and {} others", others.len() - LISTED);
    }
    text
}

fn summary(report: &Report<'_>) -> String {
    let counts = &report.counts;
    let tally = Tally::of(report.findings);
    let mut text = format!(
        "{}, {}, {} read",
        many(counts.files, "file"),
        many(counts.documents, "document"),
        many(counts.objects, "object")
    );
    if counts.rendered > 0 {
        let _ = write!(text, "; {} rendered", counts.rendered);
    }
    if !counts.skipped.is_empty() {
        let reasons: Vec<String> = counts
            .reasons()
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        let _ = write!(text, "; {} skipped ({})", counts.skipped.len(), reasons.join(", "));
    }
    let _ = write!(
        text,
        "; {}, {}",
        many(tally.errors, "error"),
        many(tally.warnings, "warning")
    );
    if tally.infos > 0 {
        let _ = write!(text, ", {} of advice", tally.infos);
    }
    if tally.suppressed > tally.known {
        let _ = write!(text, ", {} suppressed", tally.suppressed - tally.known);
    }
    if let Some(since) = &report.since {
        let revision = clean_line(&since.revision, 100);
        let _ = write!(text, ", {} not new since {revision}", tally.known);
    }
    if !report.inputs_failed.is_empty() {
        let _ = write!(text, "; {} not readable", many(report.inputs_failed.len(), "input"));
    }
    if !report.failures.is_empty() {
        let _ = write!(text, "; {} without a verdict", policies(report.failures.len()));
    }
    let _ = write!(text, "; {:.2} s", report.duration_ms / 1000.0);
    text
}

fn many(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

fn policies(count: usize) -> String {
    if count == 1 {
        "1 policy".to_owned()
    } else {
        format!("{count} policies")
    }
}
