//! What `helm template` printed: each document names its template in a comment, `# Source: CHART/templates/FILE`.

use super::lines::{align, value_path};
use super::{Origin, Rendered, span, way};
use crate::bundle::peek::Peek;
use crate::bundle::scopes;
use crate::finding::{Found, Location};
use crate::read::{Manifest, Rendering, Span};

/// The comment that helm puts above what a template made.
const SOURCE: &str = "# Source: ";

/// What a chart's rendering is made of.
pub(super) struct Chart<'b> {
    manifests: &'b [Manifest],
    rendered: &'b Manifest,
    sections: Vec<Section>,
    /// Files of values, those that win first.
    values: Vec<usize>,
}

/// Lines that one template made.
struct Section {
    /// The first of them, from 0.
    first: usize,
    /// The template, where it is in the input.
    template: Option<usize>,
    /// For each line the template's, from 0, where that is known.
    lines: Vec<Option<u32>>,
}

impl<'b> Chart<'b> {
    pub(super) fn new(manifests: &'b [Manifest], rendered: &'b Manifest, rendering: &Rendering) -> Self {
        let find = |path: &str| {
            let file = manifests.iter().position(|manifest| manifest.path == path)?;
            manifests[file].is_replaced().then_some(file)
        };
        let lines: Vec<&str> = rendered.text.lines().collect();
        let mut sections: Vec<Section> = Vec::new();
        let starts = (1..lines.len()).filter(|&at| lines[at - 1] == "---" && lines[at].starts_with(SOURCE));
        let starts: Vec<usize> = starts.collect();
        let ends = starts.iter().skip(1).copied().chain([lines.len()]);
        for (&start, end) in starts.iter().zip(ends) {
            // The first step is the chart's name, whatever its folder is called.
            let path = lines[start].strip_prefix(SOURCE).and_then(|path| path.split_once('/'));
            let path = path.and_then(|(_, path)| scopes::join(&rendering.folder, path));
            let inside = path.filter(|path| {
                let rest = path.strip_prefix(rendering.folder.as_str());
                rest.is_some_and(|rest| rendering.folder.is_empty() || rest.starts_with('/'))
            });
            let template = inside.as_deref().and_then(find);
            let made = &lines[start + 1..end];
            sections.push(Section {
                first: start + 1,
                template,
                lines: template.map_or_else(Vec::new, |template| align(&manifests[template].text, made)),
            });
        }
        Chart {
            manifests,
            rendered,
            sections,
            values: rendering.values.iter().rev().filter_map(|path| find(path)).collect(),
        }
    }

    pub(super) fn origin(&self, wanted: &Rendered<'_>) -> Option<Origin> {
        let line = self.line(wanted.place.span.start);
        let after = self.sections.partition_point(|section| section.first <= line);
        let section = self.sections.get(after.checked_sub(1)?)?;
        let template = section.template?;
        let known = |line: usize| *section.lines.get(line.checked_sub(section.first)?)?;
        if let Some(source) = known(line) {
            let span = self.narrowed(template, source, line, wanted.place.span);
            return Some(Origin {
                place: Location {
                    manifest: template,
                    span,
                },
                found: Found::Exact,
                value: self.value(template, source, line),
            });
        }
        // What it lies in, from the inside out.
        let way = wanted.node.map(|node| way(self.rendered, node)).unwrap_or_default();
        let around = way.iter().rev().find_map(|&node| {
            let start = span(self.rendered, node, true)?.start;
            known(self.line(start))
        });
        Some(Origin {
            place: Location {
                manifest: template,
                span: self.whole(template, around.unwrap_or(0)),
            },
            found: Found::Near,
            value: None,
        })
    }

    /// The line of an offset in the rendered text, from 0.
    fn line(&self, offset: u32) -> usize {
        self.rendered.position(offset).line as usize - 1
    }

    /// All of a template's line but the blanks around.
    fn whole(&self, template: usize, line: u32) -> Span {
        let (start, text) = trimmed(&self.manifests[template], line);
        to_span(start, start + text.len())
    }

    /// The part of a template's line that made a place: as much as the two lines have in common is at the same column, and
    /// what follows comes from an action.
    fn narrowed(&self, template: usize, source: u32, line: usize, place: Span) -> Span {
        let (start, text) = trimmed(&self.manifests[template], source);
        let (made_start, made) = trimmed(self.rendered, u32::try_from(line).unwrap_or(u32::MAX));
        let pairs = text.char_indices().zip(made.chars());
        let same = pairs
            .take_while(|((_, a), b)| a == b)
            .last()
            .map_or(0, |((at, a), _)| at + a.len_utf8());
        let from = (place.start as usize).saturating_sub(made_start);
        let to = (place.end as usize).saturating_sub(made_start).min(made.len());
        let from = from.min(same);
        to_span(start + from, start + if to <= same { to.max(from) } else { text.len() })
    }

    /// Where the value is set that a line takes from the chart's values, where it is the one that the line shows.
    fn value(&self, template: usize, source: u32, line: usize) -> Option<Location> {
        let (_, text) = trimmed(&self.manifests[template], source);
        let (_, made) = trimmed(self.rendered, u32::try_from(line).unwrap_or(u32::MAX));
        let path = value_path(text)?;
        let found = self.values.iter().find_map(|&file| {
            let manifest = &self.manifests[file];
            let root = Peek::new(&manifest.part, manifest.documents.first()?.root);
            Some((file, root.at(&path)?))
        });
        let (file, node) = found?;
        if node.is_map() || node.is_sequence() {
            return None;
        }
        let span = span(&self.manifests[file], node.node(), false)?;
        let written = self.manifests[file].text.get(span.start as usize..span.end as usize)?;
        let shown = node.raw_text().unwrap_or(written);
        let shows = !shown.is_empty() && made.contains(shown);
        shows.then_some(Location { manifest: file, span })
    }
}

/// A line, from 0, without the blanks around, and where it starts.
fn trimmed(manifest: &Manifest, line: u32) -> (usize, &str) {
    let range = manifest.line(line.saturating_add(1));
    let text = manifest.text.get(range.clone()).unwrap_or_default();
    let blank = text.len() - text.trim_start().len();
    (range.start + blank, text.trim())
}

fn to_span(start: usize, end: usize) -> Span {
    let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: at(start),
        end: at(end),
    }
}
