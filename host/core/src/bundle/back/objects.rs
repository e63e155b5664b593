//! What kustomize built, and the objects and patches that it was built of.

use std::collections::HashMap;

use super::{Origin, Rendered, fields, span, way};
use crate::bundle::kustomize::roots::{Known, Listing, Use};
use crate::bundle::peek::Peek;
use crate::finding::{Found, Location, source_span};
use crate::read::{Limits, Manifest, ReadObject, Rendering, Span, manifest};

/// What names an item of a list among its siblings.
const NAMES: [&str; 5] = ["name", "containerPort", "port", "mountPath", "key"];

/// Pairs of built and written objects that are kept.
const MAX_PAIRS: usize = 1 << 20;

/// What a kustomization's build is made of.
pub(super) struct Kustomized<'b> {
    manifests: &'b [Manifest],
    built: &'b Manifest,
    known: Known<'b>,
    listing: Listing,
    documents: Vec<Document>,
    /// Patches that stand in a kustomization's text, each with the scalar that holds it.
    inline: Vec<(Manifest, Span, String)>,
    /// By the root of a built object, its documents: what has the last word comes first.
    made_of: HashMap<u32, Vec<usize>>,
}

/// A document that says something of built objects.
struct Document {
    manifest: usize,
    /// Of `inline`, where it stands in another text.
    inline: Option<usize>,
    root: u32,
    patch: bool,
}

