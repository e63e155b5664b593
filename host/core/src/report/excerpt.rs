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
    // Of what was rendered nobody has looked for secrets in the source: the rendered text is shown.
    if manifest.is_replaced() || masks.nothing_is_shown || text.get(first as usize..last as usize).is_none() {
        return None;
    }
    // What was not read may hold any secret.
    let read = |place: &Location| {
        let mut documents = manifest.documents.iter().map(|document| document.span);
        documents.any(|span| span.start <= place.span.start && place.span.start <= span.end)
    };
    if !places.iter().all(read) {
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
    let mut pieces = Pieces::default();
    let mut from = start;
    for span in masks.spans(places.first()?.manifest, window) {
        let (hide, until) = ((span.start as usize).max(start), (span.end as usize).min(end));
        pieces.show(from, text.get(from..hide)?);
        let mut at = hide;
        // A secret of several lines keeps its line ends, so that lines below keep their numbers.
        for line in text.get(hide..until)?.split_inclusive('\n') {
            let hidden = line.trim_end_matches(['\n', '\r']);
            let value = hidden.trim_start_matches(' ');
            let indent = hidden.len() - value.len();
            pieces.show(at, &hidden[..indent]);
            let rest = text
                .get(at + hidden.len()..end)
                .unwrap_or("")
                .split('\n')
                .next()
                .unwrap_or("");
            let followed = at + hidden.len()..at + hidden.len() + rest.len() + 1;
            // Columns of places behind it stay right; else the mask says nothing of its length.
            let exact = places
                .iter()
                .any(|place| followed.contains(&(place.span.start as usize)) && !masks.covers(*place));
            pieces.mask(at + indent, value, exact);
            pieces.show(at + hidden.len(), &line[hidden.len()..]);
            at += line.len();
        }
        from = until;
    }
    pieces.show(from, text.get(from..end)?);
    let spans = places
        .iter()
        .map(|place| pieces.find(place.span.start as usize, (place.span.end as usize).min(end)))
        .collect();
    Some(Excerpt {
        text: pieces.text,
        first_line: manifest.position(window.start).line as usize,
        spans,
    })
}

/// Where pieces of the source went.
#[derive(Default)]
struct Pieces {
    text: String,
    pieces: Vec<Piece>,
}

struct Piece {
    /// First byte in the source.
    source: usize,
    /// Bytes in the excerpt.
    shown: Range<usize>,
    masked: bool,
}

impl Pieces {
    fn add(&mut self, source: usize, shown: &str, masked: bool) {
        let start = self.text.len();
        self.text.push_str(shown);
        self.pieces.push(Piece {
            source,
            shown: start..self.text.len(),
            masked,
        });
    }

    fn show(&mut self, source: usize, text: &str) {
        self.add(source, text, false);
    }

    fn mask(&mut self, source: usize, value: &str, exact: bool) {
        if !value.is_empty() {
            let mask = if exact {
                "*".repeat(value.chars().count())
            } else {
                MASK.to_owned()
            };
            self.add(source, &mask, true);
        }
    }

    /// Bytes of the excerpt for bytes of the source; to the end of the line at most, and all of a masked value where it
    /// begins in one.
    fn find(&self, start: usize, end: usize) -> Range<usize> {
        let piece = |offset: usize| {
            let at = self.pieces.partition_point(|piece| piece.source <= offset);
            at.checked_sub(1).and_then(|at| self.pieces.get(at))
        };
        let Some(first) = piece(start) else { return 0..0 };
        if first.masked {
            return first.shown.clone();
        }
        let from = (first.shown.start + (start - first.source)).min(self.text.len());
        let to = piece(end).map_or(from, |last| match last.masked {
            true => last.shown.end,
            false => (last.shown.start + (end - last.source)).min(last.shown.end),
        });
        let line_end = self.text[from..]
            .find(['\n', '\r'])
            .map_or(self.text.len(), |at| from + at);
        from..to.clamp(from, line_end)
    }
}
