//! From nodes to objects, files and pointers, and back.

use plimsoll_tree::{Kind, NONE, Tree};

use super::Bundle;
use crate::read::Span;

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    /// Index of its manifest.
    pub manifest: usize,
    /// Its value, in the manifest's text.
    pub value: Span,
    /// The key that names it; empty when it has none.
    pub key: Span,
}

/// An object's nodes.
#[derive(Clone, Copy)]
struct Extent {
    root: u32,
    end: u32,
    object: u32,
    /// Position of the extent that it lies in, or [`NONE`].
    outer: u32,
}

/// Objects by their nodes.
#[derive(Default)]
pub(super) struct Places {
    /// By root, outer before inner.
    extents: Vec<Extent>,
    /// By object.
    roots: Vec<u32>,
}

impl Places {
    pub(super) fn new(tree: Tree<'_>) -> Self {
        let objects = (0..tree.objects()).filter_map(|object| Some((object, tree.object(object)?)));
        let mut extents: Vec<Extent> = objects
            .map(|(object, record)| Extent {
                root: record.root,
                end: record.end,
                object,
                outer: NONE,
            })
            .collect();
        let roots = extents.iter().map(|extent| extent.root).collect();
        extents.sort_unstable_by_key(|extent| (extent.root, std::cmp::Reverse(extent.end), extent.object));
        let mut open: Vec<(u32, u32)> = Vec::new();
        for (position, extent) in (0_u32..).zip(&mut extents) {
            while open.last().is_some_and(|&(_, end)| end <= extent.root) {
                open.pop();
            }
            extent.outer = open.last().map_or(NONE, |&(outer, _)| outer);
            open.push((position, extent.end));
        }
        Places { extents, roots }
    }
}

impl Bundle {
    /// The file and place of a node; none of the facts' nodes.
    #[must_use]
    pub fn locate(&self, node: u32) -> Option<Location> {
        if node >= self.end {
            return None;
        }
        // Of manifests without nodes, which share an offset, the last is the one with nodes.
        let manifest = self.offsets.partition_point(|&offset| offset <= node).checked_sub(1)?;
        let at = (node - self.offsets.get(manifest)?) as usize;
        let file = self.manifests.get(manifest)?;
        Some(Location {
            manifest,
            value: *file.spans.get(at)?,
            key: file.keys.get(at).copied().unwrap_or(Span::EMPTY),
        })
    }

    /// The manifest that an object is in.
    #[must_use]
    pub fn manifest_of(&self, object: u32) -> Option<usize> {
        let root = *self.places.roots.get(object as usize)?;
        self.locate(root).map(|location| location.manifest)
    }

    /// The innermost object that a node belongs to.
    #[must_use]
    pub fn object_of(&self, node: u32) -> Option<u32> {
        let extents = &self.places.extents;
        let mut at = extents.partition_point(|extent| extent.root <= node).checked_sub(1)?;
        loop {
            let extent = extents.get(at)?;
            if node < extent.end {
                return Some(extent.object);
            }
            at = extent.outer as usize;
        }
    }

    /// The RFC 6901 pointer from an object's root to a node in it; none when it is not in it.
    #[must_use]
    pub fn pointer(&self, object: u32, node: u32) -> Option<String> {
        let nodes = Nodes::new(&self.words);
        let mut at = *self.places.roots.get(object as usize)?;
        if node < at || node >= nodes.end(at)? {
            return None;
        }
        let mut pointer = String::new();
        while at != node {
            let holder = nodes.kind(at)?;
            let (mut child, mut position) = (at.checked_add(1)?, 0_u32);
            while nodes.end(child)? <= node {
                child = nodes.end(child)?;
                position += 1;
            }
            pointer.push('/');
            if holder == Kind::Map as u32 {
                pointer.push_str(
                    &nodes
                        .key(child)
                        .unwrap_or_default()
                        .replace('~', "~0")
                        .replace('/', "~1"),
                );
            } else {
                pointer.push_str(&position.to_string());
            }
            at = child;
        }
        Some(pointer)
    }

    /// The node that an RFC 6901 pointer from an object's root names.
    ///
    /// # Errors
    /// The nearest parent that exists, where the pointer does not resolve; [`NONE`] when there is no such object.
    pub fn resolve(&self, object: u32, pointer: &str) -> Result<u32, u32> {
        let nodes = Nodes::new(&self.words);
        let mut at = *self.places.roots.get(object as usize).ok_or(NONE)?;
        if pointer.is_empty() {
            return Ok(at);
        }
        let steps = pointer.strip_prefix('/').ok_or(at)?;
        for step in steps.split('/') {
            at = nodes.child(at, step).ok_or(at)?;
        }
        Ok(at)
    }
}

/// The nodes of a tree and their keys, without the check of the text that reading a whole tree takes.
struct Nodes<'a> {
    words: &'a [u32],
}

impl<'a> Nodes<'a> {
    fn new(words: &'a [u32]) -> Self {
        Nodes { words }
    }

    /// A record of two words of a section, which starts where this word of the header says.
    fn record(&self, header: usize, index: u32) -> Option<[u32; 2]> {
        let (start, count) = (*self.words.get(header)?, *self.words.get(header + 1)?);
        let at = (start as usize).checked_add((index as usize).checked_mul(2)?)?;
        (index < count).then_some([*self.words.get(at)?, *self.words.get(at + 1)?])
    }

    fn node(&self, node: u32) -> Option<[u32; 2]> {
        self.record(8, node)
    }

    fn kind(&self, node: u32) -> Option<u32> {
        Some(self.node(node)?[0] & 0xF)
    }

    /// The node after the last descendant; more than the node itself.
    fn end(&self, node: u32) -> Option<u32> {
        let [head, value] = self.node(node)?;
        let next = node.checked_add(1)?;
        let holds = matches!(head & 0xF, 6 | 7);
        Some(if holds { value.max(next) } else { next })
    }

    fn key(&self, node: u32) -> Option<&'a str> {
        let [offset, length] = self.record(10, (self.node(node)?[0] >> 8).checked_sub(1)?)?;
        let text: &[u8] = bytemuck::cast_slice(self.words.get(*self.words.get(20)? as usize..)?);
        let bytes = text.get(offset as usize..offset.checked_add(length)? as usize)?;
        std::str::from_utf8(bytes).ok()
    }

    /// The child that a step of a pointer names.
    fn child(&self, node: u32, step: &str) -> Option<u32> {
        let kind = self.kind(node)?;
        if kind != Kind::Map as u32 && kind != Kind::Sequence as u32 {
            return None;
        }
        let (mut at, end) = (node.checked_add(1)?, self.end(node)?);
        // RFC 6901: no sign, no leading zero.
        let digits = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
        let wanted: Option<u32> = step.parse().ok().filter(|_| digits);
        let key = step.replace("~1", "/").replace("~0", "~");
        let mut position = 0;
        while at < end {
            let is_it = if kind == Kind::Map as u32 {
                self.key(at) == Some(key.as_str())
            } else {
                wanted == Some(position)
            };
            if is_it {
                return Some(at);
            }
            at = self.end(at)?;
            position += 1;
        }
        None
    }
}
