//! An object against the type of its kind.

use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Place, Severity, Violation};
use plimsoll_tree::{Flags, Kind, Node, Symbol, Tree};

use crate::model::{Model, Name, Need, Shape, ShapeId, TypeId};
use crate::rules::{Found, Rules};
use crate::{conditions, scalar};

/// Findings that are kept of one object: more says nothing new.
const FINDINGS: usize = 100;

/// The names of a model by the symbols of a tree, as far as they have been looked up: name and how many names there were.
pub(crate) struct Names(Vec<(u32, u32)>);

impl Names {
    pub fn new(tree: Tree<'_>) -> Self {
        Names(vec![(0, 0); tree.symbols() as usize])
    }

    /// The name that a symbol's text is. Numbers are kept with one added, so that zeros say that nothing is known.
    #[inline]
    fn get(&mut self, model: &Model, tree: Tree<'_>, symbol: Symbol) -> Option<Name> {
        let slot = self.0.get_mut(symbol.0 as usize)?;
        if slot.0 == 0 && slot.1 != model.names().saturating_add(1) {
            let name = model.find(tree.text(symbol));
            *slot = (
                name.map_or(0, |name| name.saturating_add(1)),
                model.names().saturating_add(1),
            );
        }
        slot.0.checked_sub(1)
    }
}

/// What holds of all that lies in a node.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mode {
    /// It is decoded, but not validated.
    pub lax: bool,
    /// Unknown keys are dropped without a word.
    pub lenient: bool,
}

/// One object's walk.
pub(crate) struct Walk<'a, 'm> {
    pub bundle: &'a Bundle,
    pub tree: Tree<'a>,
    pub object: u32,
    pub kind: &'a str,
    pub model: &'m mut Model,
    pub names: &'m mut Names,
    pub rules: Rules,
    pub out: &'m mut Vec<Violation>,
    pub left: usize,
}

impl<'a, 'm> Walk<'a, 'm> {
    pub fn new(
        bundle: &'a Bundle,
        tree: Tree<'a>,
        object: u32,
        kind: &'a str,
        (model, names): (&'m mut Model, &'m mut Names),
        rules: Rules,
        out: &'m mut Vec<Violation>,
    ) -> Self {
        Walk {
            bundle,
            tree,
            object,
            kind,
            model,
            names,
            rules,
            out,
            left: FINDINGS,
        }
    }

    /// A value against a shape.
    pub fn value(&mut self, at: u32, shape: ShapeId, mode: Mode) {
        let Some(node) = self.tree.node(at) else { return };
        let known = !node.flags.has(Flags::NOT_FINAL);
        let shape = self.model.shape(shape);
        match (node.kind, shape) {
            (_, Shape::Any) | (Kind::Null, _) => {}
            (_, Shape::Nullable(of)) => self.value(at, of, mode),
            (Kind::Map, Shape::Struct(of)) => self.members(at, of, mode),
            (Kind::Map, Shape::Map(of)) => {
                let hint = self.model.shape(of) == Shape::String;
                for child in self.tree.children(at) {
                    self.value(child, of, mode);
                    if hint {
                        self.null_text(child);
                    }
                }
            }
            (Kind::Sequence, Shape::List(of)) => {
                let of_text = self.model.shape(of) == Shape::String;
                let hint = of_text && self.is_arguments(node);
                for child in self.tree.children(at) {
                    self.value(child, of, mode);
                    if hint {
                        self.null_text(child);
                    }
                    self.null_item(child, of, mode);
                }
            }
            (_, Shape::Either(first, second)) => {
                let lenient = Mode { lenient: true, ..mode };
                match node.kind {
                    Kind::Map => self.value(at, first, lenient),
                    _ => self.value(at, second, lenient),
                }
            }
            // A placeholder may become anything.
            (Kind::String, _) if !known => {}
            (kind, shape) => {
                if let Some(wanted) = self.mismatch(at, node, kind, shape) {
                    self.wrong(at, node, shape, wanted);
                }
            }
        }
    }

