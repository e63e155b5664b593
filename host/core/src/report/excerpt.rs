//! Excerpts of sources, masked.

use std::ops::Range;

use crate::finding::{Location, MASK, Masks};
use crate::read::{Manifest, Span};

/// Longest line that is shown, in bytes; of longer ones (minified JSON) only the place is said.
const LONGEST_LINE: usize = 400;
/// Widest gap between annotated lines of one excerpt, in lines.
pub const WIDEST_GAP: u32 = 12;

/// Lines of a source with masked values, and where annotations stand in them.
pub struct Excerpt {
    /// The lines.
    pub text: String,
    /// Number of the first, from 1.
    pub first_line: usize,
    /// For each place that was asked for, its bytes in `text`: on one line.
    pub spans: Vec<Range<usize>>,
}

/// The lines that hold these places of one manifest, from the first to the last. None where they may not or cannot be
/// shown.
pub fn excerpt(manifest: &Manifest, masks: &Masks, places: &[Location]) -> Option<Excerpt> {
    let text = &*manifest.text;
    let (first, last) = (
        places.iter().map(|place| place.span.start).min()?,
        places.iter().map(|place| place.span.start).max()?,
    );
    if masks.nothing_is_shown || text.get(first as usize..last as usize).is_none() {
        return None;
    }
    let start = text[..first as usize].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last as usize..]
        .find('\n')
        .map_or(text.len(), |at| last as usize + at);
    let lines = text.get(start..end)?;
    if lines.lines().any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let window = Span {
        start: u32::try_from(start).ok()?,
        end: u32::try_from(end).ok()?,
    };
    let mut out = String::with_capacity(lines.len());
    // Where pieces of the source went: (source, output) at the start of each piece.
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut from = start;
    for span in masks.spans(places.first()?.manifest, window) {
        let (hide, until) = (((span.start as usize).max(start)), (span.end as usize).min(end));
        pieces.push((from, out.len()));
        out.push_str(text.get(from..hide)?);
        pieces.push((hide, out.len()));
        // A secret of several lines keeps its line ends, so that lines below keep their numbers.
        for (at, line) in text.get(hide..until)?.split_inclusive('\n').enumerate() {
            let hidden = line.trim_end_matches(['\n', '\r']);
            if at > 0 {
                out.extend(hidden.chars().take_while(|character| *character == ' '));
            }
            if !hidden.trim().is_empty() {
                out.push_str(MASK);
            }
            if line.ends_with('\n') {
                out.push('\n');
            }
        }
        from = until;
    }
    pieces.push((from, out.len()));
    out.push_str(text.get(from..end)?);
    pieces.push((end, out.len()));
    let map = |offset: usize| {
        let at = pieces.partition_point(|piece| piece.0 <= offset).saturating_sub(1);
        let (source, output) = pieces[at];
        let next = pieces.get(at + 1).map_or(out.len(), |piece| piece.1);
        (output + (offset - source)).min(next)
    };
    let spans = places
        .iter()
        .map(|place| {
            let from = map(place.span.start as usize);
            let to = map((place.span.end as usize).min(end)).max(from);
            // A masked value has one length, wherever in it the place begins or ends.
            let masked = masks.covers(*place);
            let from = if masked { floor(&out, from) } else { from };
            let line_end = out[from..].find(['\n', '\r']).map_or(out.len(), |at| from + at);
            from..to.clamp(from, line_end)
        })
        .collect();
    let first_line = manifest.position(window.start).line as usize;
    Some(Excerpt {
        text: out,
        first_line,
        spans,
    })
}

/// The nearest character boundary at or before.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}
