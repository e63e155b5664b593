//! May one reach the other at a port, and which policy and rule decide.

use std::collections::BTreeSet;
use std::net::IpAddr;

use plimsoll_tree::Symbol;

use super::index::{Policies, makes_pods_later};
use super::policy::{Means, Peer, Peers, Policy, PolicyRule, PortRef, Ports};
use super::{Direction, PortSet, Protocol, Range, Reach};
use crate::selector::{all, any, selector_matches};
use crate::{Bundle, Node, Value, Workload};

/// One end of a connection.
#[derive(Clone, Copy)]
pub enum End<'t> {
    /// The pods of a workload.
    Workload(Workload<'t>),
    /// Pods that are not described here (a cluster's DNS, an ingress controller), in a namespace that is known or not. Their
    /// labels are unknown.
    Pods(Value<Symbol>),
    /// Addresses outside of the cluster.
    Addresses(Range),
    /// Something outside of the cluster with an address that is not known.
    Outside,
}

impl End<'_> {
    /// One address outside of the cluster.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        End::Addresses(Range::address(address))
    }
}

/// What the policies on one side say.
pub struct Decision<'t> {
    /// Whether they allow it.
    pub allowed: Value<bool>,
    /// Where it is allowed by a rule: number of the policy, and the rule.
    pub rule: Option<(usize, Node<'t>)>,
    /// The policies that isolate this side, or may: their numbers. Without any, everything is allowed.
    pub isolating: Vec<usize>,
}

/// What the policies on both sides say.
pub struct Verdict<'t> {
    /// Whether a connection is possible.
    pub allowed: Value<bool>,
    /// At the end that connects.
    pub egress: Decision<'t>,
    /// At the end that is connected to.
    pub ingress: Decision<'t>,
}

