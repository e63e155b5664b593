//! An object against the type of its kind.

use plimsoll_core::bundle::Bundle;
use plimsoll_core::policy::{Confidence, Edit, Fix, Place, Severity, Violation};
use plimsoll_tree::{Flags, Kind, Node, Symbol, Tree};

use crate::model::{Model, Name, Need, Shape, ShapeId, TypeId};
use crate::rules::{Found, Rules};
use crate::{builtin, conditions, scalar, suggest};

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
    /// What is not there may be added elsewhere.
    pub partial: bool,
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
            partial: is_partial(bundle, object),
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

    /// A value of the wrong type.
    fn wrong(&mut self, at: u32, node: Node, shape: Shape, wanted: &str) {
        let text = self.tree.text(Symbol(node.value));
        let got = match node.kind {
            Kind::Null => "null",
            Kind::True | Kind::False => "a boolean",
            Kind::Integer | Kind::Float => "a number",
            Kind::String if is_number(text) => "a quoted number",
            Kind::String if matches!(text, "true" | "false") => "a quoted boolean",
            Kind::String if text.is_empty() => "an empty string",
            Kind::String if shape == Shape::Bytes => "other text",
            Kind::String => "a string",
            Kind::Sequence => "a list",
            Kind::Map => "a map",
        };
        let plain = matches!(node.kind, Kind::True | Kind::False | Kind::Integer | Kind::Float);
        let unquoted = match (shape, node.kind) {
            (Shape::Int32 | Shape::Int64, Kind::String) => {
                text.parse::<i64>().is_ok_and(|value| value.to_string() == text)
            }
            (Shape::Bool, Kind::String) => matches!(text, "true" | "false"),
            _ => false,
        };
        let (rule, fix, help) = if shape == Shape::String && plain {
            let written = match self.tree.original(at) {
                Some(original) => original.to_owned(),
                None => self.tree.json(at),
            };
            let value = serde_json::Value::from(written).to_string();
            (
                Found::ValueNotString,
                Some(Fix {
                    title: "quote it".to_owned(),
                    safe: true,
                    edits: vec![Edit::Set {
                        at: Place::Node(at),
                        value,
                    }],
                }),
                "YAML reads it as a number or a boolean without quotes, and the API server refuses the object.",
            )
        } else if unquoted {
            (
                Found::WrongType,
                Some(Fix {
                    title: "take off the quotes".to_owned(),
                    safe: true,
                    edits: vec![Edit::Set {
                        at: Place::Node(at),
                        value: text.to_owned(),
                    }],
                }),
                "With quotes it is a string, and the API server refuses the object.",
            )
        } else {
            (
                Found::WrongType,
                None,
                "The API server cannot decode it, and refuses the object.",
            )
        };
        let field = self.field(at);
        let stand_in = node.kind == Kind::String && is_stand_in(text);
        self.report(
            rule,
            Place::Node(at),
            format!("{field} must be {wanted}; got {got}"),
            |violation| {
                if stand_in {
                    violation.confidence = Confidence::Medium;
                }
                violation.help = Some(help.to_owned());
                violation.fix = fix;
            },
        );
    }

    /// A list of words that a process is told.
    fn is_arguments(&self, node: Node) -> bool {
        let key = node.key.map_or("", |key| self.tree.text(key));
        matches!(key, "args" | "command")
    }

    /// Null where a text is meant: it is taken, as an empty one.
    fn null_text(&mut self, at: u32) {
        let null = |node: Node| node.kind == Kind::Null && !node.flags.has(Flags::NOT_FINAL);
        if self.tree.node(at).is_some_and(null) && self.model.bit != 0 {
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
            self.missing(at, of, &[]);
        }
    }

    /// A map against a type.
    fn members(&mut self, at: u32, of: TypeId, mode: Mode) {
        self.model.load(of, self.tree);
        let mut seen: Vec<u32> = Vec::new();
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
                seen.push(position);
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
            self.missing(at, of, &seen);
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

    /// A key that the type does not have.
    fn unknown(&mut self, map: u32, at: u32, key: Symbol, of: TypeId) {
        if self.left == 0 {
            return;
        }
        let tree = self.tree;
        let wrong = tree.text(key);
        let Some(body) = self.model.body(of) else { return };
        // What is there already cannot be meant; of very large maps only the first members are looked at.
        let keys = tree.children(map).take(200).filter_map(|child| tree.node(child)?.key);
        let present: Vec<&str> = keys.map(|key| tree.text(key)).collect();
        let absent = |name: &&str| !present.contains(name);
        let names: Vec<&str> = body
            .fields
            .iter()
            .map(|field| self.model.name(field.name))
            .filter(absent)
            .collect();
        let near = suggest::suggest(wrong, names.iter().copied());
        let id = self.model.find(wrong);
        let elsewhere = body
            .elsewhere
            .iter()
            .find(|(name, _)| Some(*name) == id)
            .map(|(_, bits)| *bits);
        let holder = self.field(map);
        let shown: String = wrong.chars().take(60).collect();
        let mut message = format!("{holder} has no field \"{shown}\"");
        let mut help = String::new();
        let mut fix = None;
        if let Some(bits) = elsewhere {
            message = format!("{message} in Kubernetes {}", builtin::versions(self.model.bit).join(""));
            help = format!(
                "Kubernetes {} has it. The version that objects are judged for is `kubernetes` in the configuration.\n",
                builtin::versions(bits).join(", ")
            );
        } else if let Some(near) = near {
            message = format!("{message}; did you mean \"{}\"?", near.name);
            fix = Some(Fix {
                title: format!("rename it to {}", near.name),
                safe: near.sure,
                edits: vec![Edit::Rename {
                    at: Place::Key(at),
                    key: near.name.to_owned(),
                }],
            });
        }
        help.push_str(
            "The API server refuses fields that it does not know, or drops them where the client asks for that.",
        );
        self.report(Found::UnknownField, Place::Key(at), message, |violation| {
            violation.help = Some(help);
            violation.fix = fix;
        });
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
        if empty && !node.flags.has(Flags::NOT_FINAL) {
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
    fn missing(&mut self, at: u32, of: TypeId, seen: &[u32]) {
        let Some(body) = self.model.body(of) else { return };
        let missing = body.needs.iter().filter(|position| !seen.contains(position));
        let missing: Vec<(String, Need)> = missing
            .filter_map(|position| body.fields.get(*position as usize))
            .map(|field| (self.model.name(field.name).to_owned(), field.need))
            .collect();
        for (name, need) in missing {
            self.absent(at, &name, need);
        }
    }

    /// Says that a field is missing in a map.
    pub fn absent(&mut self, at: u32, name: &str, need: Need) {
        if self.left == 0 || self.partial {
            return;
        }
        let holder = self.field(at);
        let message = if holder == self.kind {
            format!("{holder} needs the field \"{name}\"")
        } else {
            format!("{holder}.{name} is required, and missing")
        };
        let place = match self.tree.node(at).and_then(|node| node.key) {
            Some(_) => Place::Key(at),
            None => Place::Node(at),
        };
        self.report(Found::MissingRequired, place, message, |violation| {
            if need == Need::Declared {
                violation.severity = Some(Severity::Warning);
                violation.confidence = Confidence::Medium;
                violation.help = Some("The schema of its kind declares it as required.".to_owned());
            } else {
                violation.help = Some("The API server refuses the object without it.".to_owned());
            }
        });
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

    /// Says that a text is not one of those that are taken.
    pub fn refused(&mut self, at: u32, text: &str, values: &[String]) {
        let near = suggest::suggest(text, values.iter().map(String::as_str));
        let field = self.field(at);
        let listed = if values.len() > 6 {
            format!(
                "{}, …",
                values.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ")
            )
        } else {
            values.join(", ")
        };
        let message = format!("{field}: {} is not one of {listed}", quoted(text));
        let fix = near.map(|near| Fix {
            title: format!("write {}", near.name),
            safe: near.sure,
            edits: vec![Edit::Set {
                at: Place::Node(at),
                value: serde_json::Value::from(near.name).to_string(),
            }],
        });
        self.report(Found::Enum, Place::Node(at), message, |violation| {
            violation.help =
                Some("The API server takes no other value, and tells capital letters from small ones.".to_owned());
            violation.fix = fix;
        });
    }

    /// Where a node is, as people say it: `Deployment.spec.replicas`.
    pub fn field(&self, at: u32) -> String {
        let pointer = self.bundle.pointer(self.object, at).unwrap_or_default();
        let mut path = self.kind.chars().take(63).collect::<String>();
        let mut node = self.tree.object(self.object).map_or(at, |object| object.root);
        for step in pointer.split('/').skip(1) {
            let sequence = self.tree.node(node).is_some_and(|node| node.kind == Kind::Sequence);
            if sequence {
                path.push('[');
                path.push_str(step);
                path.push(']');
            } else {
                let key = step.replace("~1", "/").replace("~0", "~");
                let plain = key
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
                let key: String = key.chars().take(63).collect();
                path.push_str(&if plain { format!(".{key}") } else { format!("[{key}]") });
            }
            let next = self
                .tree
                .children(node)
                .find(|&child| child <= at && at < self.tree.end(child));
            node = next.unwrap_or(at);
        }
        path
    }

    /// Says something, if the rule is asked for and not too much has been said.
    pub fn report(&mut self, rule: Found, at: Place, message: String, more: impl FnOnce(&mut Violation)) {
        if !self.rules.has(rule) || self.left == 0 {
            return;
        }
        self.left -= 1;
        let mut violation = rule.violation(at, message);
        more(&mut violation);
        self.out.push(violation);
    }
}

/// Whether an object lies among patches: a folder of that name, in which nothing needs to be whole.
fn is_partial(bundle: &Bundle, object: u32) -> bool {
    let manifest = bundle
        .manifest_of(object)
        .and_then(|manifest| bundle.manifests.get(manifest));
    manifest.is_some_and(|manifest| {
        let mut folders = manifest.path.split('/').rev().skip(1);
        folders.any(|folder| matches!(folder, "patches" | "patch"))
    })
}

fn is_byte(value: i64) -> bool {
    u8::try_from(value).is_ok()
}

/// Whether a text stands for one that is to be put in its place by hand: `<your key>`, `...`.
fn is_stand_in(text: &str) -> bool {
    text.contains("...") || text.starts_with('<') && text.trim_end().ends_with('>')
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a key is filled in later.
fn is_placeholder(key: &str) -> bool {
    ["${", "{{", "$(", "<%", "#{", "$["]
        .iter()
        .any(|open| key.contains(open))
}

/// A text as messages show it: short, and only where it is harmless.
fn quoted(text: &str) -> String {
    let harmless = text.len() <= 40 && text.chars().all(|c| c.is_alphanumeric() || "-_./ *".contains(c));
    if harmless {
        format!("\"{text}\"")
    } else {
        "this value".to_owned()
    }
}
