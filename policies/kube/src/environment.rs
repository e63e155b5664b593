//! What a container's process sees in its environment in the end.
//!
//! Sources: Kubernetes documentation, pages "Define Environment Variables for a Container", "Define Dependent Environment
//! Variables", "Configure a Pod to Use a ConfigMap"; API reference, `EnvVar.value` (expansion and escapes).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Bundle, Container, EnvFromSource, EnvSource, KeyRef, Node, Object, Symbol, Value, word};

/// The variables of a container: `envFrom` in order, then `env` over it, the later over the earlier; keys of ConfigMaps
/// that are seen, `$(NAME)` of earlier ones put in.
#[derive(Default)]
pub struct Environment<'t> {
    variables: BTreeMap<Cow<'t, str>, Variable<'t>>,
    open: bool,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable<'t> {
    /// Its value; unknown where it comes from a Secret, from what is not seen, or is decided later.
    pub value: Value<Cow<'t, str>>,
    /// Where that stands: the literal, the ConfigMap's member, or the reference where nothing more is known.
    pub at: Node<'t>,
    /// Whether it comes from a Secret.
    pub secret: bool,
    /// Whether it was found in an object that only the root of the input joins with the container's.
    pub distant: bool,
}

impl<'t> Environment<'t> {
    /// The environment of a container of an object.
    #[must_use]
    pub fn of(bundle: &Bundle<'t>, object: Object<'t>, container: Container<'t>) -> Self {
        let mut all = Environment {
            variables: BTreeMap::new(),
            open: container.env_unknown(),
        };
        for item in container.env_from() {
            let (kind, name, prefix) = match (item.source, item.prefix) {
                (
                    EnvFromSource::ConfigMap {
                        name: Value::Known(name),
                        ..
                    },
                    Value::Known(prefix),
                ) => (word!("ConfigMap"), name, prefix),
                (
                    EnvFromSource::Secret {
                        name: Value::Known(name),
                        ..
                    },
                    Value::Known(prefix),
                ) => (word!("Secret"), name, prefix),
                _ => {
                    all.open = true;
                    continue;
                }
            };
            all.add_all(bundle, object, kind, name, prefix);
        }
        for entry in container.env() {
            let name = entry.name_text();
            if name.is_empty() {
                all.open |= !entry.name.is_absent();
                continue;
            }
            let variable = all.entry(bundle, object, entry.node, entry.source);
            all.variables.insert(Cow::Borrowed(name), variable);
        }
        all
    }

    /// Sets another environment's variables over this one's.
    pub(crate) fn set_over(&mut self, other: Environment<'t>) {
        self.variables.extend(other.variables);
        self.open |= other.open;
    }