    /// What a scalar, list or map should be instead, if it is not of the shape.
    fn mismatch(&self, at: u32, node: Node, kind: Kind, shape: Shape) -> Option<&'static str> {
        let text = || self.tree.text(Symbol(node.value));
        let whole = || match kind {
            Kind::Integer => self.tree.integer(at).map(i128::from),
            // As JSON has it, 1.0 and 1e3 are whole numbers.
            Kind::Float => self
                .tree
                .float(at)
                .filter(|value| value.fract() == 0.0 && value.abs() < 1e19)
                .map(
                    #[allow(clippy::cast_possible_truncation, reason = "bounded just before")]
                    |value| value as i128,
                ),
            _ => None,
        };
        let custom = self.model.bit == 0;
        let (fits, wanted) = match shape {
            Shape::String => (kind == Kind::String, "a string"),
            Shape::Bytes => (
                // Bytes may be written as numbers, too.
                match kind {
                    Kind::String => scalar::is_base64(text()),
                    Kind::Sequence => self
                        .tree
                        .children(at)
                        .all(|item| self.tree.integer(item).is_some_and(is_byte)),
                    _ => false,
                },
                "base64",
            ),
            Shape::Bool => (matches!(kind, Kind::True | Kind::False), "true or false"),
            Shape::Int32 => (
                whole().is_some_and(|value| i32::try_from(value).is_ok()),
                if whole().is_some() {
                    "a 32-bit integer"
                } else {
                    "an integer"
                },
            ),
            Shape::Int64 => (whole().is_some_and(|value| i64::try_from(value).is_ok()), "an integer"),
            Shape::Number => (matches!(kind, Kind::Integer | Kind::Float), "a number"),
            Shape::Quantity => (
                matches!(kind, Kind::Integer | Kind::Float) || kind == Kind::String && scalar::is_quantity(text()),
                "a quantity, such as 500m or 1Gi",
            ),
            Shape::IntOrString => (
                kind == Kind::String || whole().is_some_and(|value| custom || i32::try_from(value).is_ok()),
                "an integer or a string",
            ),
            Shape::Time => (
                kind == Kind::String && scalar::is_time(text(), false),
                "a time, such as 2026-01-31T12:00:00Z",
            ),
            Shape::MicroTime => (
                kind == Kind::String && scalar::is_time(text(), true),
                "a time with microseconds, such as 2026-01-31T12:00:00.000000Z",
            ),
            Shape::List(_) => (false, "a list"),
            Shape::Map(_) | Shape::Struct(_) => (false, "a map"),
            Shape::Any | Shape::Either(..) | Shape::Nullable(_) => (true, ""),
        };
        (!fits).then_some(wanted)
    }

    /// A list of words that a process is told.
    fn is_arguments(&self, node: Node) -> bool {
        let key = node.key.map_or("", |key| self.tree.text(key));
        matches!(key, "args" | "command")
    }

    /// Null where a text is meant: it is taken, as an empty one.
    fn null_text(&mut self, at: u32) {
        let null = |node: Node| node.kind == Kind::Null && !node.flags.has(Flags::NOT_FINAL);
        if self.left > 0 && self.tree.node(at).is_some_and(null) && self.model.bit != 0 {
            let field = self.field(at);
            self.report(
                Found::ValueNotString,
                Place::Node(at),
                format!("{field} is null, which becomes an empty string"),
                |violation| {
                    violation.severity = Some(Severity::Warning);
                    violation.help = Some("Write the value, or \"\" where it is meant to be empty.".to_owned());
                },
            );
        }
    }

    /// Null where a map is meant in a list: to the API server it is an empty one.
    fn null_item(&mut self, at: u32, of: ShapeId, mode: Mode) {
        let null = |node: Node| node.kind == Kind::Null && !node.flags.has(Flags::NOT_FINAL);
        let Shape::Struct(of) = self.model.shape(of) else {
            return;
        };
        if !mode.lax && self.tree.node(at).is_some_and(null) {
            self.model.load(of, self.tree);
            self.missing(at, of, 0);
        }
    }

    /// A map against a type.
    fn members(&mut self, at: u32, of: TypeId, mode: Mode) {
        self.model.load(of, self.tree);
        let mut seen = 0_u128;
        let mut certain = self.tree.node(at).is_some_and(|node| !node.flags.has(Flags::NOT_FINAL));
        for child in self.tree.children(at) {
            let Some(key) = self.tree.node(child).and_then(|node| node.key) else {
                continue;
            };
            let name = self.names.get(self.model, self.tree, key);
            let Some(body) = self.model.body(of) else { return };
            let Some(position) = name.and_then(|name| body.position(name)) else {
                if body.open || is_placeholder(self.tree.text(key)) {
                    // It may be any key.
                    certain &= !is_placeholder(self.tree.text(key));
                } else if !mode.lenient {
                    self.unknown(at, child, key, of);
                }
                continue;
            };
            let Some(field) = body.fields.get(position as usize) else {
                continue;
            };
            let (shape, need) = (field.shape, field.need);
            let inner = Mode {
                lax: mode.lax || field.lax,
                ..mode
            };
            if need != Need::No {
                seen |= 1_u128.checked_shl(position).unwrap_or(0);
            }
            if !field.values.is_empty() && !inner.lax {
                self.taken(child, of, position);
            }
            if need == Need::Filled && !mode.lax {
                self.filled(child);
            }
            self.value(child, shape, inner);
        }
        if !mode.lax && certain {
            self.missing(at, of, seen);
            if let Some(name) = self
                .model
                .body(of)
                .map(|body| body.name)
                .filter(|name| !name.is_empty())
            {
                conditions::check(self, at, name);
            }
        }
    }

    /// A value that must not be empty.
    fn filled(&mut self, at: u32) {
        let Some(node) = self.tree.node(at) else { return };
        let empty = match node.kind {
            Kind::Null => true,
            Kind::String => node.value == 0,
            Kind::Integer => self.tree.integer(at) == Some(0),
            Kind::Sequence => self.tree.children(at).next().is_none(),
            _ => false,
        };
        if empty && self.left > 0 && !node.flags.has(Flags::NOT_FINAL) {
            let field = self.field(at);
            self.report(
                Found::MissingRequired,
                Place::Node(at),
                format!("{field} is required, and empty"),
                |violation| {
                    violation.help = Some("The API server refuses the object without it.".to_owned());
                },
            );
        }
    }

    /// Fields that must be there and are not.
    fn missing(&mut self, at: u32, of: TypeId, seen: u128) {
        let Some(body) = self.model.body(of) else { return };
        let missing = body
            .needs
            .iter()
            .filter(|position| 1_u128.checked_shl(**position).is_some_and(|bit| seen & bit == 0));
        let missing: Vec<(String, Need)> = missing
            .filter_map(|position| body.fields.get(*position as usize))
            .map(|field| (self.model.name(field.name).to_owned(), field.need))
            .collect();
        for (name, need) in missing {
            self.absent(at, &name, need);
        }
    }

    /// A text, or a list of texts, of which only some are taken.
    fn taken(&mut self, at: u32, of: TypeId, position: u32) {
        let Some(node) = self.tree.node(at) else { return };
        if node.kind == Kind::Sequence {
            for child in self.tree.children(at) {
                self.one_of(child, of, position);
            }
        } else {
            self.one_of(at, of, position);
        }
    }

    fn one_of(&mut self, at: u32, of: TypeId, position: u32) {
        let tree = self.tree;
        let Some(node) = tree.node(at) else { return };
        // What is empty is defaulted or left out, but in custom resources.
        let custom = self.model.bit == 0;
        if node.kind != Kind::String || node.flags.has(Flags::NOT_FINAL) || node.value == 0 && !custom {
            return;
        }
        let text = tree.text(Symbol(node.value));
        let Some(field) = self.model.body(of).and_then(|body| body.fields.get(position as usize)) else {
            return;
        };
        if field.values.iter().any(|value| **value == *text) {
            return;
        }
        let values: Vec<String> = field.values.iter().map(|value| value.to_string()).collect();
        self.refused(at, text, &values);
    }
}

fn is_byte(value: i64) -> bool {
    u8::try_from(value).is_ok()
}

/// Whether a key is filled in later, or tells a patch what to do (`$patch`).
fn is_placeholder(key: &str) -> bool {
    let opens = ["${", "{{", "$(", "<%", "#{"];
    key.starts_with('$') || opens.iter().any(|open| key.contains(open))
}
