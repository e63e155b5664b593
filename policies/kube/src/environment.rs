//! What a container's process sees in its environment in the end.
//!
//! Sources: Kubernetes documentation, pages "Define Environment Variables for a Container", "Define Dependent Environment
//! Variables", "Configure a Pod to Use a ConfigMap"; API reference, `EnvVar.value` (expansion and escapes).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::bytes::{contains, contains_any};
use crate::{Bundle, Container, Dialect, EnvFromSource, EnvSource, KeyRef, Node, Object, Symbol, Value, word};

/// The variables of a container: `envFrom` in order, then `env` over it, the later over the earlier; keys of ConfigMaps
/// that are seen, `$(NAME)` of earlier ones put in. What the image sets, and what the kubelet adds for Services, is not
/// in it; names of the latter's shape are unknown, not absent.
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
    /// The environment of a container of an object; made once for all that ask.
    #[must_use]
    pub fn of(bundle: &Bundle<'t>, object: Object<'t>, container: Container<'t>) -> Rc<Self> {
        let key = (object.index(), container.node.index(), container.dialect as u8);
        bundle.environment(key, || Self::made(bundle, object, container))
    }

    /// As [`Environment::of`], for who changes it.
    pub(crate) fn made(bundle: &Bundle<'t>, object: Object<'t>, container: Container<'t>) -> Self {
        let mut all = Environment {
            open: container.env_unknown(),
            ..Environment::default()
        };
        for item in container.env_from() {
            let (kind, name, optional) = match item.source {
                EnvFromSource::ConfigMap { name, optional } => (word!("ConfigMap"), name, optional),
                EnvFromSource::Secret { name, optional } => (word!("Secret"), name, optional),
                EnvFromSource::Unknown => (word!("ConfigMap"), Value::Unknown, false),
            };
            match (name, item.prefix) {
                (Value::Known(name), Value::Known(prefix)) => {
                    all.add_all(bundle, object, (kind, name, optional), prefix);
                }
                _ => all.open = true,
            }
        }
        for entry in container.env() {
            let name = entry.name_text();
            if name.is_empty() {
                all.open |= !entry.name.is_absent();
            } else if let Some(variable) = all.entry(bundle, object, container.dialect, entry.node, entry.source) {
                all.variables.insert(Cow::Borrowed(name), variable);
            }
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
            None if self.open || is_service_link(name) => Value::Unknown,
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

    /// Adds every key of a ConfigMap or Secret: kind, name, and whether it may be missing.
    fn add_all(
        &mut self,
        bundle: &Bundle<'t>,
        from: Object<'t>,
        (kind, name, optional): (Symbol, Symbol, bool),
        prefix: &'t str,
    ) {
        let (source, join) = match bundle.find(from, Symbol(0), kind, name) {
            Value::Known(found) => found,
            Value::Absent if optional && bundle.is_closed(from) => return,
            _ => {
                self.open = true;
                return;
            }
        };
        let strict = is_before_1_32(bundle);
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
                        if !is_name(&name, strict) {
                            continue;
                        }
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

    /// What an item of `env` sets; nothing where it refers to what may be missing, and is.
    fn entry(
        &self,
        bundle: &Bundle<'t>,
        from: Object<'t>,
        dialect: Dialect,
        item: Node<'t>,
        source: EnvSource<'t>,
    ) -> Option<Variable<'t>> {
        let plain = |value, at| Variable {
            value,
            at,
            secret: false,
            distant: false,
        };
        Some(match source {
            EnvSource::Literal(node) => plain(self.literal(node, dialect), node),
            EnvSource::Secret(reference) => {
                let found = key_of(bundle, from, word!("Secret"), reference);
                if found.is_absent() && reference.optional {
                    return None;
                }
                Variable {
                    secret: true,
                    ..plain(Value::Unknown, reference.node)
                }
            }
            EnvSource::ConfigMap(reference) => match key_of(bundle, from, word!("ConfigMap"), reference) {
                Value::Known((at, distant)) => Variable {
                    value: scalar(at),
                    at,
                    secret: false,
                    distant,
                },
                Value::Absent if reference.optional => return None,
                _ => plain(Value::Unknown, reference.node),
            },
            EnvSource::Other(node) => plain(field(from, node), node),
            EnvSource::Nothing => plain(Value::Known(Cow::Borrowed("")), item),
            EnvSource::Unknown => plain(Value::Unknown, item),
        })
    }

    /// A literal value: final, or not final for nothing but `$(NAME)`, which is known here.
    fn literal(&self, node: Node<'t>, dialect: Dialect) -> Value<Cow<'t, str>> {
        match node.raw_text() {
            // Whether it is put in depends on what the platform renders: stock types make a ConfigMap of it, which is not.
            Some(text) if matches!(dialect, Dialect::OpenChoreo | Dialect::Flat) && text.contains("$(") => {
                Value::Unknown
            }
            Some(text) if node.is_final() || (text.contains("$(") && !is_template(text)) => self.expand(text),
            Some(_) => Value::Unknown,
            None => scalar(node),
        }
    }
}

/// Whether a text has marks of templates beside `$(NAME)`.
pub(crate) fn is_template(text: &str) -> bool {
    contains_any(text, &["{{", "${", "<%", "#{"])
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

/// A field of the pod, where the template already says it.
fn field<'t>(from: Object<'t>, value_from: Node<'t>) -> Value<Cow<'t, str>> {
    let path = value_from
        .at(&[word!("fieldRef")])
        .and_then(|field| field.get_text("fieldPath"));
    match (path.and_then(Node::text), from.namespace()) {
        (Value::Known("metadata.namespace"), Value::Known(_)) => Value::Known(Cow::Borrowed(from.namespace_text())),
        _ => Value::Unknown,
    }
}

/// The member that a reference to a key means, and whether it is far away. Absent only where the object is seen whole and has
/// no such key, or where all objects of the namespace are seen.
fn key_of<'t>(bundle: &Bundle<'t>, from: Object<'t>, kind: Symbol, reference: KeyRef<'t>) -> Value<(Node<'t>, bool)> {
    let (Value::Known(name), Value::Known(key)) = (reference.name, reference.key) else {
        return Value::Unknown;
    };
    match bundle.find(from, Symbol(0), kind, name) {
        Value::Known((source, join)) => {
            let mut result = Value::Absent;
            for map in [word!("stringData"), word!("data")] {
                match source.root().at(&[map, key]) {
                    Value::Known(node) => return Value::Known((node, join.distant)),
                    Value::Unknown => result = Value::Unknown,
                    Value::Absent => {}
                }
            }
            result
        }
        Value::Absent if bundle.is_closed(from) => Value::Absent,
        _ => Value::Unknown,
    }
}

/// Whether the kubelet takes a key for a variable's name. Before 1.32, `strict`, it left out what begins with a digit or has
/// other characters than letters, digits, `-`, `.` and `_`; since then only `=` and what is not printable.
fn is_name(name: &str, strict: bool) -> bool {
    let mut bytes = name.bytes();
    if strict {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) && bytes.all(is_inner)
    } else {
        !name.is_empty() && bytes.all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
    }
}

/// Whether the operator says that the cluster is older than 1.32.
fn is_before_1_32(bundle: &Bundle<'_>) -> bool {
    let version = bundle
        .facts()
        .map_or(Value::Absent, |facts| facts.text_of(word!("kubernetes")));
    version
        .known()
        .and_then(|version| version.trim_start_matches('v').strip_prefix("1."))
        .and_then(|rest| rest.split('.').next()?.parse::<u32>().ok())
        .is_some_and(|minor| minor < 32)
}

/// Whether a name has the shape of those that the kubelet adds for each Service of the namespace. `X_PORT` alone, which it
/// adds, too, is more often a setting.
fn is_service_link(name: &str) -> bool {
    let host = name
        .strip_suffix("_SERVICE_HOST")
        .is_some_and(|service| !service.is_empty());
    if !contains(name, "_PORT") {
        return host;
    }
    let port = |end: &str| name.find(end).is_some_and(|at| at > 0);
    let of_port = ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
        name.split_once(protocol).is_some_and(|(before, after)| {
            let number = before.rsplit_once("_PORT_").map_or("", |(_, number)| number);
            let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
            is_number && matches!(after, "" | "_PROTO" | "_PORT" | "_ADDR")
        })
    });
    host || port("_SERVICE_PORT") || of_port
}
