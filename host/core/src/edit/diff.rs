//! What edits change, as a unified diff, masked.

use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};

use crate::bundle::Bundle;
use crate::finding::{MASK, Masks};
use crate::read::{Manifest, Span};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// A file before or after edits.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What holds it.
    pub bundle: &'a Bundle,
    /// What may not be shown of it.
    pub masks: &'a Masks,
}

impl<'a> Side<'a> {
    /// A file's manifest and index.
    fn file(&self, path: &str) -> Option<(usize, &'a Manifest)> {
        let mut manifests = self.bundle.manifests.iter().enumerate();
        manifests.find(|(_, manifest)| manifest.path == path)
    }
}

/// The changes of a file as a unified diff. Lines are compared as they are and shown masked; where nothing may be shown
/// only the name is. Empty where nothing changes.
#[must_use]
pub fn diff(path: &str, before: Side<'_>, after: Side<'_>) -> String {
    let (Some((old, old_file)), Some((new, new_file))) = (before.file(path), after.file(path)) else {
        return String::new();
    };
    if old_file.text == new_file.text {
        return String::new();
    }
    let shown = path.trim_start_matches('/');
    let mut out = format!("--- a/{shown}\n+++ b/{shown}\n");
    if before.masks.nothing_is_shown || after.masks.nothing_is_shown {
        out.push_str("(what is secret in it is not known: nothing of it is shown)\n");
        return out;
    }
    let (old_lines, new_lines) = (lines(&old_file.text), lines(&new_file.text));
    let old_shown = masked(old_file, before.masks, old);
    let new_shown = masked(new_file, after.masks, new);
    for group in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines), CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        let _ = writeln!(out, "@@ -{} +{} @@", hunk(&old_range), hunk(&new_range));
        for op in &group {
            match op.tag() {
                DiffTag::Equal => show(&mut out, ' ', &old_shown, &old_lines, op.old_range()),
                _ => {
                    show(&mut out, '-', &old_shown, &old_lines, op.old_range());
                    show(&mut out, '+', &new_shown, &new_lines, op.new_range());
                }
            }
        }
    }
    out
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// A hunk's lines: the first, from 1, and how many where it is not one.
fn hunk(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        count => format!("{},{count}", range.start + 1),
    }
}

fn show(out: &mut String, mark: char, shown: &[String], lines: &[&str], range: Range<usize>) {
    for at in range {
        let (Some(text), Some(line)) = (shown.get(at), lines.get(at)) else {
            continue;
        };
        let _ = writeln!(out, "{mark}{text}");
        if !line.ends_with('\n') {
            out.push_str("\\ No newline at end of file\n");
        }
    }
}

/// The lines of a file without their ends, what is secret in them masked.
fn masked(manifest: &Manifest, masks: &Masks, index: usize) -> Vec<String> {
    let mut at = 0;
    let mut shown = Vec::new();
    for line in lines(&manifest.text) {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let window = Span {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(start + line.len()).unwrap_or(u32::MAX),
        };
        let mut text = String::with_capacity(line.len());
        let mut from = 0;
        for span in masks.spans(index, window) {
            let hide = (span.start as usize).saturating_sub(start).max(from);
            let until = (span.end as usize).saturating_sub(start).min(line.len());
            let hidden = line.get(hide..until).unwrap_or("");
            let indent = hidden.len() - hidden.trim_start().len();
            text.push_str(line.get(from..hide + indent).unwrap_or(""));
            if indent < hidden.len() {
                text.push_str(MASK);
            }
            from = until.max(from);
        }
        text.push_str(line.get(from..).unwrap_or(""));
        shown.push(masks.text(&text));
    }
    shown
}
