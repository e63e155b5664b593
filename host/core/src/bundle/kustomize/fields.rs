//! What names a field is marked: pointers of JSON patches, field paths of replacements, images, replicas.

use std::collections::HashSet;

use super::marks::{Marks, Object};
use crate::bundle::peek::Peek;

/// Operations of a JSON patch beyond which its whole target is unknown.
const MAX_OPERATIONS: usize = 256;

/// Marks what the operations of a JSON patch set. Returns whether the namespace is among it.
pub(super) fn operations(patch: Peek<'_>, object: Object<'_>, marks: &mut Marks) -> bool {
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
pub(super) fn field_path(path: &str, object: Object<'_>, marks: &mut Marks) -> bool {
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
pub(super) fn images(names: &HashSet<&str>, object: Object<'_>, marks: &mut Marks) {
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
pub(super) fn replicas(object: Object<'_>, marks: &mut Marks) {
    let Some(spec) = object.root.get("spec") else { return };
    let at = spec.get("replicas").unwrap_or(spec);
    marks.add(object.manifest, at.node(), false);
}
