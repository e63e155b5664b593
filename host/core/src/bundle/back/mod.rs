//! From what a renderer made back to the files that it was made of.
//!
//! A chart's templates are texts, so what `helm template` prints is compared with them line by line ([`lines`]). What
//! kustomize builds is compared with the objects and patches that it was built of, node by node ([`objects`]). Nothing is
//! guessed: where several places could have made a value, none did.

mod chart;
mod fields;
mod lines;
mod objects;

use std::collections::HashMap;
use std::ops::Range;

use self::chart::Chart;
use self::objects::Kustomized;
use super::Bundle;
use crate::finding::{Found, Location};
use crate::read::{Manifest, Renderer, Span};

/// A place in a rendered text.
#[derive(Clone)]
pub(crate) struct Rendered<'a> {
    /// Where.
    pub(crate) place: Location,
    /// The node of its manifest that it is, where it is one.
    pub(crate) node: Option<u32>,
    /// The node's key is meant.
    pub(crate) key: bool,
    /// Bytes of the node's value that are meant, and the value.
    pub(crate) within: Option<(Range<usize>, &'a str)>,
}

/// Where a rendered place comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    pub(crate) place: Location,
    pub(crate) found: Found,
    /// Where the value is set that a template took.
    pub(crate) value: Option<Location>,
}

/// The rendered texts of a bundle, by the index of their manifests.
pub(crate) struct Back<'b> {
    bundle: &'b Bundle,
    texts: HashMap<usize, Text<'b>>,
}

enum Text<'b> {
    Chart(Chart<'b>),
    Kustomized(Box<Kustomized<'b>>),
}

impl<'b> Back<'b> {
    pub(crate) fn new(bundle: &'b Bundle) -> Self {
        let rendered = bundle.manifests.iter().enumerate();
        let texts = rendered.filter_map(|(index, manifest)| {
            let rendering = manifest.rendering()?;
            let text = match rendering.by {
                Renderer::Helm => Text::Chart(Chart::new(&bundle.manifests, manifest, rendering)),
                Renderer::Kustomize => {
                    Text::Kustomized(Box::new(Kustomized::new(&bundle.manifests, manifest, rendering)))
                }
            };
            Some((index, text))
        });
        Back {
            bundle,
            texts: texts.collect(),
        }
    }

    /// Whether nothing was rendered.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Where a place comes from; none where it is in no rendered text.
    pub(crate) fn origin(&self, rendered: Rendered<'_>) -> Option<Origin> {
        let text = self.texts.get(&rendered.place.manifest)?;
        let offset = *self.bundle.offsets.get(rendered.place.manifest)?;
        let rendered = Rendered {
            node: rendered.node.and_then(|node| node.checked_sub(offset)),
            ..rendered
        };
        let found = match text {
            Text::Chart(chart) => chart.origin(&rendered),
            Text::Kustomized(objects) => objects.origin(&rendered),
        };
        Some(found.unwrap_or(Origin {
            place: rendered.place,
            found: Found::Nowhere,
            value: None,
        }))
    }
}

/// The nodes from the root of the object that a node lies in to the node itself; nothing where it lies in none.
fn way(manifest: &Manifest, node: u32) -> Vec<u32> {
    let holds = |root: u32| root <= node && node < manifest.part.end(root);
    let mut roots = manifest.objects.iter().map(|object| object.root);
    let Some(mut at) = roots.rfind(|&root| holds(root)) else {
        return Vec::new();
    };
    let mut way = vec![at];
    while at != node {
        let children = manifest.part.children(at);
        let Some(next) = children.into_iter().find(|&child| holds(child)) else {
            break;
        };
        way.push(next);
        at = next;
    }
    way
}

/// Where a node's value or key stands.
fn span(manifest: &Manifest, node: u32, key: bool) -> Option<Span> {
    let index = node as usize;
    let key = manifest
        .keys
        .get(index)
        .copied()
        .filter(|span| key && *span != Span::EMPTY);
    key.or_else(|| manifest.spans.get(index).copied())
}
