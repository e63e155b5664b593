//! A fix's edits as edits of text.

use plimsoll_tree::{Flags, Kind, Tree};

use crate::bundle::Bundle;
use crate::finding::Location;
use crate::policy::{Edit, Place};
use crate::read::Span;

/// Text to put in the place of other text.
pub struct TextEdit {
    /// What is replaced.
    pub place: Location,
    /// By what.
    pub text: String,
}

/// The edits of a fix, or none where one of them cannot be said as the replacement of a span: through an alias, of a
/// value that is not final or was read without positions, or one that adds or removes lines.
pub fn text_edits(bundle: &Bundle, edits: &[Edit]) -> Option<Vec<TextEdit>> {
    let tree = bundle.tree();
    edits
        .iter()
        .map(|edit| match edit {
            Edit::Set {
                at: Place::Node(node),
                value,
            } => {
                let place = editable(bundle, tree, *node, false)?;
                let scalar = !matches!(tree.node(*node)?.kind, Kind::Map | Kind::Sequence);
                // Only what JSON and YAML write alike, on one line.
                (scalar && !value.contains('\n')).then(|| TextEdit {
                    place,
                    text: value.clone(),
                })
            }
            Edit::Rename {
                at: Place::Node(node),
                key,
            } => {
                let place = editable(bundle, tree, *node, true)?;
                let plain = key
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
                let plain = plain && key.starts_with(|first: char| first.is_ascii_alphabetic());
                let text = if plain {
                    key.clone()
                } else {
                    serde_json::Value::from(key.as_str()).to_string()
                };
                Some(TextEdit { place, text })
            }
            _ => None,
        })
        .collect()
}

fn editable(bundle: &Bundle, tree: Tree<'_>, node: u32, key: bool) -> Option<Location> {
    let flags = tree.node(node)?.flags;
    let coarse = tree
        .object(bundle.object_of(node)?)?
        .flags
        .has(plimsoll_tree::ObjectFlags::COARSE);
    if coarse || flags.has(Flags::ALIAS) || flags.has(Flags::NOT_FINAL) {
        return None;
    }
    let found = bundle.locate(node)?;
    let span = if key { found.key } else { found.value };
    let text = bundle
        .manifests
        .get(found.manifest)?
        .text
        .get(span.start as usize..span.end as usize)?;
    // Block scalars' spans start at their content, and quoted keys would lose their quotes' style: neither is a plain
    // replacement.
    (span != Span::EMPTY && !text.contains('\n')).then_some(Location {
        manifest: found.manifest,
        span,
    })
}
