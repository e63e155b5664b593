//! Custom resources: the schemas in the CustomResourceDefinitions of the input.
//!
//! They are hostile like all of the input. References are not followed and patterns not run; every schema is a node of the
//! tree, whose depth and size are limited, and becomes at most one type.

use hashbrown::HashMap;
use plimsoll_tree::{Flags, Kind, ObjectFlags, Tree};

use crate::model::{Body, Field, Model, Need, Shape, ShapeId};

/// What is special about a type besides its schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Special {
    /// It is a whole object: it has metadata, and what its status holds is not validated on creation.
    pub object: bool,
    /// Nothing is pruned: unknown keys are kept everywhere.
    pub open: bool,
}

/// The definitions of the input, by group and kind of what they define.
#[derive(Default)]
pub(crate) struct Definitions<'a>(HashMap<(&'a str, &'a str), Vec<u32>>);

impl<'a> Definitions<'a> {
    /// Takes in an object that is a CustomResourceDefinition.
    pub fn add(&mut self, tree: Tree<'a>, object: u32) {
        let Some(record) = tree.object(object) else { return };
        if record.flags.has(ObjectFlags::PATCH) {
            return;
        }
        let Some(spec) = member(tree, record.root, "spec") else {
            return;
        };
        let group = member(tree, spec, "group").and_then(|node| text(tree, node));
        let names = member(tree, spec, "names");
        let kind = names.and_then(|names| text(tree, member(tree, names, "kind")?));
        if let (Some(group), Some(kind)) = (group, kind) {
            self.0.entry((group, kind)).or_default().push(object);
        }
    }

    /// The schema for an object of this kind: of the one definition that is nearest to it. None where there is none, or
    /// several are as near.
    pub fn find(&self, tree: Tree<'a>, object: u32, group: &str, kind: &str, version: &str) -> Option<(u32, Special)> {
        let among = self.0.get(&(group, kind))?;
        let reaches = tree.nearest(object, among);
        let [reach] = reaches.as_slice() else { return None };
        let [definition] = reach.objects.as_slice() else {
            return None;
        };
        schema(tree, tree.object(*definition)?.root, version)
    }
}

/// The schema of a version in a definition.
fn schema(tree: Tree<'_>, root: u32, version: &str) -> Option<(u32, Special)> {
    let spec = member(tree, root, "spec")?;
    let beta =
        member(tree, root, "apiVersion").and_then(|node| text(tree, node)) == Some("apiextensions.k8s.io/v1beta1");
    let kept = member(tree, spec, "preserveUnknownFields").and_then(|node| boolean(tree, node));
    let special = Special {
        object: true,
        open: kept.unwrap_or(beta),
    };
    let of_version = member(tree, spec, "versions").and_then(|versions| {
        let mut versions = tree.children(versions);
        versions.find(|&entry| member(tree, entry, "name").and_then(|name| text(tree, name)) == Some(version))
    });
    let own = of_version
        .and_then(|entry| member(tree, entry, "schema"))
        .and_then(|schema| member(tree, schema, "openAPIV3Schema"));
    let listed = of_version.is_some()
        || beta && member(tree, spec, "version").and_then(|node| text(tree, node)) == Some(version);
    let common = || member(tree, member(tree, spec, "validation")?, "openAPIV3Schema");
    let schema = own.or_else(|| listed.then(common).flatten())?;
    is_map(tree, schema).then_some((schema, special))
}

/// Reads the type that a schema describes.
pub(crate) fn load(model: &mut Model, tree: Tree<'_>, node: u32, special: Special) -> Body {
    let embedded = flag(tree, node, "x-kubernetes-embedded-resource");
    let mut body = Body {
        open: special.open || flag(tree, node, "x-kubernetes-preserve-unknown-fields") || is_pending(tree, node),
        ..Body::default()
    };
    let required: Vec<&str> = member(tree, node, "required")
        .map(|list| tree.children(list).filter_map(|item| text(tree, item)).collect())
        .unwrap_or_default();
    if let Some(properties) = member(tree, node, "properties") {
        body.open |= is_pending(tree, properties);
        for property in tree.children(properties) {
            let Some(key) = tree.node(property).and_then(|node| node.key) else {
                continue;
            };
            let key = tree.text(key);
            let ours = (special.object || embedded) && ["apiVersion", "kind", "metadata"].contains(&key);
            if ours {
                continue;
            }
            let unvalidated = special.object && key == "status";
            let needed = required.contains(&key) && member(tree, property, "default").is_none();
            let name = model.intern(key);
            let shape = if unvalidated {
                model.add_shape(Shape::Any)
            } else {
                shape(model, tree, property, special.open)
            };
            body.fields.push(Field {
                name,
                shape,
                need: if needed && !unvalidated {
                    Need::Present
                } else {
                    Need::No
                },
                lax: false,
                values: values(tree, property),
            });
        }
    }
    if special.object || embedded {
        for (key, shape) in [
            ("apiVersion", Shape::String),
            ("kind", Shape::String),
            ("metadata", Shape::Any),
        ] {
            let (name, shape) = (model.intern(key), model.add_shape(shape));
            body.fields.push(Field {
                name,
                shape,
                need: Need::No,
                lax: false,
                values: Box::default(),
            });
        }
    }
    body
}

