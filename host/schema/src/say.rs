//! What a walk says, and where.

use plimsoll_core::policy::{Confidence, Edit, Fix, Place, Severity, Violation};
use plimsoll_tree::{Kind, Node, Symbol};

use crate::model::{Need, Shape, TypeId};
use crate::rules::Found;
use crate::walk::Walk;
use crate::{builtin, suggest};

impl Walk<'_, '_> {
    /// A value of the wrong type.
    pub fn wrong(&mut self, at: u32, node: Node, shape: Shape, wanted: &str) {
        if self.left == 0 {
            return;
        }
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

    /// A key that the type does not have.
    pub fn unknown(&mut self, map: u32, at: u32, key: Symbol, of: TypeId) {
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

    /// Whether the object lies among patches: a folder of that name, in which nothing needs to be whole.
    pub fn is_partial(&self) -> bool {
        let manifest = self.bundle.manifest_of(self.object);
        let manifest = manifest.and_then(|manifest| self.bundle.manifests.get(manifest));
        manifest.is_some_and(|manifest| {
            let mut folders = manifest.path.split('/').rev().skip(1);
            folders.any(|folder| matches!(folder, "patches" | "patch"))
        })
    }

    /// Says that a field is missing in a map.
    pub fn absent(&mut self, at: u32, name: &str, need: Need) {
        if self.left == 0 || self.is_partial() {
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

    /// Says that a text is not one of those that are taken.
    pub fn refused(&mut self, at: u32, text: &str, values: &[String]) {
        if self.left == 0 {
            return;
        }
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

/// Whether a text stands for one that is to be put in its place by hand: `<your key>`, `...`.
fn is_stand_in(text: &str) -> bool {
    text.contains("...") || text.starts_with('<') && text.trim_end().ends_with('>')
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() && text.bytes().any(|byte| byte.is_ascii_digit())
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
