//! What a patch sets, marked as not final in what it sets it in.

use std::collections::{BTreeSet, HashMap};

use crate::bundle::peek::Peek;

/// Nodes to be marked as not final.
#[derive(Default)]
pub(in crate::bundle) struct Marks {
    /// Manifest, node, and whether all in it is meant.
    nodes: BTreeSet<(usize, u32, bool)>,
}

impl Marks {
    pub(in crate::bundle) fn add(&mut self, manifest: usize, node: u32, deep: bool) {
        self.nodes.insert((manifest, node, deep));
    }

    /// In order of manifest and node.
    pub(in crate::bundle) fn iter(&self) -> impl Iterator<Item = (usize, u32, bool)> {
        self.nodes.iter().copied()
    }
}

/// An object that patches are applied to.
#[derive(Clone, Copy)]
pub(in crate::bundle) struct Object<'a> {
    pub(in crate::bundle) manifest: usize,
    pub(in crate::bundle) root: Peek<'a>,
    /// Of a group that strategic merge knows: lists merge by key. Others replace lists whole.
    pub(in crate::bundle) merges_lists: bool,
}

impl Object<'_> {
    /// Marks everything in it.
    pub(in crate::bundle) fn mark_all(self, marks: &mut Marks) {
        marks.add(self.manifest, self.root.node(), true);
    }
}

/// Whether strategic merge knows the lists of this group: those of Kubernetes itself.
pub(in crate::bundle) fn merges_lists(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io") && group != "gateway.networking.k8s.io"
}

/// Marks what a document like the object itself (a strategic merge patch, a partial definition) sets in it.
pub(in crate::bundle) fn merge(patch: Peek<'_>, object: Object<'_>, marks: &mut Marks) {
    // Each node is met once, unless a list of the patch names one item over and over.
    let mut budget = 64 + 2 * (u64::from(size(patch)) + u64::from(size(object.root)));
    let mut open = vec![(patch, object.root, true)];
    while let Some((patch, target, top)) = open.pop() {
        let cost = 1 + patch.children().count() + target.children().count();
        match budget.checked_sub(cost as u64) {
            Some(rest) => budget = rest,
            None => return object.mark_all(marks),
        }
        if patch.is_map() && target.is_map() {
            merge_maps(patch, target, top, object, marks, &mut open);
        } else if patch.is_sequence() && target.is_sequence() {
            merge_sequences(patch, target, object, marks, &mut open);
        } else if !same_text(patch, target) {
            marks.add(object.manifest, target.node(), true);
        }
    }
}

/// Nodes of what a cursor stands on.
pub(in crate::bundle) fn size(node: Peek<'_>) -> u32 {
    node.end().saturating_sub(node.node())
}

fn same_text(a: Peek<'_>, b: Peek<'_>) -> bool {
    a.text().is_some() && a.text() == b.text()
}

fn merge_maps<'a, 'b>(
    patch: Peek<'a>,
    target: Peek<'b>,
    top: bool,
    object: Object<'_>,
    marks: &mut Marks,
    open: &mut Vec<(Peek<'a>, Peek<'b>, bool)>,
) {
    let members: HashMap<&str, Peek<'b>> = target.children().map(|member| (member.key(), member)).collect();
    for member in patch.children() {
        let key = member.key();
        // What says which object is meant sets nothing.
        if top && matches!(key, "apiVersion" | "kind") {
            continue;
        }
        if key == "$patch" {
            marks.add(object.manifest, target.node(), true);
            continue;
        }
        let key = key.strip_prefix("$setElementOrder/").unwrap_or(key);
        let key = key.strip_prefix("$deleteFromPrimitiveList/").unwrap_or(key);
        match members.get(key) {
            Some(&at) if top && key == "metadata" => merge_metadata(member, at, object, marks, open),
            Some(&at) => open.push((member, at, false)),
            None => marks.add(object.manifest, target.node(), false),
        }
    }
}

/// The name and namespace of a patch say which object is meant.
fn merge_metadata<'a, 'b>(
    patch: Peek<'a>,
    target: Peek<'b>,
    object: Object<'_>,
    marks: &mut Marks,
    open: &mut Vec<(Peek<'a>, Peek<'b>, bool)>,
) {
    for member in patch.children() {
        match (member.key(), target.get(member.key())) {
            ("name" | "namespace", _) => {}
            (_, Some(at)) => open.push((member, at, false)),
            (_, None) => marks.add(object.manifest, target.node(), false),
        }
    }
}

/// The keys by which items of a list are told apart, the first that an item has.
const MERGE_KEYS: [&str; 8] = [
    "name",
    "containerPort",
    "port",
    "mountPath",
    "devicePath",
    "topologyKey",
    "ip",
    "uid",
];

fn merge_key(item: Peek<'_>) -> Option<(&'static str, Peek<'_>)> {
    MERGE_KEYS.iter().find_map(|&key| Some((key, item.get(key)?)))
}

fn merge_sequences<'a, 'b>(
    patch: Peek<'a>,
    target: Peek<'b>,
    object: Object<'_>,
    marks: &mut Marks,
    open: &mut Vec<(Peek<'a>, Peek<'b>, bool)>,
) {
    let keyed = object.merges_lists
        && patch.items().chain(target.items()).all(|item| item.is_map())
        && patch
            .items()
            .all(|item| item.get("$patch").is_some() || merge_key(item).is_some());
    if !keyed {
        marks.add(object.manifest, target.node(), true);
        return;
    }
    let mut by_name: HashMap<&str, Peek<'b>> = HashMap::new();
    for item in target.items() {
        if let Some(name) = item.get("name").and_then(Peek::text) {
            by_name.entry(name).or_insert(item);
        }
    }
    for item in patch.items() {
        let found = match merge_key(item) {
            Some(("name", name)) => name.text().and_then(|name| by_name.get(name).copied()),
            // By another key: which item is meant would need numbers; any may be.
            Some(_) => {
                marks.add(object.manifest, target.node(), true);
                continue;
            }
            None => None,
        };
        match found {
            Some(at) => open.push((item, at, false)),
            None => marks.add(object.manifest, target.node(), item.get("$patch").is_some()),
        }
    }
}