/// The shape of what a schema describes.
pub(crate) fn shape(model: &mut Model, tree: Tree<'_>, node: u32, open: bool) -> ShapeId {
    let of_type = member(tree, node, "type").and_then(|node| text(tree, node));
    let properties = member(tree, node, "properties");
    let shape = if flag(tree, node, "x-kubernetes-int-or-string") {
        Shape::IntOrString
    } else if !is_map(tree, node) || is_pending(tree, node) || member(tree, node, "$ref").is_some() {
        Shape::Any
    } else {
        let wide = |name: &str| member(tree, node, "format").and_then(|node| text(tree, node)) != Some(name);
        match of_type {
            Some("string") => Shape::String,
            Some("integer") if wide("int32") => Shape::Int64,
            Some("integer") => Shape::Int32,
            Some("number") => Shape::Number,
            Some("boolean") => Shape::Bool,
            Some("array") => Shape::List(match member(tree, node, "items") {
                Some(items) => self::shape(model, tree, items, open),
                None => model.add_shape(Shape::Any),
            }),
            Some("object") => match member(tree, node, "additionalProperties") {
                Some(_) if properties.is_some() => Shape::Struct(model.node_type(
                    node,
                    Special {
                        open: true,
                        object: false,
                    },
                )),
                // `additionalProperties: false` is not legal there.
                Some(of) => Shape::Map(self::shape(model, tree, of, open)),
                None => Shape::Struct(model.node_type(node, Special { open, object: false })),
            },
            None if properties.is_some() => Shape::Struct(model.node_type(node, Special { open, object: false })),
            _ => Shape::Any,
        }
    };
    let shape = model.add_shape(shape);
    if flag(tree, node, "nullable") {
        model.add_shape(Shape::Nullable(shape))
    } else {
        shape
    }
}

/// The texts that are taken, if all values that are taken are texts.
fn values(tree: Tree<'_>, schema: u32) -> Box<[Box<str>]> {
    let listed = |schema| -> Option<Box<[Box<str>]>> {
        let list = member(tree, schema, "enum")?;
        tree.children(list)
            .map(|item| text(tree, item).map(Box::from))
            .collect()
    };
    let items = || member(tree, schema, "items");
    listed(schema).or_else(|| listed(items()?)).unwrap_or_default()
}

/// The member of a map by its key's text.
pub(crate) fn member(tree: Tree<'_>, map: u32, key: &str) -> Option<u32> {
    if !is_map(tree, map) {
        return None;
    }
    tree.children(map).find(|&child| {
        tree.node(child)
            .and_then(|node| node.key)
            .is_some_and(|found| tree.text(found) == key)
    })
}

pub(crate) fn text<'a>(tree: Tree<'a>, node: u32) -> Option<&'a str> {
    (!is_pending(tree, node))
        .then(|| tree.symbol(node).map(|symbol| tree.text(symbol)))
        .flatten()
}

fn boolean(tree: Tree<'_>, node: u32) -> Option<bool> {
    match tree.node(node)?.kind {
        Kind::True => Some(true),
        Kind::False => Some(false),
        _ => None,
    }
}

fn flag(tree: Tree<'_>, schema: u32, key: &str) -> bool {
    member(tree, schema, key).and_then(|node| boolean(tree, node)) == Some(true)
}

fn is_map(tree: Tree<'_>, node: u32) -> bool {
    tree.node(node).is_some_and(|node| node.kind == Kind::Map)
}

fn is_pending(tree: Tree<'_>, node: u32) -> bool {
    tree.node(node).is_some_and(|node| node.flags.has(Flags::NOT_FINAL))
}