    /// A variable: absent where nothing sets it, unknown where something that is not seen may.
    #[must_use]
    pub fn get(&self, name: &str) -> Value<&Variable<'t>> {
        match self.variables.get(name) {
            Some(variable) => Value::Known(variable),
            None if self.open => Value::Unknown,
            None => Value::Absent,
        }
    }

    /// Whether there may be variables that are not seen: keys of a ConfigMap or Secret that is not here.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The variables that are seen, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable<'t>)> {
        self.variables.iter().map(|(name, variable)| (name.as_ref(), variable))
    }

    /// A text with `$(NAME)` put in and `$$` taken for `$`, as in `value`, `command` and `args`. References to what is not
    /// set stay as they are written. Unknown where a variable's value is.
    #[must_use]
    pub fn expand<'a>(&self, text: &'a str) -> Value<Cow<'a, str>> {
        if !text.contains('$') {
            return Value::Known(Cow::Borrowed(text));
        }
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            result.push_str(before);
            let reference = from.strip_prefix("$(").and_then(|inner| inner.split_once(')'));
            if let Some(after) = from.strip_prefix("$$") {
                result.push('$');
                rest = after;
            } else if let Some((name, after)) = reference {
                match self.get(name) {
                    Value::Known(Variable {
                        value: Value::Known(value),
                        ..
                    }) => result.push_str(value),
                    Value::Known(_) | Value::Unknown => return Value::Unknown,
                    Value::Absent => {
                        result.push_str("$(");
                        result.push_str(name);
                        result.push(')');
                    }
                }
                rest = after;
            } else {
                result.push('$');
                rest = from.get(1..).unwrap_or_default();
            }
        }
        result.push_str(rest);
        Value::Known(Cow::Owned(result))
    }

    /// Adds every key of a ConfigMap or Secret.
    fn add_all(&mut self, bundle: &Bundle<'t>, from: Object<'t>, kind: Symbol, name: Symbol, prefix: &'t str) {
        let Value::Known((source, join)) = bundle.find(from, Symbol(0), kind, name) else {
            self.open = true;
            return;
        };
        let secret = kind == word!("Secret");
        for map in [word!("data"), word!("stringData")] {
            match source.root().get(map) {
                Value::Known(map) => {
                    self.open |= !map.is_final();
                    for member in map.members() {
                        let key = member.key_text();
                        let name = if prefix.is_empty() {
                            Cow::Borrowed(key)
                        } else {
                            Cow::Owned(format!("{prefix}{key}"))
                        };
                        let value = if secret { Value::Unknown } else { scalar(member) };
                        self.variables.insert(
                            name,
                            Variable {
                                value,
                                at: member,
                                secret,
                                distant: join.distant,
                            },
                        );
                    }
                }
                Value::Unknown => self.open = true,
                Value::Absent => {}
            }
        }
    }

    fn entry(&self, bundle: &Bundle<'t>, from: Object<'t>, item: Node<'t>, source: EnvSource<'t>) -> Variable<'t> {
        let plain = |value, at| Variable {
            value,
            at,
            secret: false,
            distant: false,
        };
        match source {
            EnvSource::Literal(node) => plain(self.literal(node), node),
            EnvSource::Secret(reference) => Variable {
                secret: true,
                ..plain(Value::Unknown, reference.node)
            },
            EnvSource::ConfigMap(reference) => {
                config_key(bundle, from, reference).unwrap_or_else(|| plain(Value::Unknown, reference.node))
            }
            EnvSource::Other(node) => plain(Value::Unknown, node),
            EnvSource::Nothing => plain(Value::Known(Cow::Borrowed("")), item),
            EnvSource::Unknown => plain(Value::Unknown, item),
        }
    }

    /// A literal value: final, or not final for nothing but `$(NAME)`, which is known here.
    fn literal(&self, node: Node<'t>) -> Value<Cow<'t, str>> {
        match node.raw_text() {
            Some(text) if node.is_final() || (text.contains("$(") && !is_template(text)) => self.expand(text),
            Some(_) => Value::Unknown,
            None => scalar(node),
        }
    }
}

/// Whether a text has marks of templates beside `$(NAME)`.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "${", "<%", "#{"].iter().any(|mark| text.contains(mark))
}

/// A scalar's text; numbers and booleans, which the API refuses in these places, as they are written.
fn scalar<'t>(node: Node<'t>) -> Value<Cow<'t, str>> {
    if let Some(written) = node.original() {
        return Value::Known(Cow::Borrowed(written));
    }
    match (node.text(), node.integer(), node.boolean()) {
        (Value::Known(text), ..) => Value::Known(Cow::Borrowed(text)),
        (_, Value::Known(number), _) => Value::Known(Cow::Owned(number.to_string())),
        (.., Value::Known(flag)) => Value::Known(Cow::Owned(flag.to_string())),
        _ => Value::Unknown,
    }
}

/// The variable that a key of a ConfigMap gives, where that is seen.
fn config_key<'t>(bundle: &Bundle<'t>, from: Object<'t>, reference: KeyRef<'t>) -> Option<Variable<'t>> {
    let (name, key) = (reference.name.known()?, reference.key.known()?);
    let (map, join) = bundle.find(from, Symbol(0), word!("ConfigMap"), name).known()?;
    let at = map.root().at(&[word!("data"), key]).known()?;
    Some(Variable {
        value: scalar(at),
        at,
        secret: false,
        distant: join.distant,
    })
}
