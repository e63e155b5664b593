//! Waivers in comments: `# plimsoll: allow RULE`, on a line or alone above it.

use plimsoll_tree::Flags;

use super::waiver::{Waiver, read};
use crate::bundle::Bundle;
use crate::finding::Location;
use crate::read::{Comment, Manifest, Span};

const WORD: &str = "plimsoll:";

/// All waivers in comments, in order.
pub(super) fn find(bundle: &Bundle) -> Vec<Waiver> {
    let mut found = Vec::new();
    for (number, manifest) in bundle.manifests.iter().enumerate() {
        let mut lines = None;
        for (index, comment) in manifest.comments.iter().enumerate() {
            let Some((start, text)) = body(manifest, comment) else {
                continue;
            };
            let (covered, starts) = lines.get_or_insert_with(|| (covered_lines(manifest), first_of_lines(manifest)));
            let place = Location {
                manifest: number,
                span: comment.span,
            };
            let line = covered.get(index).copied().unwrap_or_default();
            found.push(waiver(place, line, starts, start, text));
        }
    }
    found
}

/// What follows `# plimsoll:`, and where it starts.
fn body<'a>(manifest: &'a Manifest, comment: &Comment) -> Option<(u32, &'a str)> {
    let text = manifest
        .text
        .get(comment.span.start as usize..comment.span.end as usize)?;
    let inner = text.trim_start_matches('#').trim_start();
    let rest = inner.strip_prefix(WORD)?;
    let start = comment.span.start as usize + (text.len() - rest.len());
    Some((u32::try_from(start).ok()?, rest.trim_end()))
}

/// The waiver of one comment. `text` is what follows `plimsoll:` and starts at `start`; `line` is the line it speaks of.
fn waiver(place: Location, line: u32, starts: &[(u32, Span)], start: u32, text: &str) -> Waiver {
    let inner = text.trim_start();
    let (said, offset) = match inner
        .strip_prefix("allow")
        .filter(|rest| rest.is_empty() || rest.starts_with(' '))
    {
        Some(rules) => (read(rules, false), start as usize + (text.len() - rules.len())),
        None => {
            let mut said = read("", false);
            said.fault = Some("it must be `plimsoll: allow RULE[, RULE] [until=DATE] [reason=\"…\"]`");
            (said, start as usize)
        }
    };
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    let mut rules = said.rules;
    for rule in &mut rules {
        rule.span.start = rule.span.start.saturating_add(offset);
        rule.span.end = rule.span.end.saturating_add(offset);
    }
    let covers = starts
        .binary_search_by_key(&line, |&(line, _)| line)
        .ok()
        .and_then(|at| starts.get(at))
        .map(|&(_, span)| Location { span, ..place });
    Waiver {
        by: "comment",
        place,
        covers,
        rules,
        until: said.until,
        reason: said.reason,
        fault: said.fault.or(covers
            .is_none()
            .then_some("no value starts on its line or on the line below")),
        expired: false,
    }
}

/// The line that each comment speaks of: its own, or the one below it and below the comments that follow it directly.
fn covered_lines(manifest: &Manifest) -> Vec<u32> {
    let mut lines = vec![0; manifest.comments.len()];
    let mut below: Option<(u32, u32)> = None;
    for (comment, covered) in manifest.comments.iter().zip(&mut lines).rev() {
        let line = manifest.position(comment.span.start).line;
        *covered = match below {
            _ if !comment.alone => line,
            Some((next, its)) if next == line + 1 => its,
            _ => line + 1,
        };
        below = comment.alone.then_some((line, *covered));
    }
    lines
}

/// For each line on which a node starts, ascending, the text of the outermost: from its key, if it has one, to the end of its
/// value.
fn first_of_lines(manifest: &Manifest) -> Vec<(u32, Span)> {
    let mut found: Vec<(u32, Span)> = Vec::new();
    for document in manifest.documents.iter().filter(|document| !document.coarse) {
        for node in document.root..document.end {
            if manifest.part.flags(node).has(Flags::ALIAS) {
                continue;
            }
            let index = node as usize;
            let (Some(&value), Some(&key)) = (manifest.spans.get(index), manifest.keys.get(index)) else {
                break;
            };
            let start = if key == Span::EMPTY { value.start } else { key.start };
            let span = Span {
                start,
                end: value.end.max(key.end).max(start),
            };
            let line = manifest.position(start).line;
            if found.last().is_none_or(|&(last, _)| last < line) {
                found.push((line, span));
            }
        }
    }
    found
}