/// A step down, as another object is to take it.
enum Step<'a> {
    Key(&'a str),
    Item(u32, &'a [u32]),
}

impl<'b> Kustomized<'b> {
    pub(super) fn new(manifests: &'b [Manifest], built: &'b Manifest, rendering: &Rendering) -> Self {
        let known = Known::new(manifests);
        let listing = known.listing(&rendering.folder);
        let mut found = Kustomized {
            manifests,
            built,
            known,
            listing,
            documents: Vec::new(),
            inline: Vec::new(),
            made_of: HashMap::new(),
        };
        found.gather();
        found
    }

    fn gather(&mut self) {
        let mut by_kind: HashMap<&str, Vec<&ReadObject>> = HashMap::new();
        for object in &self.built.objects {
            by_kind.entry(&object.kind).or_default().push(object);
        }
        let mut pairs = 0;
        for part in &self.listing.parts {
            let file = &self.manifests[part.manifest];
            match part.used {
                Use::Resource => {
                    for object in file.all_objects() {
                        let whole = format!("{}{}{}", part.prefix, object.name, part.suffix);
                        let number = self.documents.len();
                        self.documents.push(Document {
                            manifest: part.manifest,
                            inline: None,
                            root: object.root,
                            patch: false,
                        });
                        for built in by_kind.get(object.kind.as_str()).into_iter().flatten() {
                            let named = built.name == whole || built.name == object.name;
                            if named && built.group == object.group && pairs < MAX_PAIRS {
                                pairs += 1;
                                self.made_of.entry(built.root).or_default().push(number);
                            }
                        }
                    }
                }
                Use::Patch(number) => {
                    let Some(kustomization) = self.known.all.get(part.by) else {
                        continue;
                    };
                    let Some(patch) = kustomization.transform.patches.get(number) else {
                        continue;
                    };
                    let target = patch.target.as_ref();
                    let mut roots: Vec<(Option<usize>, u32)> = Vec::new();
                    match &patch.source {
                        fields::Source::Path(_) => {
                            roots.extend(file.documents.iter().map(|document| (None, document.root)));
                        }
                        fields::Source::Node(node) => roots.push((None, *node)),
                        fields::Source::Inline(text) => {
                            let Some(scalar) = fields::scalar(file, text) else {
                                continue;
                            };
                            let read = manifest("", text.as_bytes(), &Limits::default());
                            let inline = self.inline.len();
                            roots.extend(read.documents.iter().map(|document| (Some(inline), document.root)));
                            self.inline.push((read, scalar, text.clone()));
                        }
                    }
                    for (inline, root) in roots {
                        let from = inline.map_or(file, |inline| &self.inline[inline].0);
                        let node = Peek::new(&from.part, root);
                        let says = |path: &[&str]| node.at(path).and_then(Peek::text);
                        let kind = target.map_or_else(|| says(&["kind"]), |target| target.kind.as_deref());
                        let name = target.map_or_else(|| says(&["metadata", "name"]), |target| target.name.as_deref());
                        let number = self.documents.len();
                        self.documents.push(Document {
                            manifest: part.manifest,
                            inline,
                            root,
                            patch: true,
                        });
                        for built in &self.built.objects {
                            let meant = kind.is_none_or(|kind| kind == built.kind)
                                && name.is_none_or(|name| built.name.contains(name));
                            if meant && pairs < MAX_PAIRS {
                                pairs += 1;
                                self.made_of.entry(built.root).or_default().push(number);
                            }
                        }
                    }
                }
                Use::Kustomization | Use::Other => {}
            }
        }
    }

    pub(super) fn origin(&self, wanted: &Rendered<'_>) -> Option<Origin> {
        let way = way(self.built, wanted.node?);
        let (&root, &node) = (way.first()?, way.last()?);
        let exact = |place| Origin {
            place,
            found: Found::Exact,
            value: None,
        };
        let documents = self.made_of.get(&root).map_or(&[] as &[usize], Vec::as_slice);
        let documents = documents.iter().filter_map(|&number| self.documents.get(number));
        let built = Peek::new(&self.built.part, node);
        let holds = built.is_map() || built.is_sequence();
        // A map is where its object is written; a value, where it was set last.
        let mut sources: Vec<&Document> = documents.clone().filter(|document| !document.patch).collect();
        // Which of two objects it was is not known.
        if sources.len() > 1 && self.differ(&sources) {
            sources.clear();
        }
        let patches = documents.filter(|document| document.patch);
        let sources: Vec<&Document> = if holds || wanted.key {
            sources.into_iter().chain(patches).collect()
        } else {
            patches.chain(sources).collect()
        };
        let steps = self.steps(&way);
        let found = sources.into_iter().find_map(|document| {
            let from = self.text(document);
            let at = Peek::new(&from.part, document.root);
            let at = if document.patch && at.is_sequence() {
                self.operation(from, at, &way, &steps)?
            } else {
                self.descend(from, at, &steps)?
            };
            let same = if holds {
                at.is_map() == built.is_map() && at.is_sequence() == built.is_sequence()
            } else {
                wanted.key || self.equal(from, at, built) || self.renamed(at, built)
            };
            same.then(|| self.place(document, at.node(), wanted)).flatten()
        });
        found.map(exact).or_else(|| {
            let kustomizations = self.listing.parts.iter().filter(|part| part.used == Use::Kustomization);
            let kustomizations = kustomizations.filter_map(|part| {
                let model = self.known.all.get(part.by)?;
                Some((part, model, self.manifests.get(part.manifest)?))
            });
            let mut kustomizations = kustomizations;
            kustomizations.find_map(|(part, model, file)| {
                let set = fields::Set {
                    built: self.built,
                    file,
                    part,
                    generators: &model.transform.generators,
                };
                let (span, found) = set.find(&way)?;
                let manifest = part.manifest;
                Some(Origin {
                    place: Location { manifest, span },
                    found,
                    value: None,
                })
            })
        })
    }

    fn text(&self, document: &Document) -> &Manifest {
        match document.inline {
            Some(inline) => &self.inline[inline].0,
            None => &self.manifests[document.manifest],
        }
    }

    /// Whether documents are not all in one place: the same file may be reached twice.
    fn differ(&self, documents: &[&Document]) -> bool {
        let mut places = documents.iter().map(|document| (document.manifest, document.root));
        let first = places.next();
        places.any(|place| Some(place) != first)
    }

    /// The way down in words that hold in another object.
    fn steps<'a>(&'a self, way: &'a [u32]) -> Vec<Step<'a>> {
        way.iter()
            .skip(1)
            .enumerate()
            .map(|(above, &node)| {
                let at = Peek::new(&self.built.part, node);
                match self.built.part.key(node) {
                    Some(_) => Step::Key(at.key()),
                    None => Step::Item(node, way.get(above..=above).unwrap_or_default()),
                }
            })
            .collect()
    }

    fn descend<'p>(&self, from: &'p Manifest, root: Peek<'p>, steps: &[Step<'_>]) -> Option<Peek<'p>> {
        steps.iter().try_fold(root, |at, step| match step {
            Step::Key(key) => at.get(key),
            Step::Item(item, holder) => self.item(from, at, *item, *holder.first()?),
        })
    }

    /// The item of another list that is this one: by what names it, by its value, or by its place in a list of as many.
    fn item<'p>(&self, from: &'p Manifest, list: Peek<'p>, item: u32, holder: u32) -> Option<Peek<'p>> {
        let built = Peek::new(&self.built.part, item);
        if !(built.is_map() || built.is_sequence()) {
            return list.items().find(|&other| self.equal(from, other, built));
        }
        for name in NAMES {
            if let Some(named) = built.get(name) {
                let is_it = |other: &Peek<'p>| other.get(name).is_some_and(|other| self.equal(from, other, named));
                return list.items().find(is_it);
            }
        }
        let siblings: Vec<u32> = Peek::new(&self.built.part, holder).items().map(Peek::node).collect();
        let position = siblings.iter().position(|&sibling| sibling == item)?;
        (list.items().count() == siblings.len()).then(|| list.items().nth(position))?
    }

    /// What an operation of a JSON patch (RFC 6902) puts where the way leads.
    fn operation<'p>(&self, from: &'p Manifest, patch: Peek<'p>, way: &[u32], steps: &[Step<'_>]) -> Option<Peek<'p>> {
        // The last word is the last operation's.
        let operations: Vec<Peek<'p>> = patch.items().collect();
        operations.into_iter().rev().find_map(|operation| {
            let path = operation.get("path")?.text()?.strip_prefix('/')?;
            let path: Vec<String> = path
                .split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect();
            let leads = path
                .iter()
                .zip(steps)
                .zip(way)
                .all(|((word, step), &holder)| match step {
                    Step::Key(key) => word == key,
                    Step::Item(item, _) => {
                        let mut items = Peek::new(&self.built.part, holder).items();
                        word == "-" || items.position(|each| each.node() == *item) == word.parse().ok()
                    }
                });
            let rest = steps.get(path.len()..).filter(|_| leads)?;
            self.descend(from, operation.get("value")?, rest)
        })
    }

    fn equal(&self, from: &Manifest, other: Peek<'_>, built: Peek<'_>) -> bool {
        match (other.raw_text(), built.raw_text()) {
            (Some(other), Some(built)) => other == built,
            (None, None) => {
                let written = written(from, other.node());
                other.kind() == built.kind() && written.is_some() && written == written_of(self.built, built.node())
            }
            _ => false,
        }
    }

    /// Whether a text is a name that kustomize has put something around: prefix, suffix, hash of the content.
    fn renamed(&self, other: Peek<'_>, built: Peek<'_>) -> bool {
        let (Some(other), Some(built)) = (other.text(), built.text()) else {
            return false;
        };
        !other.is_empty()
            && self.listing.parts.iter().any(|part| {
                let whole = format!("{}{other}{}", part.prefix, part.suffix);
                built.strip_prefix(whole.as_str()).is_some_and(fields::is_hash)
            })
    }

    fn place(&self, document: &Document, node: u32, wanted: &Rendered<'_>) -> Option<Location> {
        let from = self.text(document);
        let mut found = span(from, node, wanted.key)?;
        if let Some((range, value)) = &wanted.within {
            let source = from.text.get(found.start as usize..found.end as usize)?;
            found = source_span(source, found.start, value, range.clone()).unwrap_or(found);
        }
        if let Some(inline) = document.inline {
            let (_, scalar, text) = &self.inline[inline];
            let source = self.manifests[document.manifest]
                .text
                .get(scalar.start as usize..scalar.end as usize)?;
            let range = found.start as usize..found.end as usize;
            found = source_span(source, scalar.start, text, range).unwrap_or(*scalar);
        }
        Some(Location {
            manifest: document.manifest,
            span: found,
        })
    }
}

/// A scalar as it is written.
fn written(manifest: &Manifest, node: u32) -> Option<&str> {
    let span = span(manifest, node, false)?;
    manifest.text.get(span.start as usize..span.end as usize)
}

fn written_of(manifest: &Manifest, node: u32) -> Option<&str> {
    written(manifest, node)
}
