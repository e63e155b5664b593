//! Edits of nodes as edits of text: the smallest ones, in the style of what stands around, each checked by reading the
//! result again.

mod block;
mod diff;
mod flow;
mod lines;
mod plan;
mod source;
mod write;

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_tree::{Flags, ObjectFlags, Tree};

pub use self::diff::{Side, diff};
use self::source::{Change, Source};
use crate::bundle::Bundle;
use crate::finding::Location;
use crate::policy::{Edit, Place};
use crate::read::{Encoding, Span};

/// Text to put in the place of other text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextEdit {
    /// What is replaced.
    pub place: Location,
    /// By what.
    pub text: String,
}

/// What became of a fix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is among the edits.
    Taken,
    /// It meets one that was taken before: it may be taken once the others are in the text.
    Later,
    /// It cannot be made here: an alias or merge key, a value that is not final, a document read without positions, a style
    /// that leaves no place for it, or a result that would mean something else.
    Refused,
}

/// A replacement in a document's own text.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Replacement {
    range: Range<usize>,
    text: String,
    /// Whether comments in the range go with what they are about.
    removal: bool,
}

/// What is to change in one document.
#[derive(Default)]
struct Accepted {
    changes: Vec<Change>,
    replacements: Vec<Replacement>,
}

/// By manifest and document.
type Key = (usize, usize);

/// Bytes of documents that are read again to check edits: of fixes that are only shown, and of fixes that are taken.
const SHOWN: usize = 32 << 20;
const TAKEN: usize = 512 << 20;

/// Turns fixes into edits of text.
pub struct Editor<'a> {
    bundle: &'a Bundle,
    /// Bytes that were read again.
    read: usize,
    /// None: a document that cannot be edited.
    sources: BTreeMap<Key, Option<Source>>,
    accepted: BTreeMap<Key, Accepted>,
}

impl<'a> Editor<'a> {
    /// An editor of the files of a bundle.
    #[must_use]
    pub fn new(bundle: &'a Bundle) -> Self {
        Editor {
            bundle,
            read: 0,
            sources: BTreeMap::new(),
            accepted: BTreeMap::new(),
        }
    }

    /// The edits of a fix by itself; none where one of them cannot be made, and where so much was checked that it takes
    /// too long.
    pub fn alone(&mut self, edits: &[Edit]) -> Option<Vec<TextEdit>> {
        let mut found = Vec::new();
        for (key, Accepted { changes, replacements }) in self.plan(edits)? {
            let source = self.sources.get(&key)?.as_ref()?;
            self.read = self.read.saturating_add(source.text().len());
            if self.read > SHOWN || !source.holds(&changes, &replacements) {
                return None;
            }
            found.extend(
                replacements
                    .into_iter()
                    .map(|replacement| source.located(key.0, replacement)),
            );
        }
        Some(found)
    }

    /// Takes a fix in beside those before, whole or not at all.
    pub fn take(&mut self, edits: &[Edit]) -> Taken {
        let Some(planned) = self.plan(edits) else {
            return Taken::Refused;
        };
        let mut together = Vec::new();
        for (key, Accepted { changes, replacements }) in planned {
            let Some(Some(source)) = self.sources.get(&key) else {
                return Taken::Refused;
            };
            self.read = self.read.saturating_add(source.text().len());
            if self.read > TAKEN {
                return Taken::Later;
            }
            let mut both = Accepted::default();
            if let Some(before) = self.accepted.get(&key) {
                if changes.iter().all(|change| before.changes.contains(change)) {
                    // Another finding's fix says the same.
                    continue;
                }
                let meets = |a: &Replacement| before.replacements.iter().any(|b| meet(&a.range, &b.range));
                if replacements.iter().any(meets) {
                    return match source.holds(&changes, &replacements) {
                        true => Taken::Later,
                        false => Taken::Refused,
                    };
                }
                both.changes.clone_from(&before.changes);
                both.replacements.clone_from(&before.replacements);
            }
            let first = both.changes.is_empty();
            both.changes.extend_from_slice(&changes);
            both.replacements.extend_from_slice(&replacements);
            if !source.holds(&both.changes, &both.replacements) {
                return match !first && source.holds(&changes, &replacements) {
                    true => Taken::Later,
                    false => Taken::Refused,
                };
            }
            together.push((key, both));
        }
        self.accepted.extend(together);
        Taken::Taken
    }

