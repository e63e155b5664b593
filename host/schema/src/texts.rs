//! What the reading of texts noticed: syntax, templates, keys that come twice.

use std::collections::BTreeSet;

use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Place, Related, Violation};
use plimsoll_core::read::{Manifest, ReadFailure, RemarkKind, Skip, Span};
use plimsoll_core::report::must_parse;

use crate::rules::{Found, Rules};

pub(crate) fn check(bundle: &Bundle, named: &BTreeSet<String>, rules: Rules, out: &mut Vec<Violation>) {
    for (index, manifest) in bundle.manifests.iter().enumerate() {
        if rules.has(Found::YamlSyntax) && must_parse(manifest, |path| named.contains(path)) {
            out.extend(manifest.failures.iter().map(|failure| syntax(index, manifest, failure)));
        }
        if rules.has(Found::UnrenderedTemplate) {
            out.extend(template(index, manifest));
        }
        remarks(bundle, index, manifest, rules, out);
    }
}

/// A document that cannot be read.
fn syntax(index: usize, manifest: &Manifest, failure: &ReadFailure) -> Violation {
    let at = |node| Place::Text {
        manifest: index,
        span: failure.span,
        node,
    };
    let mut message = format!("cannot parse: {}", failure.error);
    let mut help = String::new();
    if failure.span != Span::EMPTY {
        let position = manifest.position(failure.span.start);
        message = format!("{message} (line {}, column {})", position.line, position.column);
        match cause(&manifest.text, failure.span.start as usize) {
            Some(Cause::Quote(byte)) => {
                let line = manifest.position(u32::try_from(byte).unwrap_or(u32::MAX)).line;
                message = format!("{message}; started at line {line}");
                help = format!("A quote is opened on line {line} and not closed there. ");
            }
            Some(Cause::Tab) => help = "The line is indented with a tab: YAML takes blanks only. ".to_owned(),
            None => {}
        }
    }
    help.push_str("What stands in this document is not judged, and kubectl refuses it.");
    let mut violation = Found::YamlSyntax.violation(at(None), message);
    violation.help = Some(help);
    violation
}

/// Why a document may not parse.
enum Cause {
    /// A quote that its line does not close, and where it stands.
    Quote(usize),
    /// A tab as indentation.
    Tab,
}

/// A likely cause for an error at a byte, in the lines from the document's start to it.
fn cause(text: &str, error: usize) -> Option<Cause> {
    let before = text.get(..error)?;
    let start = before.rfind("\n---").map_or(0, |at| at + 1);
    let end = text.get(error..)?.find('\n').map_or(text.len(), |at| error + at);
    let mut at = start;
    let mut tab = false;
    for line in text.get(start..end)?.split_inclusive('\n') {
        let body = line.trim_start();
        let value = body.rsplit_once(": ").map_or(body, |(_, value)| value);
        let value = value.strip_prefix("- ").unwrap_or(value).trim_end();
        if let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\''))
            && !value.get(1..).unwrap_or("").contains(quote)
        {
            return Some(Cause::Quote(at + line.trim_end().len() - value.len()));
        }
        tab = line.len() - body.len() > 0 && line.get(..line.len() - body.len()).unwrap_or("").contains('\t');
        at += line.len();
    }
    tab.then_some(Cause::Tab)
}

/// A template outside a chart.
fn template(index: usize, manifest: &Manifest) -> Option<Violation> {
    let in_chart = manifest
        .path
        .split('/')
        .rev()
        .skip(1)
        .any(|folder| folder == "templates");
    if manifest.skipped != Some(Skip::Template) || in_chart {
        return None;
    }
    let start = manifest
        .text
        .find("{{")
        .and_then(|at| u32::try_from(at).ok())
        .unwrap_or(0);
    let span = Span {
        start,
        end: start
            .saturating_add(2)
            .min(u32::try_from(manifest.text.len()).unwrap_or(u32::MAX)),
    };
    let at = Place::Text {
        manifest: index,
        span,
        node: None,
    };
    let mut violation = Found::UnrenderedTemplate.violation(at, "this is a template, and is not judged".to_owned());
    violation.help = Some("Render it and pipe the result in, as in `helm template . | plimsoll check -`.".to_owned());
    Some(violation)
}

/// What was noticed in the documents that hold objects.
fn remarks(bundle: &Bundle, index: usize, manifest: &Manifest, rules: Rules, out: &mut Vec<Violation>) {
    let offset = bundle.offsets.get(index).copied().unwrap_or(0);
    for remark in &manifest.remarks {
        let node = remark.node.map(|node| node.saturating_add(offset));
        // Other documents are nobody's business.
        let Some(node) = node.filter(|node| bundle.object_of(*node).is_some()) else {
            continue;
        };
        let at = Place::Text {
            manifest: index,
            span: remark.span,
            node: Some(node),
        };
        match remark.kind {
            RemarkKind::DuplicateKey if rules.has(Found::DuplicateKey) => {
                let text = manifest.text.get(remark.span.start as usize..remark.span.end as usize);
                let key: String = text.unwrap_or("").trim_matches(['"', '\'']).chars().take(60).collect();
                let message = format!("the key \"{key}\" comes again below, and this value is lost");
                let mut violation = Found::DuplicateKey.violation(at, message);
                violation.help = Some(
                    "kubectl keeps the last one without a word; kustomize and strict requests refuse it. Keep one."
                        .to_owned(),
                );
                violation.related.push(Related {
                    at: Place::Key(node),
                    message: "this one counts".to_owned(),
                });
                out.push(violation);
            }
            RemarkKind::Lenient if rules.has(Found::LenientYaml) => {
                let message = "strict parsers of YAML refuse this document; kubectl reads it".to_owned();
                let mut violation = Found::LenientYaml.violation(at, message);
                violation.help = Some(
                    "Mostly a value in quotes goes on in a line that is not indented. Where it had to be read without \
                     positions, findings point at the whole document."
                        .to_owned(),
                );
                out.push(violation);
            }
            _ => {}
        }
    }
}
