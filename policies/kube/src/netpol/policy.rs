//! One NetworkPolicy, read once.
//!
//! Sources: Kubernetes documentation, page "Network Policies"; API reference, `NetworkPolicySpec`, `NetworkPolicyIngressRule`,
//! `NetworkPolicyPeer`, `NetworkPolicyPort`.

use plimsoll_tree::Symbol;

use super::{Direction, Protocol, Range};
use crate::{Kind, Node, Object, Value, word};

/// A NetworkPolicy.
pub struct Policy<'t> {
    /// The object.
    pub object: Object<'t>,
    /// What it says of what its pods receive.
    pub ingress: Side<'t>,
    /// What it says of what its pods send.
    pub egress: Side<'t>,
}

/// What a policy says of one direction.
pub struct Side<'t> {
    /// Whether it has effect on this direction at all.
    pub effect: Value<bool>,
    /// Its rules, in order: what is allowed.
    pub rules: Vec<PolicyRule<'t>>,
    /// Whether there may be more rules.
    pub open: bool,
}

/// One rule: any of the peers, at any of the ports.
pub struct PolicyRule<'t> {
    /// The item of `ingress` or `egress`.
    pub node: Node<'t>,
    /// Who.
    pub peers: Peers<'t>,
    /// Where.
    pub ports: Ports<'t>,
}

/// Who a rule is about.
pub enum Peers<'t> {
    /// No list, or an empty one: everyone.
    Everyone,
    /// Any of these.
    Any(Vec<Peer<'t>>),
    /// Decided later.
    Unknown,
}

/// One item of `from` or `to`.
pub struct Peer<'t> {
    /// The item.
    pub node: Node<'t>,
    /// What it matches.
    pub means: Means<'t>,
}

/// What a peer matches.
pub enum Means<'t> {
    /// Pods, by their labels and those of their namespace. Without a namespace selector in the policy's own namespace.
    Pods {
        /// `podSelector`.
        pods: Option<Node<'t>>,
        /// `namespaceSelector`.
        namespaces: Option<Node<'t>>,
    },
    /// Addresses.
    Block {
        /// These,
        block: Range,
        /// but not those.
        except: Vec<Range>,
    },
    /// Decided later.
    Unknown,
    /// Nothing: the API server refuses it.
    Nothing,
}

/// Which ports of the destination pods a rule is about.
pub enum Ports<'t> {
    /// No list, or an empty one: all.
    All,
    /// Any of these.
    Any(Vec<PolicyPort<'t>>),
    /// Decided later.
    Unknown,
}

/// One item of `ports`.
#[derive(Clone, Copy)]
pub struct PolicyPort<'t> {
    /// The item.
    pub node: Node<'t>,
    /// TCP unless said otherwise.
    pub protocol: Value<Protocol>,
    /// Which.
    pub port: PortRef<'t>,
}

/// Which ports an item means.
#[derive(Clone, Copy)]
pub enum PortRef<'t> {
    /// All of the protocol.
    All,
    /// From this one to that one; the node is `port`.
    Range(u16, u16, Node<'t>),
    /// Those that the destination pods give this name; the node is `port`.
    Name(Symbol, Node<'t>),
    /// Decided later.
    Unknown,
    /// None: the API server refuses it.
    Nothing,
}

impl<'t> Policy<'t> {
    /// Reads a policy.
    #[must_use]
    pub fn new(object: Object<'t>) -> Self {
        let spec = object.root().get(word!("spec"));
        let side = |direction: Direction| {
            let (rules, peers) = match direction {
                Direction::Ingress => (word!("ingress"), word!("from")),
                Direction::Egress => (word!("egress"), word!("to")),
            };
            let list = spec.and_then(|spec| spec.get(rules));
            Side {
                effect: effect(spec, direction, list),
                rules: list
                    .known()
                    .into_iter()
                    .flat_map(Node::items)
                    .map(|node| PolicyRule::new(node, peers))
                    .collect(),
                open: match list {
                    Value::Known(list) => list.kind() != Kind::Sequence || !list.is_final(),
                    Value::Unknown => true,
                    Value::Absent => false,
                },
            }
        };
        Policy {
            object,
            ingress: side(Direction::Ingress),
            egress: side(Direction::Egress),
        }
    }

    /// What it says of a direction.
    #[must_use]
    pub fn side(&self, direction: Direction) -> &Side<'t> {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// `spec.podSelector`.
    #[must_use]
    pub fn pod_selector(&self) -> Value<Node<'t>> {
        self.object.root().at(&[word!("spec"), word!("podSelector")])
    }
}