    /// The texts of the files that have taken a fix, by the index of their manifests.
    #[must_use]
    pub fn texts(&self) -> BTreeMap<usize, String> {
        let mut edits: BTreeMap<usize, Vec<Replacement>> = BTreeMap::new();
        for (key, accepted) in &self.accepted {
            let Some(Some(source)) = self.sources.get(key) else {
                continue;
            };
            let moved = accepted.replacements.iter().map(|replacement| Replacement {
                range: replacement.range.start + source.start..replacement.range.end + source.start,
                ..replacement.clone()
            });
            edits.entry(key.0).or_default().extend(moved);
        }
        let text = |(manifest, edits): (usize, Vec<Replacement>)| {
            let text = &self.bundle.manifests.get(manifest)?.text;
            Some((manifest, lines::replaced(text, &edits)?))
        };
        edits.into_iter().filter_map(text).collect()
    }

    /// A fix's changes and replacements, by document.
    fn plan(&mut self, edits: &[Edit]) -> Option<BTreeMap<Key, Accepted>> {
        let bundle = self.bundle;
        let tree = bundle.tree();
        let mut planned: BTreeMap<Key, Accepted> = BTreeMap::new();
        for edit in edits {
            let (Edit::Set { at, .. } | Edit::Insert { into: at, .. } | Edit::Rename { at, .. } | Edit::Remove(at)) =
                edit;
            let Place::Node(node) = *at else { return None };
            let (key, value, span) = place(bundle, tree, node)?;
            let source = self.sources.entry(key).or_insert_with(|| {
                let manifest = bundle.manifests.get(key.0)?;
                Source::read(&manifest.text, manifest.documents.get(key.1)?.span)
            });
            let source = source.as_ref()?;
            let local = source.find(value, span)?;
            // What a kustomization sets is not what stands in the file.
            let same = match edit {
                Edit::Set { .. } | Edit::Remove(_) => source.json(local) == json(tree, node)?,
                Edit::Insert { .. } | Edit::Rename { .. } => source.kind(local) == Some(tree.node(node)?.kind),
            };
            if !same {
                return None;
            }
            let change = Change::of(local, edit)?;
            let entry = planned.entry(key).or_default();
            entry.replacements.extend(plan::replacements(source, &change)?);
            entry.changes.push(change);
        }
        Some(planned)
    }
}

/// Text of a value beyond which none is compared.
const LONGEST: usize = 1 << 20;

fn json(tree: Tree<'_>, node: u32) -> Option<serde_json::Value> {
    let mut text = String::new();
    tree.write_json_within(node, &mut text, LONGEST)
        .then(|| serde_json::from_str(&text).ok())?
}

/// The document of a node that may be edited, and its value's and key's places.
fn place(bundle: &Bundle, tree: Tree<'_>, node: u32) -> Option<(Key, Span, Span)> {
    let flags = tree.node(node)?.flags;
    let object = tree.object(bundle.object_of(node)?)?.flags;
    let fixed = flags.has(Flags::ALIAS) || flags.has(Flags::NOT_FINAL);
    if fixed || object.has(ObjectFlags::COARSE) || object.has(ObjectFlags::RENDERED) {
        return None;
    }
    let found = bundle.locate(node)?;
    let manifest = bundle.manifests.get(found.manifest)?;
    if matches!(manifest.encoding, Encoding::Utf16Le | Encoding::Utf16Be) {
        return None;
    }
    let at = if found.key == Span::EMPTY {
        found.value
    } else {
        found.key
    };
    let documents = &manifest.documents;
    let document = documents
        .partition_point(|document| document.span.start <= at.start)
        .checked_sub(1)?;
    let holds = |document: &crate::read::Document| at.end <= document.span.end && !document.coarse;
    documents.get(document).filter(|document| holds(document))?;
    Some(((found.manifest, document), found.value, found.key))
}

/// Whether two replacements cannot be made together: they share text, or put something in at the same place.
fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    (a.start < b.end && b.start < a.end) || a.start == b.start
}

#[cfg(test)]
mod tests;
