//! Types as a walk needs them: from the texts of the built-in kinds, or from a CustomResourceDefinition, each when it is
//! first met.

use hashbrown::HashMap;

use crate::builtin;

/// A name of a field, within a model.
pub(crate) type Name = u32;
/// A shape, within a model.
pub(crate) type ShapeId = u32;
/// A type, within a model.
pub(crate) type TypeId = u32;

/// What a value may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    String,
    /// Base64.
    Bytes,
    Bool,
    Int32,
    Int64,
    /// Any number.
    Number,
    /// A number, or a text such as `500m`.
    Quantity,
    /// A 32-bit integer or a text.
    IntOrString,
    /// A time as RFC 3339 has it.
    Time,
    /// The same with six digits behind the second.
    MicroTime,
    List(ShapeId),
    /// A map of any keys.
    Map(ShapeId),
    /// A map of known keys.
    Struct(TypeId),
    /// The first where it is a map, else the second. What is in the first is read leniently.
    Either(ShapeId, ShapeId),
    /// As the other, but null is a value of it too.
    Nullable(ShapeId),
}

/// Whether a field must be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// It need not.
    No,
    /// The schema says that it must; whether the API server insists is not known.
    Declared,
    /// It must, and not be null.
    Present,
    /// It must, and not be null or empty.
    Filled,
}

/// A known key of a type.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: Name,
    pub shape: ShapeId,
    pub need: Need,
    /// What lies in it is decoded but not validated.
    pub lax: bool,
    /// The texts that are taken; empty for all.
    pub values: Box<[Box<str>]>,
}

/// A type that has been loaded.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// By name.
    pub fields: Vec<Field>,
    /// Positions of the fields that must be there.
    pub needs: Vec<u32>,
    /// Unknown keys are kept.
    pub open: bool,
    /// Keys that other versions of Kubernetes know, with the bits of those.
    pub elsewhere: Vec<(Name, u8)>,
    /// What else is asked of it, by the name of the type.
    pub name: &'static str,
}

/// Where a type comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A built-in type, by its full name.
    BuiltIn(&'static str),
    /// A schema in a CustomResourceDefinition: its node, and what is special about it.
    Node(u32, crate::custom::Special),
}

/// Types, as far as they have been met.
#[derive(Default)]
pub(crate) struct Model {
    names: Vec<Box<str>>,
    ids: HashMap<Box<str>, Name>,
    shapes: Vec<Shape>,
    by_shape: HashMap<ShapeKey, ShapeId>,
    types: Vec<(Source, Option<Body>)>,
    by_name: HashMap<&'static str, TypeId>,
    by_node: HashMap<u32, TypeId>,
    /// The bit of the version of Kubernetes that built-in types are read for.
    pub bit: u8,
}

type ShapeKey = (u8, u32, u32);

impl Model {
    /// A model of built-in types in a version.
    pub fn built_in(bit: u8) -> Self {
        Model {
            bit,
            ..Model::default()
        }
    }

    /// How many names there are: what had none before may have one later.
    pub fn names(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    /// The number of a name, if it is one.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.ids.get(text).copied()
    }

    pub fn name(&self, name: Name) -> &str {
        self.names.get(name as usize).map_or("", |text| text)
    }

    /// The number of a name, a new one if need be.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(id) = self.find(text) {
            return id;
        }
        let id = self.names();
        self.names.push(text.into());
        self.ids.insert(text.into(), id);
        id
    }

    #[inline]
    pub fn shape(&self, id: ShapeId) -> Shape {
        self.shapes.get(id as usize).copied().unwrap_or(Shape::Any)
    }

    pub fn add_shape(&mut self, shape: Shape) -> ShapeId {
        let key = match shape {
            Shape::Any => (0, 0, 0),
            Shape::String => (1, 0, 0),
            Shape::Bytes => (2, 0, 0),
            Shape::Bool => (3, 0, 0),
            Shape::Int32 => (4, 0, 0),
            Shape::Int64 => (5, 0, 0),
            Shape::Number => (6, 0, 0),
            Shape::Quantity => (7, 0, 0),
            Shape::IntOrString => (8, 0, 0),
            Shape::Time => (9, 0, 0),
            Shape::MicroTime => (10, 0, 0),
            Shape::List(item) => (11, item, 0),
            Shape::Map(item) => (12, item, 0),
            Shape::Struct(of) => (13, of, 0),
            Shape::Either(first, second) => (14, first, second),
            Shape::Nullable(of) => (15, of, 0),
        };
        let next = u32::try_from(self.shapes.len()).unwrap_or(u32::MAX);
        *self.by_shape.entry(key).or_insert_with(|| {
            self.shapes.push(shape);
            next
        })
    }

    /// The built-in type of this full name, loaded when it is first asked for.
    pub fn built_in_type(&mut self, name: &'static str) -> TypeId {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let id = self.add_type(Source::BuiltIn(name));
        self.by_name.insert(name, id);
        id
    }

    /// The type that a schema's node describes.
    pub fn node_type(&mut self, node: u32, special: crate::custom::Special) -> TypeId {
        if let Some(&id) = self.by_node.get(&node) {
            return id;
        }
        let id = self.add_type(Source::Node(node, special));
        self.by_node.insert(node, id);
        id
    }

    fn add_type(&mut self, source: Source) -> TypeId {
        let id = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        self.types.push((source, None));
        id
    }

    /// A type, if it has been loaded.
    #[inline]
    pub fn body(&self, id: TypeId) -> Option<&Body> {
        self.types.get(id as usize)?.1.as_ref()
    }

    /// Loads a type if need be; `tree` holds the definitions of custom types.
    pub fn load(&mut self, id: TypeId, tree: plimsoll_tree::Tree<'_>) {
        let Some((source, None)) = self.types.get(id as usize) else {
            return;
        };
        let mut body = match *source {
            Source::BuiltIn(name) => builtin::load(self, name),
            Source::Node(node, special) => crate::custom::load(self, tree, node, special),
        };
        body.fields.sort_by_key(|field| field.name);
        let needs = (0..).zip(&body.fields).filter(|(_, field)| field.need != Need::No);
        body.needs = needs.map(|(position, _)| position).collect();
        if let Some(slot) = self.types.get_mut(id as usize) {
            slot.1 = Some(body);
        }
    }
}

impl Body {
    /// The position of the field of this name.
    #[inline]
    pub fn position(&self, name: Name) -> Option<u32> {
        let found = self.fields.binary_search_by_key(&name, |field| field.name).ok()?;
        u32::try_from(found).ok()
    }
}
