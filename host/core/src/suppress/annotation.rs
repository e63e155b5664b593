//! Waivers in annotations: `plimsoll.dev/allow` of an object or of a pod template.

use plimsoll_tree::{Kind, Tree};

use super::waiver::{Waiver, read};
use crate::bundle::Bundle;
use crate::finding::{Location, source_span};

const KEY: &str = "plimsoll.dev/allow";

/// All waivers in annotations, in the order of the tree.
pub(super) fn find(bundle: &Bundle) -> Vec<Waiver> {
    let tree = bundle.tree();
    let Some(key) = tree.find(KEY) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut open: Vec<(u32, u32)> = Vec::new();
    for index in 0..tree.nodes() {
        while open.pop_if(|&mut (_, end)| index >= end).is_some() {}
        let Some(node) = tree.node(index) else { break };
        if node.key == Some(key)
            && let Some(holder) = holder(tree, &open)
        {
            waivers(bundle, tree, index, holder, &mut found);
        }
        if matches!(node.kind, Kind::Map | Kind::Sequence) {
            open.push((index, tree.end(index)));
        }
    }
    found
}

/// What `metadata.annotations` belongs to: an object or a template.
fn holder(tree: Tree<'_>, open: &[(u32, u32)]) -> Option<u32> {
    let [.., (holder, _), (metadata, _), (annotations, _)] = open else {
        return None;
    };
    let named = |node: u32, name: &str| {
        let key = tree.node(node).and_then(|node| node.key);
        key.is_some_and(|key| tree.text(key) == name)
    };
    (named(*metadata, "metadata") && named(*annotations, "annotations")).then_some(*holder)
}

fn waivers(bundle: &Bundle, tree: Tree<'_>, node: u32, holder: u32, found: &mut Vec<Waiver>) {
    let (Some(value), Some(covers), Some(symbol)) = (bundle.locate(node), bundle.locate(holder), tree.symbol(node))
    else {
        return;
    };
    let whole = Location {
        manifest: value.manifest,
        span: value.value,
    };
    let text = tree.text(symbol);
    let source = bundle
        .manifests
        .get(value.manifest)
        .and_then(|manifest| manifest.text.get(whole.span.start as usize..whole.span.end as usize));
    let place = |start: usize, end: usize| {
        source
            .and_then(|source| source_span(source, whole.span.start, text, start..end))
            .unwrap_or(whole.span)
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let said = read(line, true);
        let mut rules = said.rules;
        for rule in &mut rules {
            let from = |at: u32| start + at as usize;
            rule.span = place(from(rule.span.start), from(rule.span.end));
        }
        found.push(Waiver {
            by: "annotation",
            place: Location {
                span: place(start, start + line.len()),
                ..whole
            },
            covers: Some(Location {
                manifest: covers.manifest,
                span: covers.value,
            }),
            rules,
            until: said.until,
            reason: said.reason,
            fault: said.fault,
            expired: false,
        });
    }
}