impl<'t> Policies<'t> {
    /// Whether one end may connect to another at a port: both the policies over the one and those over the other must allow
    /// it. Other layers than NetworkPolicies are not asked ([`other_layer_seen`](Self::other_layer_seen)).
    #[must_use]
    pub fn verdict(
        &self,
        bundle: &Bundle<'t>,
        from: End<'t>,
        to: End<'t>,
        protocol: Protocol,
        port: u16,
    ) -> Verdict<'t> {
        let egress = self.decide(bundle, Direction::Egress, from, to, protocol, port);
        let ingress = self.decide(bundle, Direction::Ingress, to, from, protocol, port);
        Verdict {
            allowed: all([egress.allowed, ingress.allowed]),
            egress,
            ingress,
        }
    }

    /// What the policies over one end say of its connections with another: of those that it receives (`port` is its own
    /// then), or of those that it makes.
    #[must_use]
    pub fn decide(
        &self,
        bundle: &Bundle<'t>,
        direction: Direction,
        own: End<'t>,
        other: End<'t>,
        protocol: Protocol,
        port: u16,
    ) -> Decision<'t> {
        self.decide_without(bundle, direction, own, other, protocol, port, &BTreeSet::new())
    }

    /// As [`decide`](Self::decide), as if some peers, given by the indexes of their nodes, were not there.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "the question has so many parts")]
    pub fn decide_without(
        &self,
        bundle: &Bundle<'t>,
        direction: Direction,
        own: End<'t>,
        other: End<'t>,
        protocol: Protocol,
        port: u16,
        without: &BTreeSet<u32>,
    ) -> Decision<'t> {
        let mut decision = Decision {
            allowed: Value::Known(true),
            rule: None,
            isolating: Vec::new(),
        };
        let End::Workload(workload) = own else {
            if let End::Pods(_) = own {
                // What applies to pods that are not described here cannot be known.
                decision.allowed = Value::Unknown;
            }
            return decision;
        };
        let applying = self.applying(bundle, workload, direction);
        if applying.is_empty() {
            return decision;
        }
        let isolated = any(applying.iter().map(|&(_, applies)| applies));
        let destination = match direction {
            Direction::Ingress => own,
            Direction::Egress => other,
        };
        let mut allowed = Value::Known(false);
        for &(number, applies) in &*applying {
            let Some(policy) = self.all.get(number) else { continue };
            decision.isolating.push(number);
            let side = policy.side(direction);
            for rule in &side.rules {
                let matches = all([
                    self.peers_match_without(bundle, policy, rule, other, without),
                    ports_match(rule, destination, protocol, port),
                ]);
                if all([matches, applies]) == Value::Known(true) {
                    decision.rule = Some((number, rule.node));
                    decision.allowed = Value::Known(true);
                    return decision;
                }
                if matches != Value::Known(false) {
                    allowed = Value::Unknown;
                }
            }
            if side.open {
                allowed = Value::Unknown;
            }
        }
        decision.allowed = if isolated == Value::Known(true) {
            allowed
        } else {
            Value::Unknown
        };
        decision
    }

    /// The ports at which the policies over one end allow connections with another.
    #[must_use]
    pub(super) fn reach_of(&self, bundle: &Bundle<'t>, direction: Direction, own: End<'t>, other: End<'t>) -> Reach {
        let End::Workload(workload) = own else {
            return Reach::everything();
        };
        let applying = self.applying(bundle, workload, direction);
        if applying.is_empty() {
            return Reach::everything();
        }
        let isolated = any(applying.iter().map(|&(_, applies)| applies));
        let destination = match direction {
            Direction::Ingress => own,
            Direction::Egress => other,
        };
        let mut reach = Reach::default();
        for &(number, applies) in &*applying {
            let Some(policy) = self.all.get(number) else { continue };
            let side = policy.side(direction);
            for rule in &side.rules {
                let peers = self.peers_match(bundle, policy, rule, other);
                if peers == Value::Known(false) {
                    continue;
                }
                let ports = ports_of(rule, destination);
                if all([peers, applies]) == Value::Known(true) {
                    reach.allowed.extend(&ports.allowed);
                }
                reach.possible.extend(&ports.possible);
            }
            if side.open {
                reach.possible = PortSet::all();
            }
        }
        if isolated != Value::Known(true) {
            reach.possible = PortSet::all();
        }
        reach
    }

    /// Whether the peers of a rule include an end.
    #[must_use]
    pub fn peers_match(
        &self,
        bundle: &Bundle<'t>,
        policy: &Policy<'t>,
        rule: &PolicyRule<'t>,
        end: End<'t>,
    ) -> Value<bool> {
        self.peers_match_without(bundle, policy, rule, end, &BTreeSet::new())
    }

    fn peers_match_without(
        &self,
        bundle: &Bundle<'t>,
        policy: &Policy<'t>,
        rule: &PolicyRule<'t>,
        end: End<'t>,
        without: &BTreeSet<u32>,
    ) -> Value<bool> {
        match &rule.peers {
            Peers::Everyone => Value::Known(true),
            Peers::Unknown => Value::Unknown,
            Peers::Any(peers) => any(peers
                .iter()
                .filter(|peer| !without.contains(&peer.node.index()))
                .map(|peer| self.peer_matches(bundle, policy, peer, end))),
        }
    }

    /// Whether a peer of a policy is an end.
    #[must_use]
    pub fn peer_matches(&self, bundle: &Bundle<'t>, policy: &Policy<'t>, peer: &Peer<'t>, end: End<'t>) -> Value<bool> {
        match (&peer.means, end) {
            (Means::Nothing, _) => Value::Known(false),
            (Means::Unknown, _) => Value::Unknown,
            (Means::Pods { .. }, End::Addresses(_) | End::Outside) => Value::Known(false),
            (Means::Pods { pods, namespaces }, End::Pods(namespace)) => {
                let here = match (namespaces, namespace, policy.object.namespace()) {
                    (&Some(selector), ..) => self.namespace_matches(bundle, policy.object, selector, namespace),
                    (None, Value::Known(theirs), Value::Known(own)) => Value::Known(theirs == own),
                    (None, ..) => Value::Unknown,
                };
                let selected = match pods {
                    Some(selector) if !selector.is_empty() => Value::Unknown,
                    _ => Value::Known(true),
                };
                all([here, selected])
            }
            (Means::Pods { pods, namespaces }, End::Workload(workload)) => {
                let here = match *namespaces {
                    Some(selector) => {
                        self.namespace_matches(bundle, policy.object, selector, workload.object.namespace())
                    }
                    None => bundle.in_one_namespace(policy.object, workload.object),
                };
                let selected = match *pods {
                    Some(selector) if selector.is_empty() => Value::Known(true),
                    Some(_) if makes_pods_later(workload) => Value::Unknown,
                    Some(selector) => selector_matches(selector, workload.labels()),
                    None => Value::Known(true),
                };
                // Traffic of a pod on its node's network comes from the node.
                let told = match workload.host_network() {
                    Value::Known(false) => Value::Known(true),
                    _ if self.filters_host_network => Value::Known(true),
                    _ => Value::Unknown,
                };
                all([here, selected, told])
            }
            (Means::Block { block, except }, End::Addresses(range)) => {
                let held = within(*block, range);
                all([held, not(any(except.iter().map(|cut| within(*cut, range))))])
            }
            (Means::Block { block, except }, End::Outside) if block.is_everything() && except.is_empty() => {
                Value::Known(true)
            }
            // Whether a pod's own address counts is left to the implementation.
            (Means::Block { .. }, _) => Value::Unknown,
        }
    }
}

