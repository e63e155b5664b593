//! Whether policies let pods ask for names.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::netpol::{Means, Peers, Policy, PolicyRule, PortRef, Ports, Protocol};
use plimsoll_sdk::{Bundle, Value};

use crate::common::cluster_dns;

/// Where the pods of DNS servers answer: by default, on OpenShift, on Gardener.
pub const PORTS: [u16; 3] = [53, 5353, 8053];

/// Whether policies, by their numbers, together allow DNS over UDP, to whomever, or may. Some peers are left out, by their
/// nodes.
pub fn allowed(bundle: &Bundle<'_>, set: &[usize], without: &BTreeSet<u32>) -> bool {
    set.iter()
        .filter_map(|&number| bundle.policies().get(number))
        .any(|policy| {
            policy.egress.open
                || policy
                    .egress
                    .rules
                    .iter()
                    .any(|rule| is_dns(bundle, policy, rule, without))
        })
}

/// What the ports of a rule say of DNS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// That the rule is about it.
    Dns,
    /// Nothing: all ports, or names.
    Anything,
    /// That it is about something else.
    Other,
}

/// What the ports of a rule say of DNS over UDP.
pub fn says(rule: &PolicyRule<'_>) -> Says {
    let ports = match &rule.ports {
        Ports::All | Ports::Unknown => return Says::Anything,
        Ports::Any(ports) => ports,
    };
    let mut says = Says::Other;
    for port in ports {
        if port.protocol.known().is_some_and(|protocol| protocol != Protocol::Udp) {
            continue;
        }
        match port.port {
            PortRef::Range(first, last, _) if PORTS.iter().any(|dns| (first..=last).contains(dns)) => return Says::Dns,
            PortRef::All | PortRef::Name(..) | PortRef::Unknown => says = Says::Anything,
            PortRef::Range(..) | PortRef::Nothing => {}
        }
    }
    says
}

fn is_dns<'t>(bundle: &Bundle<'t>, policy: &Policy<'t>, rule: &PolicyRule<'t>, without: &BTreeSet<u32>) -> bool {
    let says = says(rule);
    if says == Says::Other {
        return false;
    }
    let Peers::Any(peers) = &rule.peers else { return true };
    let mut peers = peers.iter().filter(|peer| !without.contains(&peer.node.index()));
    // Who it is about is another question once the port says what it is for.
    if says == Says::Dns {
        return peers.next().is_some();
    }
    peers.any(|peer| match peer.means {
        Means::Nothing => false,
        // Addresses may be those of a name server.
        Means::Unknown | Means::Block { .. } => true,
        // Without a namespace it is hardly that of the cluster's DNS.
        Means::Pods { namespaces: None, .. } if policy.object.namespace().is_absent() => false,
        Means::Pods { .. } => cluster_dns(bundle)
            .into_iter()
            .any(|dns| bundle.policies().peer_matches(bundle, policy, peer, dns) != Value::Known(false)),
    })
}
