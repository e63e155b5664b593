//! What a patch sets, marked as not final in what it sets it in.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::bundle::peek::Peek;

/// Operations of a JSON patch beyond which its whole target is unknown.
const MAX_OPERATIONS: usize = 256;

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

/// Marks what the operations of a JSON patch set. Returns whether the namespace is among it.
pub(in crate::bundle) fn operations(patch: Peek<'_>, object: Object<'_>, marks: &mut Marks) -> bool {
    if patch.items().take(MAX_OPERATIONS + 1).count() > MAX_OPERATIONS {
        object.mark_all(marks);
        return true;
    }
    let mut namespace = false;
    for operation in patch.items() {
        let kind = operation.get("op").and_then(Peek::text).unwrap_or_default();
        if kind == "test" {
            continue;
        }
        let from = if kind == "move" { operation.get("from") } else { None };
        for pointer in [operation.get("path"), from].into_iter().flatten() {
            // A path that is not text or not final could be any.
            let Some(pointer) = pointer.text() else {
                object.mark_all(marks);
                return true;
            };
            namespace |= matches!(pointer, "" | "/" | "/metadata" | "/metadata/namespace");
            let adds = matches!(kind, "add" | "copy");
            mark_pointer(pointer, adds, object, marks);
        }
    }
    namespace
}

/// Marks what a pointer names, or the nearest parent where it does not exist.
fn mark_pointer(pointer: &str, adds: bool, object: Object<'_>, marks: &mut Marks) {
    let mut at = object.root;
    let mut steps = pointer.split('/').skip(1).peekable();
    while let Some(step) = steps.next() {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = if at.is_sequence() {
            step.parse::<usize>().ok().and_then(|index| at.items().nth(index))
        } else {
            at.get(&step)
        };
        match next {
            // An item that is added moves the others.
            Some(_) if adds && at.is_sequence() && steps.peek().is_none() => {
                return marks.add(object.manifest, at.node(), false);
            }
            Some(next) => at = next,
            None => return marks.add(object.manifest, at.node(), false),
        }
    }
    marks.add(object.manifest, at.node(), true);
}

/// Marks what a kustomize field path (`spec.containers.[name=web].image`) names. Returns whether that is the namespace.
pub(in crate::bundle) fn field_path(path: &str, object: Object<'_>, marks: &mut Marks) -> bool {
    let steps = field_steps(path);
    let mut open = vec![(object.root, 0)];
    while let Some((at, depth)) = open.pop() {
        let Some(step) = steps.get(depth) else {
            marks.add(object.manifest, at.node(), true);
            continue;
        };
        let before = open.len();
        if step == "*" {
            open.extend(at.children().map(|child| (child, depth + 1)));
        } else if let Some((key, value)) = step
            .strip_prefix('[')
            .and_then(|step| step.strip_suffix(']')?.split_once('='))
        {
            let is = |item: &Peek<'_>| item.get(key).and_then(Peek::text) == Some(value);
            open.extend(at.items().filter(is).map(|item| (item, depth + 1)));
        } else if at.is_sequence() {
            let item = step.parse().ok().and_then(|index: usize| at.items().nth(index));
            open.extend(item.map(|item| (item, depth + 1)));
        } else {
            open.extend(at.get(step).map(|member| (member, depth + 1)));
        }
        if open.len() == before {
            marks.add(object.manifest, at.node(), false);
        }
    }
    matches!(
        steps.iter().map(String::as_str).collect::<Vec<_>>()[..],
        ["metadata", "namespace"]
    )
}

/// Splits a field path at its dots, but not at those that are escaped or in brackets.
fn field_steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut characters = path.chars();
    let mut bracket = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => steps
                .last_mut()
                .map(|step| step.extend(characters.next()))
                .unwrap_or_default(),
            '.' if !bracket => steps.push(String::new()),
            _ => {
                bracket = match character {
                    '[' => true,
                    ']' => false,
                    _ => bracket,
                };
                if let Some(step) = steps.last_mut() {
                    step.push(character);
                }
            }
        }
    }
    steps
}

/// Marks the `image` of containers, wherever they are in the object, whose image has one of these names.
pub(in crate::bundle) fn images(names: &HashSet<&str>, object: Object<'_>, marks: &mut Marks) {
    let mut open = vec![object.root];
    while let Some(at) = open.pop() {
        for child in at.children() {
            if matches!(child.key(), "containers" | "initContainers") && child.is_sequence() {
                for image in child.items().filter_map(|container| container.get("image")) {
                    if names.contains(image_name(image.raw_text().unwrap_or_default())) {
                        marks.add(object.manifest, image.node(), false);
                    }
                }
            }
            if child.is_map() || child.is_sequence() {
                open.push(child);
            }
        }
    }
}

/// An image reference without tag and digest.
fn image_name(text: &str) -> &str {
    let text = text.split('@').next().unwrap_or(text);
    match text.rsplit_once(':') {
        // A colon before a slash is a registry's port.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => text,
    }
}

/// Marks what `replicas` of a kustomization sets.
pub(in crate::bundle) fn replicas(object: Object<'_>, marks: &mut Marks) {
    let Some(spec) = object.root.get("spec") else { return };
    let at = spec.get("replicas").unwrap_or(spec);
    marks.add(object.manifest, at.node(), false);
}

/// Marks every text that holds `$(NAME)`.
pub(in crate::bundle) fn variables(object: Object<'_>, marks: &mut Marks) {
    let mut open = vec![object.root];
    while let Some(at) = open.pop() {
        if at.raw_text().is_some_and(|text| text.contains("$(")) {
            marks.add(object.manifest, at.node(), false);
        }
        open.extend(at.children());
    }
}
