//! Which waivers lie over a place.

use super::waiver::Waiver;
use crate::finding::Location;

/// Waivers over one and the same text that are looked at.
const TOGETHER: usize = 64;

/// Waivers by what they cover. What nodes cover is nested or apart, so above a place there are at most as many as the file is
/// deep, times those over the same node.
pub(super) struct Index {
    /// In the order of where they start, outer before inner.
    entries: Vec<Entry>,
}

struct Entry {
    covers: Location,
    waiver: usize,
    /// The entry around this one.
    outer: Option<usize>,
}

impl Index {
    pub(super) fn new(waivers: &[Waiver]) -> Self {
        let mut entries: Vec<Entry> = waivers
            .iter()
            .enumerate()
            .filter(|(_, waiver)| waiver.fault.is_none())
            .filter_map(|(number, waiver)| {
                Some(Entry {
                    covers: waiver.covers?,
                    waiver: number,
                    outer: None,
                })
            })
            .collect();
        entries.sort_by_key(|entry| {
            let Location { manifest, span } = entry.covers;
            (manifest, span.start, std::cmp::Reverse(span.end), entry.waiver)
        });
        let mut same = 0;
        let mut last = None;
        entries.retain(|entry| {
            same = if last == Some(entry.covers) { same + 1 } else { 0 };
            last = Some(entry.covers);
            same < TOGETHER
        });
        let mut open: Vec<usize> = Vec::new();
        for number in 0..entries.len() {
            let Some(covers) = entries.get(number).map(|entry| entry.covers) else {
                break;
            };
            let around =
                |outer: usize, entries: &[Entry]| entries.get(outer).is_some_and(|entry| holds(entry.covers, covers));
            while open.pop_if(|outer| !around(*outer, &entries)).is_some() {}
            if let Some(entry) = entries.get_mut(number) {
                entry.outer = open.last().copied();
            }
            open.push(number);
        }
        Index { entries }
    }

    /// The waivers that cover a place, inner before outer.
    pub(super) fn over(&self, place: Location) -> impl Iterator<Item = usize> {
        let key = |location: Location| (location.manifest, location.span.start);
        let after = self.entries.partition_point(|entry| key(entry.covers) <= key(place));
        let mut at = after.checked_sub(1);
        std::iter::from_fn(move || {
            loop {
                let entry = self.entries.get(at?)?;
                at = entry.outer;
                if holds(entry.covers, place) {
                    return Some(entry.waiver);
                }
            }
        })
    }
}

/// Whether a place lies in another.
fn holds(outer: Location, inner: Location) -> bool {
    outer.manifest == inner.manifest && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}
