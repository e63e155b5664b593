//! What a kustomization's own fields set: namespace, images, replicas, labels, and what it generates.

use super::span;
use crate::bundle::kustomize::model::{self, Generator};
use crate::bundle::kustomize::roots::Part;
use crate::bundle::peek::Peek;
use crate::finding::Found;
use crate::read::{Manifest, Span};

pub(super) use crate::bundle::kustomize::model::Source;

/// Maps whose members are labels or annotations.
const LABELS: [&str; 4] = ["labels", "matchLabels", "selector", "annotations"];

/// A kustomization, and what was built.
pub(super) struct Set<'a> {
    pub(super) built: &'a Manifest,
    /// The kustomization's file.
    pub(super) file: &'a Manifest,
    pub(super) part: &'a Part,
    pub(super) generators: &'a [Generator],
}

impl Set<'_> {
    /// Where the kustomization says what stands at the end of this way.
    pub(super) fn find(&self, way: &[u32]) -> Option<(Span, Found)> {
        let (root, _) = model::find(self.file)?;
        let root = Peek::new(&self.file.part, root);
        self.field(root, way)
            .and_then(|node| Some((span(self.file, node.node(), false)?, Found::Exact)))
            .or_else(|| self.generated(root, way))
    }

    fn field<'p>(&'p self, root: Peek<'p>, way: &[u32]) -> Option<Peek<'p>> {
        let at = |node: u32| Peek::new(&self.built.part, node);
        let node = at(*way.last()?);
        let keys: Vec<&str> = way.iter().skip(1).map(|&node| at(node).key()).collect();
        let set = match keys.as_slice() {
            ["metadata", "namespace"] => root.get("namespace"),
            ["spec", "replicas"] => {
                let name = at(*way.first()?).at(&["metadata", "name"])?.text()?;
                let of_it = |entry: &Peek<'_>| {
                    let entry = entry.get("name").and_then(Peek::text);
                    entry.is_some_and(|entry| name.contains(entry))
                };
                root.get("replicas")?.items().find(of_it)?.get("count")
            }
            [.., "image"] => image(root, node.text()?),
            [.., holder, key] if LABELS.contains(holder) => label(root, key),
            _ => None,
        }?;
        let same = match (set.text(), node.text()) {
            (Some(set), Some(node)) => set == node || keys.last() == Some(&"image"),
            (None, None) => self.written(self.file, set) == self.written(self.built, node),
            _ => false,
        };
        same.then_some(set)
    }

    /// The entry that makes a ConfigMap or Secret, or the literal of it that makes one of its values.
    fn generated(&self, root: Peek<'_>, way: &[u32]) -> Option<(Span, Found)> {
        let object = Peek::new(&self.built.part, *way.first()?);
        let (kind, name) = (object.get("kind")?.text()?, object.at(&["metadata", "name"])?.text()?);
        let made = self.generators.iter().find(|generator| {
            let whole = format!("{}{}{}", self.part.prefix, generator.name, self.part.suffix);
            generator.kind == kind && name.strip_prefix(whole.as_str()).is_some_and(is_hash)
        })?;
        let lists = ["configMapGenerator", "secretGenerator"];
        let mut entries = lists.iter().filter_map(|list| root.get(list)).flat_map(Peek::items);
        let entry = entries.find(|entry| entry.node() == made.node)?;
        if let [_, _, value, ..] = way {
            let key = Peek::new(&self.built.part, *value).key();
            let literal = entry.get("literals").into_iter().flat_map(Peek::items).find(|literal| {
                let text = literal.raw_text().and_then(|text| text.split_once('='));
                text.is_some_and(|(name, _)| name == key)
            });
            if let Some(literal) = literal {
                return Some((span(self.file, literal.node(), false)?, Found::Exact));
            }
        }
        let name = entry.get("name")?;
        Some((span(self.file, name.node(), false)?, Found::Near))
    }

    fn written<'t>(&self, manifest: &'t Manifest, node: Peek<'_>) -> Option<&'t str> {
        let span = span(manifest, node.node(), false)?;
        manifest.text.get(span.start as usize..span.end as usize)
    }
}

/// The part of an entry of `images` that an image got its tag, digest or name from.
fn image<'p>(root: Peek<'p>, image: &str) -> Option<Peek<'p>> {
    root.get("images")?.items().find_map(|entry| {
        let says = |key: &str| entry.get(key).filter(|node| node.text().is_some());
        let name = says("newName").or_else(|| says("name"))?.text()?;
        let rest = image.strip_prefix(name)?;
        let tag =
            says("newTag").filter(|tag| rest.strip_prefix(':').and_then(|rest| rest.split('@').next()) == tag.text());
        let digest = says("digest").filter(|digest| rest.rsplit_once('@').map(|(_, digest)| digest) == digest.text());
        let bare = rest.is_empty() || rest.starts_with([':', '@']);
        tag.or(digest).or_else(|| says("newName").filter(|_| bare))
    })
}

/// A label or annotation that is added.
fn label<'p>(root: Peek<'p>, key: &str) -> Option<Peek<'p>> {
    let old = ["commonLabels", "commonAnnotations"].into_iter();
    let old = old.filter_map(|name| root.get(name));
    let sets = root.get("labels").into_iter().flat_map(Peek::items);
    let mut sets = sets.filter_map(|set| set.get("pairs")).chain(old);
    sets.find_map(|set| set.get(key))
}

/// Whether this is what kustomize puts behind the name of what it generates, or nothing: a dash and ten letters and digits.
pub(super) fn is_hash(rest: &str) -> bool {
    let hash = |rest: &str| rest.len() == 10 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    rest.is_empty() || rest.strip_prefix('-').is_some_and(hash)
}

/// Where the scalar stands that holds this text: the only one of its file.
pub(super) fn scalar(file: &Manifest, text: &str) -> Option<Span> {
    let mut holders = (0..file.part.len()).filter(|&node| file.part.string(node) == Some(text));
    let node = holders.next().filter(|_| holders.next().is_none())?;
    span(file, node, false)
}