fn not(fact: Value<bool>) -> Value<bool> {
    fact.map(|fact| !fact)
}

/// Whether addresses lie in a block: unknown where only some do.
fn within(block: Range, range: Range) -> Value<bool> {
    if block.contains(range) {
        Value::Known(true)
    } else if block.meets(range) {
        Value::Unknown
    } else {
        Value::Known(false)
    }
}

/// Whether a rule is about a port of a destination.
fn ports_match(rule: &PolicyRule<'_>, destination: End<'_>, protocol: Protocol, port: u16) -> Value<bool> {
    let ports = ports_of(rule, destination);
    if ports.allowed.contains(protocol, port) {
        Value::Known(true)
    } else if ports.possible.contains(protocol, port) {
        Value::Unknown
    } else {
        Value::Known(false)
    }
}

impl PolicyRule<'_> {
    /// The ports of a destination that the rule is about.
    #[must_use]
    pub fn reach(&self, destination: End<'_>) -> Reach {
        ports_of(self, destination)
    }
}

fn ports_of(rule: &PolicyRule<'_>, destination: End<'_>) -> Reach {
    match &rule.ports {
        Ports::All => Reach::everything(),
        Ports::Unknown => Reach::anything(),
        Ports::Any(ports) => {
            let mut reach = Reach::default();
            for port in ports {
                let protocol = match port.protocol {
                    Value::Known(protocol) => protocol,
                    _ => {
                        reach.possible = PortSet::all();
                        continue;
                    }
                };
                match port.port {
                    PortRef::All => reach.add(protocol, 1, u16::MAX),
                    PortRef::Range(first, last, _) => reach.add(protocol, first, last),
                    PortRef::Name(name, _) => named(destination, protocol, name, &mut reach),
                    PortRef::Unknown => reach.possible.extend(&PortSet::of(protocol)),
                    PortRef::Nothing => {}
                }
            }
            reach
        }
    }
}

/// Adds the ports that a destination's pods give a name.
fn named(destination: End<'_>, protocol: Protocol, name: Symbol, reach: &mut Reach) {
    let End::Workload(workload) = destination else {
        // What others call their ports is not known, and addresses have no names for theirs.
        reach.possible.extend(&PortSet::of(protocol));
        return;
    };
    let containers = workload.running();
    if makes_pods_later(workload) || workload.containers_unknown() || containers.iter().any(|one| one.ports_unknown()) {
        reach.possible.extend(&PortSet::of(protocol));
    }
    for port in containers.iter().flat_map(|one| one.ports()) {
        let number = port.number.known().and_then(|number| u16::try_from(number).ok());
        let (Some(number), true) = (number, port.name == Value::Known(name)) else {
            if port.name.is_unknown() {
                reach.possible.extend(&PortSet::of(protocol));
            }
            continue;
        };
        if port.protocol.known().and_then(Protocol::from_symbol) == Some(protocol) {
            reach.add(protocol, number, number);
        } else if port.protocol.is_unknown() {
            reach.possible.add(protocol, number, number);
        }
    }
}
