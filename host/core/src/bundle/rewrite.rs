//! Changing the nodes of a manifest while all that stands beside them stays beside them.

use plimsoll_tree::write::{Part, Spliced};
use plimsoll_tree::{Flags, NONE};

use crate::read::{Manifest, Span};

/// Marks a node as not final, and with `deep` all in it.
pub(super) fn mark(part: &mut Part, node: u32, deep: bool) {
    let end = if deep {
        part.end(node).min(part.len())
    } else {
        node.saturating_add(1)
    };
    for at in node..end {
        part.add_flags(at, Flags::NOT_FINAL);
    }
}

/// Takes over a part with new nodes. They stand where what holds them stands.
pub(super) fn splice(manifest: &mut Manifest, spliced: Spliced) {
    let Spliced { part, sources, moved } = spliced;
    let mut spans = Vec::with_capacity(sources.len());
    let mut keys = Vec::with_capacity(sources.len());
    // The maps that are open at a node: their ends and places.
    let mut open: Vec<(u32, Span, Span)> = Vec::new();
    for (node, &source) in (0_u32..).zip(&sources) {
        while open.last().is_some_and(|&(end, ..)| end <= node) {
            open.pop();
        }
        let old = source as usize;
        let (span, key) = match (manifest.spans.get(old), manifest.keys.get(old)) {
            (Some(&span), Some(&key)) if source != NONE => (span, key),
            _ => open
                .last()
                .map_or((Span::EMPTY, Span::EMPTY), |&(_, span, key)| (span, key)),
        };
        if part.end(node) > node.saturating_add(1) {
            open.push((part.end(node), span, key));
        }
        spans.push(span);
        keys.push(key);
    }
    let new = |old: u32| moved.get(old as usize).copied().filter(|&node| node != NONE);
    for document in &mut manifest.documents {
        if let Some(root) = new(document.root) {
            document.root = root;
            document.end = part.end(root);
        }
    }
    for object in &mut manifest.objects {
        object.root = new(object.root).unwrap_or(object.root);
    }
    for remark in &mut manifest.remarks {
        remark.node = remark.node.and_then(new);
    }
    manifest.part = part;
    manifest.spans = spans;
    manifest.keys = keys;
}
