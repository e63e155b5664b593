//! Environment variables as they are written. What a process sees in the end is an [`Environment`](crate::Environment).
//!
//! Source: Kubernetes API reference, `EnvVar`, `EnvFromSource`; OpenChoreo API types, `EnvVar`.

use crate::{Dialect, Node, Symbol, Value, word};

/// An item of `env` (Kubernetes), `env` with `key` (OpenChoreo) or `envVariables` (the flat dialect).
#[derive(Clone, Copy, Debug)]
pub struct EnvEntry<'t> {
    /// The item.
    pub node: Node<'t>,
    /// The scalar that names it.
    pub name: Value<Node<'t>>,
    /// Where its value comes from.
    pub source: EnvSource<'t>,
}

/// Where a variable's value comes from.
#[derive(Clone, Copy, Debug)]
pub enum EnvSource<'t> {
    /// From this scalar, which need not be final.
    Literal(Node<'t>),
    /// From a key of a Secret (in OpenChoreo: of a SecretReference).
    Secret(KeyRef<'t>),
    /// From a key of a ConfigMap.
    ConfigMap(KeyRef<'t>),
    /// From elsewhere (`fieldRef`, `resourceFieldRef`, a parameter of a release): this is what `valueFrom` says.
    Other(Node<'t>),
    /// From nowhere: it is empty.
    Nothing,
    /// Decided later.
    Unknown,
}

/// A reference to a key of an object.
#[derive(Clone, Copy, Debug)]
pub struct KeyRef<'t> {
    /// The map that refers.
    pub node: Node<'t>,
    /// Name of the object.
    pub name: Value<Symbol>,
    /// Key in its data.
    pub key: Value<Symbol>,
    /// Whether it may be missing.
    pub optional: bool,
}

/// An item of `envFrom`.
#[derive(Clone, Copy, Debug)]
pub struct EnvFrom<'t> {
    /// The item.
    pub node: Node<'t>,
    /// What is put before every key.
    pub prefix: Value<&'t str>,
    /// The object whose keys become variables.
    pub source: EnvFromSource,
}

/// The object of an [`EnvFrom`].
#[derive(Clone, Copy, Debug)]
pub enum EnvFromSource {
    /// A ConfigMap of this name.
    ConfigMap {
        /// Its name.
        name: Value<Symbol>,
        /// Whether it may be missing.
        optional: bool,
    },
    /// A Secret of this name.
    Secret {
        /// Its name.
        name: Value<Symbol>,
        /// Whether it may be missing.
        optional: bool,
    },
    /// Decided later.
    Unknown,
}

impl<'t> EnvEntry<'t> {
    pub(crate) fn read(node: Node<'t>, dialect: Dialect) -> Self {
        let (first, second) = match dialect {
            Dialect::OpenChoreo => (word!("key"), word!("name")),
            _ => (word!("name"), word!("key")),
        };
        let name = match node.get(first) {
            Value::Absent => node.get(second),
            found => found,
        };
        EnvEntry {
            node,
            name,
            source: source(node),
        }
    }

    /// Its name; empty when that is not known.
    #[must_use]
    pub fn name_text(self) -> &'t str {
        self.name.and_then(Node::text).known().unwrap_or_default()
    }

    /// The scalar that it is set to, also where that is not final.
    #[must_use]
    pub fn literal(self) -> Option<Node<'t>> {
        match self.source {
            EnvSource::Literal(node) => Some(node),
            _ => None,
        }
    }
}

fn source<'t>(item: Node<'t>) -> EnvSource<'t> {
    let from = item.get(word!("valueFrom"));
    match item.get(word!("value")) {
        // Both together are refused, but for an empty value.
        Value::Known(value) if value.raw_text() != Some("") || from.is_absent() => return EnvSource::Literal(value),
        Value::Unknown => return EnvSource::Unknown,
        _ => {}
    }
    let Value::Known(from) = from else {
        return if from.is_unknown() {
            EnvSource::Unknown
        } else {
            EnvSource::Nothing
        };
    };
    for key in [word!("secretKeyRef"), word!("secretRef")] {
        if let Value::Known(node) = from.get(key) {
            return EnvSource::Secret(KeyRef::of(node));
        }
    }
    match from.get(word!("configMapKeyRef")) {
        Value::Known(node) => EnvSource::ConfigMap(KeyRef::of(node)),
        Value::Unknown => EnvSource::Unknown,
        Value::Absent => EnvSource::Other(from),
    }
}

impl<'t> KeyRef<'t> {
    /// A reference that is written like this map: `name`, `key`, `optional`.
    #[must_use]
    pub fn of(node: Node<'t>) -> Self {
        KeyRef {
            node,
            name: node.get(word!("name")).and_then(Node::symbol),
            key: node.get(word!("key")).and_then(Node::symbol),
            optional: node.boolean_of(word!("optional")) == Value::Known(true),
        }
    }
}

impl<'t> EnvFrom<'t> {
    pub(crate) fn read(node: Node<'t>) -> Self {
        let named = |reference: Node<'t>| {
            (
                reference.get(word!("name")).and_then(Node::symbol),
                reference.boolean_of(word!("optional")) == Value::Known(true),
            )
        };
        let source = if let Value::Known(reference) = node.get(word!("configMapRef")) {
            let (name, optional) = named(reference);
            EnvFromSource::ConfigMap { name, optional }
        } else if let Value::Known(reference) = node.get(word!("secretRef")) {
            let (name, optional) = named(reference);
            EnvFromSource::Secret { name, optional }
        } else {
            EnvFromSource::Unknown
        };
        EnvFrom {
            node,
            prefix: node.text_of(word!("prefix")).or_default(""),
            source,
        }
    }
}
