//! Containers, in every dialect.
//!
//! Sources: Kubernetes documentation, pages "Init Containers", "Sidecar Containers", "Ephemeral Containers".

use crate::{Dialect, EnvEntry, EnvFrom, Kind, Node, Symbol, Value, word};

/// When a container runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContainerClass {
    /// While the pod serves.
    App,
    /// From before the app containers on, and beside them: an init container with `restartPolicy: Always`.
    Sidecar,
    /// Before the app containers, to its end.
    Init,
    /// Added to a running pod for debugging.
    Ephemeral,
}

/// A container. Copying it is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Container<'t> {
    /// The map that describes it; in the flat dialect the map it shares with everything else.
    pub node: Node<'t>,
    /// When it runs.
    pub class: ContainerClass,
    /// How it is written.
    pub dialect: Dialect,
}

/// A port that a container declares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContainerPort<'t> {
    /// The item of `ports`.
    pub node: Node<'t>,
    /// The number's node.
    pub at: Node<'t>,
    /// Its name.
    pub name: Value<Symbol>,
    /// Its number.
    pub number: Value<i64>,
    /// `TCP`, `UDP` or `SCTP`; TCP unless said otherwise.
    pub protocol: Value<Symbol>,
}

impl<'t> Container<'t> {
    /// Its name: `name`, the key that holds it (OpenChoreo before v0.16), or `main` where it has no name of its own.
    #[must_use]
    pub fn name(self) -> &'t str {
        match self.dialect {
            Dialect::Kubernetes | Dialect::Argo | Dialect::Tekton => {
                self.node.text_of(word!("name")).known().unwrap_or_default()
            }
            Dialect::OpenChoreo => match self.node.key_text() {
                "" | "container" => "main",
                key => key,
            },
            Dialect::Flat => "main",
        }
    }

    /// Where a finding about the container as a whole stands: its name, or the map where it has none.
    #[must_use]
    pub fn place(self) -> Node<'t> {
        match self.dialect {
            Dialect::Flat => self.image().known().unwrap_or(self.node),
            _ => self.node.get(word!("name")).known().unwrap_or(self.node),
        }
    }

    /// Its image.
    #[must_use]
    pub fn image(self) -> Value<Node<'t>> {
        self.node.get(word!("image"))
    }

    /// The scalars of `command`, in order; not all of them need be final.
    #[must_use]
    pub fn command(self) -> Vec<Node<'t>> {
        words(self.node.get(word!("command")))
    }

    /// The scalars of `args`, in order; not all of them need be final.
    #[must_use]
    pub fn args(self) -> Vec<Node<'t>> {
        words(self.node.get(word!("args")))
    }

    /// Whether command or arguments may have elements that are not seen here.
    #[must_use]
    pub fn command_line_unknown(self) -> bool {
        self.is_open(word!("command")) || self.is_open(word!("args"))
    }

    /// The variables it sets, in order.
    pub fn env(self) -> impl Iterator<Item = EnvEntry<'t>> + use<'t> {
        let lists: &[Symbol] = match self.dialect {
            Dialect::Flat => &[word!("envVariables"), word!("env")],
            _ => &[word!("env")],
        };
        lists
            .iter()
            .flat_map(move |&key| self.node.items_of(key))
            .map(move |node| EnvEntry::read(node, self.dialect))
    }

    /// The ConfigMaps and Secrets whose keys become variables, in order.
    pub fn env_from(self) -> impl Iterator<Item = EnvFrom<'t>> + use<'t> {
        self.node.items_of(word!("envFrom")).map(EnvFrom::read)
    }

    /// Whether it may have variables that are not seen here.
    #[must_use]
    pub fn env_unknown(self) -> bool {
        self.is_open(word!("env")) || self.is_open(word!("envFrom")) || self.is_open(word!("envVariables"))
    }

    /// OpenChoreo's files (`key`, `mountPath`, `value` or `valueFrom`).
    pub fn files(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let has = matches!(self.dialect, Dialect::OpenChoreo | Dialect::Flat);
        self.node.items_of(word!("files")).filter(move |_| has)
    }

    /// The ports it declares.
    pub fn ports(self) -> impl Iterator<Item = ContainerPort<'t>> + use<'t> {
        self.node.items_of(word!("ports")).map(|node| {
            let at = match node.get(word!("containerPort")) {
                Value::Absent => node.get(word!("port")),
                found => found,
            };
            ContainerPort {
                node,
                at: at.known().unwrap_or(node),
                name: node.get(word!("name")).and_then(Node::symbol),
                number: at.and_then(Node::integer),
                protocol: node
                    .get(word!("protocol"))
                    .and_then(Node::symbol)
                    .or_default(word!("TCP")),
            }
        })
    }

    /// Whether it may declare ports that are not seen here.
    #[must_use]
    pub fn ports_unknown(self) -> bool {
        self.is_open(word!("ports")) || self.ports().any(|port| port.number.is_unknown())
    }

    /// A probe: `livenessProbe`, `readinessProbe` or `startupProbe`.
    #[must_use]
    pub fn probe(self, key: Symbol) -> Value<Node<'t>> {
        self.node.get(key)
    }

    /// Whether a member is not known, or a list or map that may get members.
    fn is_open(self, key: Symbol) -> bool {
        match self.node.get(key) {
            Value::Known(node) => !node.is_final(),
            Value::Unknown => true,
            Value::Absent => false,
        }
    }
}

/// The scalars of a list of words. A single string, which the API refuses here, counts as one word.
fn words(list: Value<Node<'_>>) -> Vec<Node<'_>> {
    match list {
        Value::Known(node) if node.kind() == Kind::Sequence => node
            .items()
            .filter(|item| !matches!(item.kind(), Kind::Sequence | Kind::Map))
            .collect(),
        Value::Known(node) if node.kind() == Kind::String => vec![node],
        _ => Vec::new(),
    }
}
