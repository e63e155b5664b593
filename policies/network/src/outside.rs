//! Whom policies admit from outside of the namespace, where the requests of routes come from.

use std::collections::BTreeSet;

use plimsoll_sdk::kube::Workload;
use plimsoll_sdk::kube::bytes::contains_any;
use plimsoll_sdk::kube::netpol::{Decision, Direction, End, Means, Peer, Peers, Policy};
use plimsoll_sdk::kube::routes::{Origin, Route};
use plimsoll_sdk::{Bundle, Node, Value, word};

use crate::flows::Target;

/// The most proxies that are looked at for each peer.
const MAX_PROXIES: usize = 64;

/// Whom the policies over some pods admit from outside of their namespace.
#[derive(Clone, PartialEq, Eq)]
pub enum Admits<'t> {
    /// Somebody who may be what sends a route's requests.
    Outside,
    /// Only these namespaces, in which no route's requests arise.
    Only(Vec<&'t str>),
    /// Nobody.
    Nobody,
}

/// Namespaces of components that call pods, but send no requests of routes.
const OTHER_COMPONENTS: &[&str] = &[
    "argocd",
    "cert-manager",
    "external-dns",
    "external-secrets",
    "flux-system",
    "gatekeeper-system",
    "kube-node-lease",
    "kyverno",
    "logging",
    "monitoring",
    "observability",
    "prometheus",
    "vault",
    "velero",
];

/// Parts of names of proxies that take requests from outside.
pub const PROXIES: &[&str] = &[
    "ingress", "gateway", "proxy", "nginx", "traefik", "envoy", "istio", "kong", "contour", "apisix", "caddy",
];

/// Workloads that take requests from outside, by their names.
pub struct Proxies<'t> {
    /// Nothing where there are too many to look at.
    all: Option<Vec<Workload<'t>>>,
}

impl<'t> Proxies<'t> {
    /// Looks at all names.
    pub fn new(bundle: &Bundle<'t>) -> Self {
        let all: Vec<Workload<'t>> = bundle
            .workloads()
            .iter()
            .copied()
            .filter(|workload| is_proxy(workload.name()))
            .collect();
        Proxies {
            all: (all.len() <= MAX_PROXIES).then_some(all),
        }
    }

    /// Whether a proxy is seen that uses its node's network: what it sends comes from the node, which may be let through.
    fn on_nodes(&self, bundle: &Bundle<'t>, target: &Target<'t>) -> bool {
        self.all.iter().flatten().any(|proxy| {
            proxy.host_network() != Value::Known(false) && bundle.sees(target.workload.object, proxy.object)
        })
    }
}

fn is_proxy(text: &str) -> bool {
    contains_any(&text.to_ascii_lowercase(), PROXIES)
}

/// Whom the policies admit to a target from outside of its namespace, as if some peers were not there; and the policies that
/// decide it. Nothing where the pods are not isolated for sure, or where other policies than NetworkPolicies have a say.
pub fn admitted<'t>(
    bundle: &Bundle<'t>,
    route: &Route<'t>,
    target: &Target<'t>,
    without: &BTreeSet<u32>,
    proxies: &Proxies<'t>,
) -> Option<(Admits<'t>, Decision<'t>)> {
    let policies = bundle.policies();
    let applying = policies.applying(bundle, target.workload, Direction::Ingress);
    let isolated = applying.iter().any(|&(_, applies)| applies == Value::Known(true));
    if !isolated || policies.other_layer_seen(target.workload.object) || proxies.on_nodes(bundle, target) {
        return None;
    }
    let own = End::Workload(target.workload);
    let mut only = Vec::new();
    for policy in applying.iter().filter_map(|&(number, _)| policies.get(number)) {
        if policy.ingress.open {
            return None;
        }
        for rule in &policy.ingress.rules {
            if !rule.reach(own).possible.contains(target.protocol, target.port) {
                continue;
            }
            let Peers::Any(peers) = &rule.peers else { return None };
            for peer in peers.iter().filter(|peer| !without.contains(&peer.node.index())) {
                match from_outside(bundle, route, target, policy, peer, proxies) {
                    Admits::Outside => return None,
                    Admits::Only(names) => only.extend(names),
                    Admits::Nobody => {}
                }
            }
        }
    }
    let decision = Decision {
        allowed: Value::Known(false),
        rule: None,
        isolating: applying.iter().map(|&(number, _)| number).collect(),
    };
    only.sort_unstable();
    only.dedup();
    let admits = if only.is_empty() {
        Admits::Nobody
    } else {
        Admits::Only(only)
    };
    Some((admits, decision))
}

/// Whom a peer admits from outside of the namespace.
fn from_outside<'t>(
    bundle: &Bundle<'t>,
    route: &Route<'t>,
    target: &Target<'t>,
    policy: &Policy<'t>,
    peer: &Peer<'t>,
    proxies: &Proxies<'t>,
) -> Admits<'t> {
    match peer.means {
        Means::Nothing => Admits::Nobody,
        Means::Unknown | Means::Block { .. } => Admits::Outside,
        Means::Pods {
            namespaces: Some(selector),
            ..
        } => match named(selector) {
            Some(name) if name == target.workload.object.namespace_text() => {
                here(bundle, route, target, policy, peer, proxies)
            }
            Some(name) if OTHER_COMPONENTS.contains(&name) && !comes_from(bundle, route, name) => {
                Admits::Only(vec![name])
            }
            _ => Admits::Outside,
        },
        Means::Pods { namespaces: None, .. } => here(bundle, route, target, policy, peer, proxies),
    }
}

/// The one namespace that a selector asks for by name.
fn named(selector: Node<'_>) -> Option<&str> {
    let name = selector.at(&[word!("matchLabels"), word!("kubernetes.io/metadata.name")]);
    name.and_then(Node::text).known()
}

fn comes_from<'t>(bundle: &Bundle<'t>, route: &Route<'t>, namespace: &str) -> bool {
    matches!(route.origin(bundle), Origin::Pods(list) if list.contains(&namespace))
}

/// Whether a peer of the pods' own namespace may be what sends a route's requests: the proxy is there too.
fn here<'t>(
    bundle: &Bundle<'t>,
    route: &Route<'t>,
    target: &Target<'t>,
    policy: &Policy<'t>,
    peer: &Peer<'t>,
    proxies: &Proxies<'t>,
) -> Admits<'t> {
    let selector = match peer.means {
        Means::Pods { pods, .. } => pods,
        _ => None,
    };
    let labels = selector.and_then(|selector| selector.get(word!("matchLabels")).known());
    let says_so = labels
        .into_iter()
        .flat_map(Node::members)
        .any(|label| is_proxy(label.key_text()) || label.raw_text().is_some_and(is_proxy))
        || selector.is_some_and(|selector| selector.items_of(word!("matchExpressions")).next().is_some());
    let own = target.workload.object.namespace_text();
    let is_there = || {
        proxies.all.as_ref().is_none_or(|all| {
            all.iter().any(|&proxy| {
                proxy.pod != target.workload.pod
                    && bundle.sees(policy.object, proxy.object)
                    && bundle
                        .policies()
                        .peer_matches(bundle, policy, peer, End::Workload(proxy))
                        != Value::Known(false)
            })
        })
    };
    if says_so || (!own.is_empty() && comes_from(bundle, route, own)) || is_there() {
        Admits::Outside
    } else {
        Admits::Nobody
    }
}