/// Whether a policy has effect on a direction. Where `policyTypes` is absent or empty, Ingress is always included, and Egress
/// if there are rules for it.
fn effect(spec: Value<Node<'_>>, direction: Direction, rules: Value<Node<'_>>) -> Value<bool> {
    let default = match (spec, direction, rules) {
        (Value::Unknown, ..) => Value::Unknown,
        (_, Direction::Ingress, _) => Value::Known(true),
        (_, Direction::Egress, Value::Absent) => Value::Known(false),
        (_, Direction::Egress, Value::Known(list)) if list.kind() == Kind::Sequence => {
            if list.items().next().is_some() {
                Value::Known(true)
            } else if list.is_final() {
                Value::Known(false)
            } else {
                Value::Unknown
            }
        }
        _ => Value::Unknown,
    };
    match spec.and_then(|spec| spec.get(word!("policyTypes"))) {
        Value::Absent => default,
        Value::Known(list) if list.is_empty() => default,
        Value::Known(list) if list.kind() == Kind::Sequence => {
            let mut unknown = !list.is_final();
            for item in list.items() {
                match item.symbol() {
                    Value::Known(kind) if kind == direction.word() => return Value::Known(true),
                    Value::Unknown => unknown = true,
                    _ => {}
                }
            }
            if unknown { Value::Unknown } else { Value::Known(false) }
        }
        _ => Value::Unknown,
    }
}

impl<'t> PolicyRule<'t> {
    fn new(node: Node<'t>, peers: Symbol) -> Self {
        PolicyRule {
            node,
            peers: match list(node, peers) {
                List::Empty => Peers::Everyone,
                List::Unknown => Peers::Unknown,
                List::Items(list) => Peers::Any(list.items().map(Peer::new).collect()),
            },
            ports: match list(node, word!("ports")) {
                List::Empty => Ports::All,
                List::Unknown => Ports::Unknown,
                List::Items(list) => Ports::Any(list.items().map(PolicyPort::new).collect()),
            },
        }
    }
}

/// A list of which nothing means everything.
enum List<'t> {
    Empty,
    Items(Node<'t>),
    Unknown,
}

fn list(rule: Node<'_>, key: Symbol) -> List<'_> {
    if !matches!(rule.kind(), Kind::Map | Kind::Null) {
        return List::Unknown;
    }
    match rule.get(key) {
        Value::Absent => List::Empty,
        Value::Known(list) if list.kind() == Kind::Sequence && list.is_final() => {
            if list.items().next().is_some() {
                List::Items(list)
            } else {
                List::Empty
            }
        }
        _ => List::Unknown,
    }
}

impl<'t> Peer<'t> {
    fn new(node: Node<'t>) -> Self {
        Peer {
            node,
            means: Peer::means(node),
        }
    }

    fn means(node: Node<'t>) -> Means<'t> {
        if !node.is_final() || !matches!(node.kind(), Kind::Map | Kind::Null) {
            return Means::Unknown;
        }
        match (
            node.get(word!("podSelector")),
            node.get(word!("namespaceSelector")),
            node.get(word!("ipBlock")),
        ) {
            (Value::Absent, Value::Absent, Value::Absent) => Means::Nothing,
            (Value::Absent, Value::Absent, Value::Known(block)) => {
                let cidr = block.text_of(word!("cidr"));
                let except = block.get(word!("except"));
                let open = except.is_unknown() || except.known().is_some_and(|list| !list.is_final());
                let cuts: Option<Vec<Range>> = block
                    .items_of(word!("except"))
                    .map(|item| item.text().known().and_then(Range::block))
                    .collect();
                match (cidr.known().and_then(Range::block), cuts) {
                    (Some(block), Some(except)) if !open => Means::Block { block, except },
                    _ => Means::Unknown,
                }
            }
            (pods, namespaces, Value::Absent) if !pods.is_unknown() && !namespaces.is_unknown() => Means::Pods {
                pods: pods.known(),
                namespaces: namespaces.known(),
            },
            (Value::Unknown, ..) | (_, Value::Unknown, _) | (.., Value::Unknown) => Means::Unknown,
            _ => Means::Nothing,
        }
    }
}

impl<'t> PolicyPort<'t> {
    fn new(node: Node<'t>) -> Self {
        let protocol = match node.get(word!("protocol")).and_then(Node::symbol) {
            Value::Known(name) => Protocol::from_symbol(name).map_or(Value::Unknown, Value::Known),
            Value::Absent if matches!(node.kind(), Kind::Map | Kind::Null) => Value::Known(Protocol::Tcp),
            _ => Value::Unknown,
        };
        let port = match (node.get(word!("port")), node.integer_of(word!("endPort"))) {
            (Value::Unknown, _) | (_, Value::Unknown) => PortRef::Unknown,
            (Value::Absent, Value::Absent) if node.kind() == Kind::Map || node.kind() == Kind::Null => PortRef::All,
            (Value::Absent, _) => PortRef::Nothing,
            (Value::Known(port), end) => match (port.integer(), port.symbol(), end) {
                (Value::Known(first), _, Value::Absent) => range(first, first, port),
                (Value::Known(first), _, Value::Known(last)) => range(first, last, port),
                (_, Value::Known(name), Value::Absent) => PortRef::Name(name, port),
                (Value::Unknown, ..) | (_, Value::Unknown, _) => PortRef::Unknown,
                _ => PortRef::Nothing,
            },
        };
        PolicyPort { node, protocol, port }
    }
}

fn range(first: i64, last: i64, node: Node<'_>) -> PortRef<'_> {
    match (u16::try_from(first), u16::try_from(last)) {
        (Ok(first), Ok(last)) if first > 0 && first <= last => PortRef::Range(first, last, node),
        _ => PortRef::Nothing,
    }
}
